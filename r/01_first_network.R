# Hello, iris: a first network in Keras' six steps.

library(keras3)
library(ggplot2)

# ---- constants ----
FLOWERS <- "shared_data/iris/iris.csv"
PARTITIONS <- "shared_data/iris/partitions.csv"
SEED <- 1
SPECIES <- c("setosa", "versicolor", "virginica")
FEATURES <- c(
  "sepal_length", "sepal_width", "petal_length", "petal_width"
)
UNITS <- 10
LEARNING_RATE <- 0.01
BATCH_SIZE <- 16
EPOCHS <- 10

# ---- load ----
flowers <- merge(
  read.csv(FLOWERS), read.csv(PARTITIONS), by = "row"
)
flowers$class <- match(flowers$species, SPECIES) - 1L

train <- subset(flowers, partition == "train")
val <- subset(flowers, partition == "tuning")
test <- subset(flowers, partition == "test")

x_train <- as.matrix(train[FEATURES])
y_train <- train$class
x_val <- as.matrix(val[FEATURES])
y_val <- val$class
x_test <- as.matrix(test[FEATURES])
y_test <- test$class
cat("flowers:", length(y_train), length(y_val),
    length(y_test), "\n")

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = 4) |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(3, activation = "softmax")
cat("parameters:", count_params(model), "\n")

# ---- compile ----
model |> compile(
  optimizer = optimizer_sgd(LEARNING_RATE),
  loss = "sparse_categorical_crossentropy",
  metrics = "accuracy"
)

# ---- fit ----
history <- model |> fit(
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_val, y_val),
  verbose = 2
)

# ---- curve ----
plot(history)

# ---- evaluate ----
scores <- model |> evaluate(x_test, y_test, verbose = 0)
cat(sprintf("test loss     %.4f\n", scores$loss))
cat(sprintf("test accuracy %.4f\n", scores$accuracy))

# ---- predict ----
y_prob <- model |> predict(x_test, verbose = 0)
y_pred <- max.col(y_prob, "first") - 1L
table(
  true = factor(SPECIES[y_test + 1], SPECIES),
  predicted = factor(SPECIES[y_pred + 1], SPECIES)
)

# ---- save ----
model |> save_model("iris.keras", overwrite = TRUE)
again <- load_model("iris.keras")
same <- identical(again |> predict(x_test, verbose = 0), y_prob)
cat("the reloaded model predicts the same:", same, "\n")

# ---- results ----
results <- list(
  loss = scores$loss,
  accuracy = mean(y_pred == y_test),
  reloaded_same = same
)
str(results)
