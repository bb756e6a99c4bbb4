# Solution: more convolution, more pooling, mirrored images.

library(keras3)

# ---- constants ----
DATA <- "shared_data/emoji10/emoji10.npz"
SEED <- 1
TRAIN <- 2000
VAL <- 400
FILTERS <- c(32, 64, 64)
KERNEL <- 3
LEARNING_RATE <- 0.002
BATCH_SIZE <- 32
EPOCHS <- 8

# ---- load ----
np <- reticulate::import("numpy")
images <- np$load(DATA)
x <- images$get("x_train")
y <- as.vector(images$get("y_train"))
train <- seq_len(TRAIN)
x_train <- x[train, , , ]
y_train <- y[train]
val <- TRAIN + seq_len(VAL)
x_val <- x[val, , , ]
y_val <- y[val]
x_test <- images$get("x_test")
y_test <- as.vector(images$get("y_test"))

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = c(32, 32, 3)) |>
  layer_rescaling(1 / 255) |>
  layer_random_flip("horizontal")

for (filters in FILTERS) {
  model |> layer_conv_2d(filters, KERNEL, padding = "same",
                         activation = "relu")
  model |> layer_max_pooling_2d()
}
model |> layer_flatten()
model |> layer_dense(10, activation = "softmax")
cat("parameters:", count_params(model), "\n")

# ---- fit ----
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "sparse_categorical_crossentropy",
  metrics = "accuracy"
)
history <- model |> fit(
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_val, y_val),
  verbose = 2
)

# ---- evaluate ----
y_prob <- model |> predict(x_test, verbose = 0)
y_pred <- max.col(y_prob, "first") - 1L
accuracy <- mean(y_pred == y_test)
cat(sprintf("test accuracy %.4f\n", accuracy))

# ---- results ----
of_truth <- y_prob[cbind(seq_along(y_test), y_test + 1)]
results <- list(
  loss = mean(-log(of_truth)),
  accuracy = accuracy
)
str(results)
