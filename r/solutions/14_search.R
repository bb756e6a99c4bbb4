# Solution: a race of all configurations, fold by fold.

library(keras3)
library(ggplot2)
has_future <- requireNamespace("future", quietly = TRUE)

# ---- constants ----
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
  read.csv(file.path(data_dir("nuclei"), "nuclei.csv")),
  read.csv(file.path(data_dir("search"), "folds.csv"))
)
x <- as.matrix(tumours[FEATURES])
y <- as.matrix(as.numeric(tumours$diagnosis == "malignant"))
fold <- tumours$fold
configurations <- read.csv(
  file.path(data_dir("search"), "configurations.csv")
)
cat("tumours for the search:", sum(fold > 0),
    "for the test:", sum(fold == 0), "\n")

# ---- task ----
# Others draw from a worker's random numbers, too: each layer
# gets a seed of its own.
drawn <- function(seed) initializer_glorot_uniform(seed = seed)

# Train one network on some of the tumours.
train <- function(configuration, learn) {
  chosen <- configurations[configuration, ]
  clear_session(free_memory = FALSE)
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
                kernel_initializer = drawn(SEED + 1L))
  model |> compile(
    optimizer = optimizer_adam(chosen$learning_rate),
    loss = "binary_crossentropy"
  )
  start <- get_weights(model)
  history <- model |> fit(
    scaler(x[learn, ]), y[learn, , drop = FALSE],
    batch_size = BATCH_SIZE,
    epochs = EPOCHS, verbose = 0
  )
  list(scaler = scaler, model = model, start = start,
       history = history)
}

cross_entropy <- function(p, y) {
  p <- pmin(pmax(p, SMALLEST), 1 - SMALLEST)
  mean(-log(ifelse(y == 1, p, 1 - p)))
}

# Train without one fold, and ask about that fold.
score_fold <- function(configuration, number) {
  ask <- fold == number
  trained <- train(configuration, fold > 0 & !ask)
  p <- as.array(trained$model(trained$scaler(x[ask, ])))
  cross_entropy(p, y[ask, ])
}

# ---- race ----
if (!nzchar(Sys.getenv("TF_NUM_INTRAOP_THREADS"))) {
  Sys.setenv(TF_NUM_INTRAOP_THREADS = "1")
}
numbers <- configurations$configuration
sent <- mget(c(
  "SEED", "FEATURES", "BATCH_SIZE", "EPOCHS", "SMALLEST", "x",
  "y", "fold", "configurations", "drawn", "train",
  "cross_entropy", "score_fold"
))

give <- function(configuration, number) {
  asked <- list(configuration = configuration, number = number)
  future::future(
    {
      if (!exists("layer_dense")) library(keras3)
library(ggplot2)
      score_fold(configuration, number)
    },
    globals = c(sent, asked), seed = NULL
  )
}

if (has_future) {
  future::plan("multisession", workers = WORKERS)
} else {
  give <- score_fold
  cat("future is not installed (install.packages(\"future\")):",
      "the tasks run one after another.\n")
}

# Each fold sends about half of the field home.
racing <- seq_along(numbers)
loss <- matrix(NA, length(numbers), length(RACE))
for (number in seq_along(RACE)) {
  racing <- head(racing, RACE[number])
  scores <- lapply(numbers[racing], give, number)
  if (has_future) scores <- future::value(scores)
  loss[racing, number] <- unlist(scores)
  means <- rowMeans(loss[racing, seq_len(number), drop = FALSE])
  racing <- racing[order(means)]
  cat(sprintf(
    "fold %d: %d configurations, the best so far %d\n",
    number, RACE[number], numbers[racing[1]]
  ))
}
best <- racing[1]
loss_best <- mean(loss[best, ])
if (has_future) future::plan("sequential")
cat(sprintf("the winner: configuration %d, %.4f\n",
            numbers[best], loss_best))

# ---- refit ----
is_search <- fold > 0
is_test <- fold == 0
final <- train(best, is_search)
p <- as.array(final$model(final$scaler(x[is_test, ])))
test <- list(
  loss = cross_entropy(p, y[is_test, ]),
  accuracy = mean((p > 0.5) == y[is_test, ])
)
cat("tested once:\n")
str(lapply(test, round, 4))

# ---- results ----
row_wise <- c(t(loss))
results <- c(test, list(loss_best = loss_best))
print(round(unlist(results), 4))
