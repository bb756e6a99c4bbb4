# Solution: more reviews, read both ways, and a validation set.

library(keras3)
library(ggplot2)

# ---- constants ----
full <- variant() == "full"
SEED <- 1
WORDS <- 500
TRAIN <- if (full) 2000 else 5500
TUNING <- 500
LENGTH <- if (full) 200 else 32
DIMENSIONS <- 32
UNITS <- 25
DROPOUT <- 0.5
LEARNING_RATE <- 0.003
BATCH_SIZE <- 64
EPOCHS <- 8
PATIENCE <- 2
THRESHOLD <- 0.5

# ---- load ----
arrays <- read_arrays(
  data_file("reviews"),
  train_tokens = NA, train_offsets = NA, y_train = NA,
  test_tokens = NA, test_offsets = NA, y_test = NA
)

take <- function(part, first, last) {
  sizes <- diff(arrays[[paste0(part, "_offsets")]])
  number <- seq_along(sizes)
  reviews <- arrays[[paste0(part, "_tokens")]] |>
    split(factor(rep(number, sizes), number)) |>
    unname()
  list(
    x = pad_sequences(reviews[first:last], maxlen = LENGTH),
    y = arrays[[paste0("y_", part)]][first:last]
  )
}

train <- take("train", 1, TRAIN)
tuning <- take("train", TRAIN + 1, TRAIN + TUNING)
test <- take("test", 1, length(arrays$y_test))
cat("reviews:", length(train$y), length(tuning$y),
    length(test$y), "\n")

# ---- model ----
set_random_seed(SEED)
lstm <- layer_lstm(units = UNITS, return_sequences = TRUE)
model <- keras_model_sequential(input_shape = LENGTH) |>
  layer_embedding(WORDS, DIMENSIONS) |>
  layer_dropout(DROPOUT) |>
  layer_bidirectional(lstm) |>
  layer_global_max_pooling_1d() |>
  layer_dropout(DROPOUT) |>
  layer_dense(1, activation = "sigmoid")
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "binary_crossentropy",
  metrics = "accuracy"
)

# ---- fit ----
history <- model |> fit(
  train$x, train$y,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(tuning$x, tuning$y),
  callbacks = list(callback_early_stopping(
    patience = PATIENCE, restore_best_weights = TRUE
  )),
  verbose = 0
)
loss <- history$metrics$val_loss
best <- which.min(loss)
cat(sprintf("best of %d epochs: %d\n", length(loss), best))


# ---- evaluate ----
judge <- function(label, score) {
  predicted <- as.numeric(score >= THRESHOLD)
  curve <- pROC::roc(label, score,
                     levels = c(0, 1), direction = "<")
  list(
    accuracy = mean(predicted == label),
    mcc = cor(label, predicted),
    auc = as.numeric(pROC::auc(curve))
  )
}

score <- function(part) {
  as.vector(model |> predict(part$x, verbose = 0))
}

of_tuning <- judge(tuning$y, score(tuning))
of_test <- judge(test$y, score(test))
for (name in names(of_test)) {
  cat(sprintf("%-8s: tuning %.4f, test %.4f\n", name,
              of_tuning[[name]], of_test[[name]]))
}

# ---- results ----
results <- c(
  of_test,
  setNames(of_tuning, paste0(names(of_tuning), "_tuning")),
  list(best_epoch = best)
)
print(round(unlist(results), 4))
