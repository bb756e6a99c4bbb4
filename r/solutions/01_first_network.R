# Solution: scaled inputs, Adam, and more epochs.

library(keras3)

# ---- constants ----
FLOWERS <- "shared_data/iris/iris.csv"
PARTITIONS <- "shared_data/iris/partitions.csv"
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

# ---- model ----
set_random_seed(SEED)
scaler <- layer_normalization()
scaler |> adapt(x_train)
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
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_val, y_val),
  verbose = 0
)
cat(sprintf("validation accuracy %.4f\n",
            tail(history$metrics$val_accuracy, 1)))

# ---- evaluate ----
scores <- model |> evaluate(x_test, y_test, verbose = 0)
cat(sprintf("test accuracy       %.4f\n", scores$accuracy))

# ---- results ----
results <- list(loss = scores$loss,
                accuracy = scores$accuracy)
