# Solution: filters that slide over letters in one-hot code.

library(keras3)

# ---- constants ----
DNA <- "shared_data/dna/dna.csv"
SEED <- 1
LETTERS <- c("A", "C", "G", "T")
FILTERS <- 16
KERNEL <- 6
BATCH_SIZE <- 32
EPOCHS <- 30
LEARNING_RATE <- 0.01

# ---- load ----
dna <- read.csv(DNA)
letters <- do.call(rbind, strsplit(dna$sequence, ""))
numbers <- array(match(letters, LETTERS) - 1, dim(letters))
x <- to_categorical(numbers, length(LETTERS))
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
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "binary_crossentropy",
  metrics = "accuracy"
)
cat("parameters:", count_params(model), "\n")

# ---- fit ----
history <- model |> fit(
  x[is_train, , ], y[is_train],
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x[is_val, , ], y[is_val]),
  verbose = 0
)
cat(sprintf("validation accuracy %.4f\n",
            tail(history$metrics$val_accuracy, 1)))

# ---- evaluate ----
y_prob <- predict(model, x[is_test, , ], verbose = 0)[, 1]
y_pred <- as.integer(y_prob > 0.5)

# ---- results ----
results <- list(accuracy = mean(y_pred == y[is_test]))
cat(sprintf("test accuracy %.4f\n", results$accuracy))
