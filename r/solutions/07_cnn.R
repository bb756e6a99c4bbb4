# Solution: more filters, a third convolution, more epochs.

library(keras3)

# ---- constants ----
DATA <- "shared_data/emoji10/emoji10.npz"
DESIGNS <- "shared_data/emoji10/pictures.csv"
SEED <- 1
TRAIN <- 2000
VAL <- 400
FILTERS <- c(16, 32, 64)
DROPOUT <- 0.3
LEARNING_RATE <- 0.002
EPOCHS <- 11

# ---- load ----
images <- reticulate::import("numpy")$load(DATA)
x <- images$get("x_train")
y <- as.vector(images$get("y_train"))
x_train <- x[1:TRAIN, , , ]
y_train <- y[1:TRAIN]
x_val <- x[TRAIN + 1:VAL, , , ]
y_val <- y[TRAIN + 1:VAL]
x_test <- images$get("x_test")
y_test <- as.vector(images$get("y_test"))
design <- seq_len(nrow(x) + nrow(x_test))
if (nzchar(DESIGNS)) design <- read.csv(DESIGNS)$design
design_test <- tail(design, nrow(x_test))

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = c(32, 32, 3)) |>
  layer_rescaling(1 / 255) |>
  layer_random_flip("horizontal")

for (filters in FILTERS) {
  model |> layer_conv_2d(filters, 3, padding = "same",
                         activation = "relu")
  model |> layer_max_pooling_2d()
}
model |> layer_flatten()
model |> layer_dropout(DROPOUT)
model |> layer_dense(10, activation = "softmax")
cat("parameters:", count_params(model), "\n")

# ---- fit ----
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "sparse_categorical_crossentropy",
  metrics = "accuracy"
)
history <- fit(model, x_train, y_train, epochs = EPOCHS,
               validation_data = list(x_val, y_val), verbose = 2)

# ---- validate ----
y_prob <- model |> predict(x_val, verbose = 0)
right <- max.col(y_prob, "first") - 1L == y_val
cat(sprintf("validation accuracy %.4f\n", mean(right)))

# ---- test ----
y_prob_test <- model |> predict(x_test, verbose = 0)
right_test <- max.col(y_prob_test, "first") - 1L == y_test
accuracy <- mean(right_test)
sums <- tapply(right_test - accuracy, design_test, sum)
n <- length(sums)
error <- sqrt(sum(sums^2) * n / (n - 1)) / length(y_test)
margin <- qt(0.975, n - 1) * error
results <- list(
  val_accuracy = mean(right),
  test_accuracy = accuracy,
  test_low_designs = accuracy - margin,
  test_high_designs = accuracy + margin
)
str(results)
