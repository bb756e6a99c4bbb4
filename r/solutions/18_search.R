# Solution: a race of all configurations, fold by fold.

library(keras3)
library(future)

# ---- constants ----
NUCLEI <- "shared_data/nuclei/nuclei.csv"
FOLDS_OF <- "shared_data/search/folds.csv"
DRAWN <- "shared_data/search/configurations.csv"
SEED <- 1
FEATURES <- c(
  "radius", "texture", "perimeter", "area", "smoothness",
  "compactness", "concavity", "concave_points", "symmetry",
  "fractal_dimension"
)
RACE <- c(24, 12, 6, 3, 3)
BATCH_SIZE <- 32
EPOCHS <- 12
SMALLEST <- 1e-7
WORKERS <- 2

# ---- load ----
tumours <- merge(
  read.csv(NUCLEI), read.csv(FOLDS_OF), by = "row"
)
x <- as.matrix(tumours[FEATURES])
y <- as.integer(tumours$diagnosis == "malignant")
fold <- tumours$fold
configurations <- read.csv(DRAWN)
cat("tumours for the search:", sum(fold > 0),
    "for the test:", sum(fold == 0), "\n")

# ---- task ----
# Others draw from a worker's random numbers, too: each layer
# gets a seed of its own.
drawn <- function(seed) initializer_glorot_uniform(seed = seed)

# Train one network on some of the tumours.
train <- function(number, learn) {
  chosen <- subset(configurations, configuration == number)
  set_random_seed(SEED)
  scaler <- layer_normalization()
  scaler |> adapt(x[learn, ])
  model <- keras_model_sequential(
    input_shape = length(FEATURES)
  ) |>
    layer_dense(chosen$units, activation = "relu",
                kernel_initializer = drawn(SEED)) |>
    layer_dropout(chosen$dropout, seed = SEED) |>
    layer_dense(1, activation = "sigmoid",
                kernel_initializer = drawn(SEED + 1))
  model |> compile(
    optimizer = optimizer_adam(chosen$learning_rate),
    loss = "binary_crossentropy"
  )
  model |> fit(
    scaler(x[learn, ]), y[learn], batch_size = BATCH_SIZE,
    epochs = EPOCHS, verbose = 0
  )
  list(scaler = scaler, model = model)
}

cross_entropy <- function(y, y_prob) {
  p <- pmin(pmax(y_prob, SMALLEST), 1 - SMALLEST)
  -mean(log(ifelse(y == 1, p, 1 - p)))
}

# Train without one fold, and ask about that fold.
score_fold <- function(number, left_out) {
  ask <- fold == left_out
  found <- train(number, fold > 0 & !ask)
  y_prob <- as.array(found$model(found$scaler(x[ask, ])))
  cross_entropy(y[ask], c(y_prob))
}

# ---- race ----
# Each fold sends about half of the field home.
racing <- configurations$configuration
scores <- data.frame()
plan(multisession, workers = WORKERS)
for (number in seq_along(RACE)) {
  racing <- head(racing, RACE[number])
  found <- lapply(racing, \(one) future(
    score_fold(one, number), packages = "keras3", seed = NULL
  ))
  scores <- rbind(scores, data.frame(
    configuration = racing, loss = unlist(value(found))
  ))
  means <- aggregate(
    loss ~ configuration, scores, mean,
    subset = configuration %in% racing
  )
  means <- means[order(means$loss), ]
  racing <- means$configuration
  cat(sprintf(
    "fold %d: %d configurations, the best so far %d\n",
    number, RACE[number], racing[1]
  ))
}
plan(sequential)
best <- racing[1]
loss_best <- means$loss[1]
cat(sprintf("the winner: configuration %d, %.4f\n",
            best, loss_best))

# ---- refit ----
x_test <- x[fold == 0, ]
y_test <- y[fold == 0]
final <- train(best, fold > 0)
y_prob <- c(as.array(final$model(final$scaler(x_test))))
test <- list(
  loss = cross_entropy(y_test, y_prob),
  accuracy = mean((y_prob > 0.5) == y_test)
)
cat("tested once:\n")
str(lapply(test, round, 4))

# ---- results ----
results <- c(test, list(loss_best = loss_best))
print(round(unlist(results), 4))
