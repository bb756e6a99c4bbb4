# Search: many small trainings, shared out among workers.

library(keras3)
library(ggplot2)
library(future)
library(glmnet)

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
CONFIGURATIONS <- 6
FOLDS <- 5
BATCH_SIZE <- 32
EPOCHS <- 12
C <- 1.0
SMALLEST <- 1e-7
WORKERS <- 2

# ---- load ----
tumours <- merge(
  read.csv(NUCLEI), read.csv(FOLDS_OF), by = "row"
)
x <- as.matrix(tumours[FEATURES])
y <- as.integer(tumours$diagnosis == "malignant")
fold <- tumours$fold
cat("tumours for the search:", sum(fold > 0),
    "for the test:", sum(fold == 0), "\n")

# ---- draw ----
configurations <- head(read.csv(DRAWN), CONFIGURATIONS)
tasks <- expand.grid(
  fold = 1:FOLDS, configuration = configurations$configuration
)
print(configurations, row.names = FALSE)
cat(nrow(tasks), "tasks\n")

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

# ---- search ----
plan(multisession, workers = WORKERS)
found <- Map(
  \(number, left_out) future(
    score_fold(number, left_out),
    packages = "keras3", seed = NULL
  ),
  tasks$configuration, tasks$fold
)
tasks$loss <- unlist(value(found))
plan(sequential)

# ---- choose ----
means <- aggregate(loss ~ configuration, tasks, mean)
ranked <- merge(configurations, means, by = "configuration")
ranked <- ranked[order(ranked$loss), ]
best <- ranked$configuration[1]
# How much lower is each fold's own best than the best of all?
lowest <- aggregate(loss ~ fold, tasks, min)
optimism <- ranked$loss[1] - mean(lowest$loss)
transform(ranked, loss = round(loss, 4)) |>
  print(row.names = FALSE)
cat(sprintf("the best: %.4f, probably %.4f too low\n",
            ranked$loss[1], optimism))

# ---- scores ----
transform(
  tasks,
  configuration = factor(configuration, ranked$configuration)
) |>
  ggplot(aes(configuration, loss)) +
  geom_point(aes(colour = configuration), alpha = 0.5,
             size = 3) +
  stat_summary(fun = mean, geom = "point", shape = "\u2014",
               size = 10) +
  expand_limits(y = 0) +
  labs(x = "configuration, from the best to the worst",
       y = "cross-entropy of a fold") +
  guides(colour = "none")

# ---- refit ----
x_test <- x[fold == 0, ]
y_test <- y[fold == 0]
final <- train(best, fold > 0)
y_prob <- c(as.array(final$model(final$scaler(x_test))))
test <- list(
  loss = cross_entropy(y_test, y_prob),
  accuracy = mean((y_prob > 0.5) == y_test),
  auc = as.numeric(pROC::auc(
    y_test, y_prob, levels = c(0, 1), direction = "<"
  ))
)
cat("configuration", best,
    "on all tumours of the search,\ntested once:\n")
str(lapply(test, round, 4))

# ---- baseline ----
z <- as.array(final$scaler(x))
logistic <- glmnet(
  z[fold > 0, ], y[fold > 0], "binomial", alpha = 0,
  lambda = 1 / (C * sum(fold > 0)), standardize = FALSE
)
p_logistic <- logistic |>
  predict(z[fold == 0, ], type = "response")
loss_baseline <- cross_entropy(y_test, c(p_logistic))
cat(sprintf("logistic regression: test loss %.4f\n",
            loss_baseline))

# ---- results ----
results <- c(test, list(
  loss_best = ranked$loss[1], optimism = optimism,
  loss_mean = mean(ranked$loss),
  loss_worst = max(ranked$loss),
  loss_baseline = loss_baseline
))
print(round(unlist(results), 4))
