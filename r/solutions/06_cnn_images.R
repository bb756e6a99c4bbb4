# Solution: more convolution, more pooling, mirrored images.

library(keras3)
library(ggplot2)

# ---- constants ----
SEED <- 1
TRAIN <- 2000
TUNING <- 400
FILTERS <- c(32, 64, 64)
KERNEL <- 3
LEARNING_RATE <- 0.002
BATCH_SIZE <- 32
EPOCHS <- 8

# ---- load ----
images <- read_arrays(
  data_file("emoji10"),
  x_train = c(NA, 32, 32, 3), y_train = NA,
  x_test = c(NA, 32, 32, 3), y_test = NA
)
learn <- seq_len(TRAIN)
tune <- TRAIN + seq_len(TUNING)
x_train <- images$x_train[learn, , , ]
y_train <- images$y_train[learn]
x_val <- images$x_train[tune, , , ]
y_val <- images$y_train[tune]
x_test <- images$x_test
y_test <- images$y_test

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
probability <- model |> predict(x_test, verbose = 0)
predicted <- max.col(probability, "first") - 1L
accuracy <- mean(predicted == y_test)
cat(sprintf("test accuracy %.4f\n", accuracy))

# ---- results ----
of_truth <- probability[cbind(seq_along(y_test), y_test + 1)]
results <- list(
  loss = mean(-log(of_truth)),
  accuracy = accuracy
)
print(round(unlist(results), 4))
