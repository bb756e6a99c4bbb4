# Solution: filters that slide over letters in one-hot code.

library(keras3)
library(ggplot2)

# ---- constants ----
SEED <- 1
LETTERS <- c("A", "C", "G", "T")
FILTERS <- 16
KERNEL <- 6
BATCH_SIZE <- 32
EPOCHS <- 30
LEARNING_RATE <- 0.01

# ---- load ----
dna <- read.csv(file.path(data_dir("dna"), "dna.csv"))
letters <- do.call(rbind, strsplit(dna$sequence, ""))
columns <- sapply(LETTERS, \(base) letters == base,
                  simplify = "array")
x <- columns * 1L
y <- dna$label
is_train <- dna$part == "train"
is_val <- dna$part == "tuning"
is_test <- dna$part == "test"

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = c(40, 4)) |>
  layer_conv_1d(FILTERS, KERNEL, activation = "relu") |>
  layer_global_max_pooling_1d() |>
  layer_dense(1, activation = "sigmoid")


# ---- fit ----
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "binary_crossentropy", metrics = "accuracy"
)
history <- model |> fit(
  x[is_train, , ], y[is_train],
  batch_size = BATCH_SIZE, epochs = EPOCHS,
  validation_data = list(x[is_val, , ], y[is_val]),
  verbose = 0
)
cat(sprintf("tuning accuracy %.4f\n",
            tail(history$metrics$val_accuracy, 1)))

# ---- evaluate ----
score <- predict(model, x[is_test, , ], verbose = 0)[, 1]
accuracy <- mean((score > 0.5) == y[is_test])
cat(sprintf("parameters %d, test accuracy %.4f\n",
            count_params(model), accuracy))

# ---- results ----
results <- list(accuracy = accuracy)
print(round(unlist(results), 4))
