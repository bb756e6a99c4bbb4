# Solution: more reviews, read both ways; a validation set.

library(keras3)

# ---- constants ----
REVIEWS <- "shared_data/reviews/reviews.npz"
SEED <- 1
WORDS <- 500
TRAIN <- 5500
VAL <- 500
LENGTH <- 32
DIMENSIONS <- 32
UNITS <- 25
DROPOUT <- 0.5
LEARNING_RATE <- 0.003
BATCH_SIZE <- 64
EPOCHS <- 8
PATIENCE <- 2
THRESHOLD <- 0.5

# ---- load ----
np <- reticulate::import("numpy")
reviews <- np$load(REVIEWS)

pad <- function(tokens, offsets) {
  sizes <- diff(offsets)
  number <- seq_along(sizes)
  review <- factor(rep(number, sizes), number)
  cut_up <- unname(split(as.vector(tokens), review))
  pad_sequences(cut_up, maxlen = LENGTH)
}

x <- pad(reviews$f$train_tokens, reviews$f$train_offsets)
y <- as.vector(reviews$f$y_train)
x_train <- x[1:TRAIN, ]
y_train <- y[1:TRAIN]
x_val <- x[TRAIN + 1:VAL, ]
y_val <- y[TRAIN + 1:VAL]
x_test <- pad(reviews$f$test_tokens, reviews$f$test_offsets)
y_test <- as.vector(reviews$f$y_test)
cat("reviews:", length(y_train), length(y_val),
    length(y_test), "\n")

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
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_val, y_val),
  callbacks = list(callback_early_stopping(
    patience = PATIENCE, restore_best_weights = TRUE
  )),
  verbose = 0
)
val_loss <- history$metrics$val_loss
best <- which.min(val_loss)
cat(sprintf("best of %d epochs: %d\n", length(val_loss), best))

# ---- evaluate ----
judge <- function(x, y) {
  y_prob <- predict(model, x, verbose = 0)[, 1]
  y_pred <- as.integer(y_prob >= THRESHOLD)
  roc <- pROC::roc(y, y_prob,
                   levels = c(0, 1), direction = "<")
  list(
    accuracy = mean(y_pred == y),
    mcc = cor(y, y_pred),
    auc = as.numeric(pROC::auc(roc))
  )
}

val <- judge(x_val, y_val)
test <- judge(x_test, y_test)
for (name in names(test)) {
  cat(sprintf("%-8s: validation %.4f, test %.4f\n", name,
              val[[name]], test[[name]]))
}

# ---- results ----
results <- c(
  test,
  setNames(val, paste0(names(val), "_tuning")),
  best_epoch = best
)
