# Solution: scaled inputs, Adam, and more epochs.

library(keras3)
library(ggplot2)

# ---- constants ----
SEED <- 1
SPECIES <- c("setosa", "versicolor", "virginica")
FEATURES <- c(
  "sepal_length", "sepal_width", "petal_length", "petal_width"
)
UNITS <- 10
LEARNING_RATE <- 0.03
BATCH_SIZE <- 16
EPOCHS <- 40

# ---- load ----
folder <- data_dir("iris")
flowers <- merge(
  read.csv(file.path(folder, "iris.csv")),
  read.csv(file.path(folder, "partitions.csv"))
)

take <- function(name) {
  part <- flowers[flowers$partition == name, ]
  x <- as.matrix(part[FEATURES])
  y <- match(part$species, SPECIES) - 1L
  list(x = x, y = y)
}

train <- take("train")
tuning <- take("tuning")
test <- take("test")

# ---- model ----
set_random_seed(SEED)
scaler <- layer_normalization()
scaler |> adapt(train$x)
model <- keras_model_sequential(input_shape = 4) |>
  scaler() |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(3, activation = "softmax")

# ---- compile ----
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "sparse_categorical_crossentropy",
  metrics = "accuracy"
)

# ---- fit ----
history <- model |> fit(
  train$x, train$y,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(tuning$x, tuning$y),
  verbose = 0
)
cat(sprintf("tuning accuracy %.4f\n",
            tail(history$metrics$val_accuracy, 1)))

# ---- evaluate ----
scores <- model |> evaluate(test$x, test$y, verbose = 0)
cat(sprintf("test accuracy   %.4f\n", scores$accuracy))

# ---- results ----
probability <- model |> predict(test$x, verbose = 0)
predicted <- max.col(probability, "first") - 1L
of_truth <- probability[cbind(seq_along(test$y), test$y + 1)]
results <- list(
  loss = mean(-log(of_truth)),
  accuracy = mean(predicted == test$y)
)
print(round(unlist(results), 4))
