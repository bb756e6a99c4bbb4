# A first network: iris flowers in Keras' six steps.

library(keras3)
library(ggplot2)
library(glmnet)

# ---- constants ----
FLOWERS <- "shared_data/iris/iris.csv"
PARTITIONS <- "shared_data/iris/partitions.csv"
SEED <- 1
SPECIES <- c("setosa", "versicolor", "virginica")
FEATURES <- c(
  "sepal_length", "sepal_width", "petal_length", "petal_width"
)
UNITS <- 10
LEARNING_RATE <- 0.1
BATCH_SIZE <- 16
EPOCHS <- 40
NEW_FLOWER <- c(6.0, 2.9, 4.6, 1.4)
BROKEN_RATE <- 0.01
BROKEN_EPOCHS <- 10

# ---- load ----
flowers <- read.csv(FLOWERS)
partitions <- read.csv(PARTITIONS)
stopifnot(setequal(flowers$row, partitions$row))
flowers <- merge(flowers, partitions, by = "row")
flowers$class <- match(flowers$species, SPECIES) - 1L
stopifnot(!anyNA(flowers$class))
train <- subset(flowers, partition == "train")
val <- subset(flowers, partition == "val")
test <- subset(flowers, partition == "test")

x_train <- as.matrix(train[FEATURES])
x_val <- as.matrix(val[FEATURES])
x_test <- as.matrix(test[FEATURES])
y_train <- train$class
y_val <- val$class
y_test <- test$class
cat("flowers:", length(y_train), length(y_val),
    length(y_test), "\n")

# ---- define ----
set_random_seed(SEED)
scaler <- layer_normalization()
scaler |> adapt(x_train)
model <- keras_model_sequential(input_shape = 4) |>
  scaler() |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(3, activation = "softmax")
summary(model)

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
  verbose = 0
)
curve <- as.data.frame(history)
print(subset(curve, epoch %in% c(1, EPOCHS)), digits = 3)

# ---- curve ----
ggplot(curve, aes(epoch, value, colour = data)) +
  geom_line() +
  facet_grid(metric ~ ., scales = "free_y") +
  labs(y = NULL)

# ---- evaluate ----
scores <- model |> evaluate(x_val, y_val, verbose = 0)
cat(sprintf("validation loss     %.4f\n", scores$loss))
cat(sprintf("validation accuracy %.4f\n", scores$accuracy))
y_prob <- model |> predict(x_val, verbose = 0)
y_pred <- max.col(y_prob, "first") - 1L
table(val$species, predicted = SPECIES[y_pred + 1])

# ---- baseline ----
logistic <- glmnet(
  x_train, y_train, "multinomial",
  alpha = 0, lambda = 1 / nrow(x_train), thresh = 1e-10
)
y_pred <- predict(logistic, x_val, type = "class")
baseline <- mean(as.integer(y_pred) == y_val)
cat(sprintf("logistic regression %.4f\n", baseline))

# ---- predict ----
p <- drop(model |> predict(t(NEW_FLOWER), verbose = 0))
cat(sprintf("%-10s %.3f\n", SPECIES, p), sep = "")
cat("one new flower:", SPECIES[which.max(p)], "\n")

# ---- save ----
model |> save_model("iris.keras", overwrite = TRUE)
again <- load_model("iris.keras")
same <- identical(again |> predict(x_val, verbose = 0), y_prob)
cat("the reloaded model predicts the same:", same, "\n")

# ---- broken ----
unscaled <- c()
for (i in 1:5) {
  set_random_seed(100 * SEED + i)
  broken <- keras_model_sequential(input_shape = 4) |>
    layer_dense(UNITS, activation = "relu") |>
    layer_dense(3, activation = "softmax")
  broken |> compile(optimizer = optimizer_sgd(BROKEN_RATE),
                    loss = "sparse_categorical_crossentropy")
  broken |> fit(x_train, y_train, batch_size = BATCH_SIZE,
                epochs = BROKEN_EPOCHS, verbose = 0)
  y_prob <- as.array(broken(x_val))
  y_pred <- max.col(y_prob, "first") - 1L
  unscaled[i] <- mean(y_pred == y_val)
  cat(sprintf("broken network %d: %.4f\n", i, unscaled[i]))
}

# ---- test ----
y_prob <- model |> predict(x_test, verbose = 0)
y_pred <- max.col(y_prob, "first") - 1L
correct <- sum(y_pred == y_test)
interval <- prop.test(
  correct, length(y_test), correct = FALSE
)$conf.int
cat(sprintf("test accuracy %.4f\n", correct / length(y_test)))
cat(sprintf("95 %% interval %.4f to %.4f\n",
            interval[1], interval[2]))

results <- list(
  val_loss = scores$loss,
  val_accuracy = scores$accuracy,
  val_accuracy_baseline = baseline,
  reloaded_same = same,
  val_accuracy_broken = unscaled[1],
  val_accuracy_broken_worst = min(unscaled),
  test_accuracy = correct / length(y_test),
  test_low = interval[1],
  test_high = interval[2]
)
str(results)
