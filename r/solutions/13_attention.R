# Solution: the transformer and the CNN + LSTM, averaged.

library(keras3)

# ---- constants ----
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
SEED <- 1
AMINO_ACIDS <- "ACDEFGHIKLMNPQRSTVWY"
LENGTH <- 50
WIDTH <- 32
HEADS <- 2
LEARNING_RATE <- 0.003
EPOCHS <- 7
KERNEL <- 8
POOL <- 5
DROPOUT <- 0.3

# ---- load ----
lists <- lapply(c(AMPS, DECOYS), readLines)
peptides <- unlist(lists)
y <- rep(1:0, lengths(lists))
fifth <- lapply(lengths(lists), \(n) (5 * (1:n - 1)) %/% n)
is_train <- unlist(fifth) < 3
is_val <- unlist(fifth) == 3
is_test <- unlist(fifth) == 4
x <- strsplit(peptides, "") |>
  lapply(match, strsplit(AMINO_ACIDS, "")[[1]]) |>
  pad_sequences(LENGTH)
x_val <- x[is_val, ]
y_val <- y[is_val]

# ---- transformer ----
transformer <- function() {
  peptide <- keras_input(LENGTH, dtype = "int32")
  h <- layer_embedding(peptide, 21, WIDTH, mask_zero = TRUE)
  real <- op_sign(peptide)
  place <- op_multiply(real, op_cumsum(real, axis = 2)) |>
    layer_embedding(LENGTH + 1, WIDTH, mask_zero = TRUE)
  h <- layer_add(h, place)
  attended <- layer_multi_head_attention(
    list(h, h), num_heads = HEADS, key_dim = WIDTH)
  h <- layer_add(h, attended) |> layer_layer_normalization()
  dense <- layer_dense(h, 2 * WIDTH, activation = "relu")
  y <- layer_add(h, layer_dense(dense, WIDTH)) |>
    layer_layer_normalization() |>
    layer_global_average_pooling_1d() |>
    layer_dense(1, activation = "sigmoid")
  keras_model(peptide, y)
}

# ---- cnn-lstm ----
cnn_lstm <- function() {
  keras_model_sequential(input_shape = LENGTH) |>
    layer_embedding(21, WIDTH) |>
    layer_dropout(DROPOUT) |>
    layer_conv_1d(WIDTH, KERNEL, padding = "same",
                  activation = "relu") |>
    layer_max_pooling_1d(POOL) |>
    layer_lstm(WIDTH) |>
    layer_dense(1, activation = "sigmoid")
}

# ---- fit ----
set_random_seed(SEED)
models <- list(transformer(), cnn_lstm())
for (one in models) {
  one |> compile(optimizer_adam(LEARNING_RATE),
                 "binary_crossentropy")
  one |> fit(x[is_train, ], y[is_train], epochs = EPOCHS,
             verbose = 0)
}

# ---- validate ----
y_prob <- sapply(models, \(one) predict(one, x_val, verbose = 0))
area <- function(y, p) as.numeric(pROC::auc(y, p, quiet = TRUE))
results <- list(
  val_auc_alone = area(y_val, y_prob[, 1]),
  val_auc_cnn_lstm = area(y_val, y_prob[, 2]),
  val_auc_transformer = area(y_val, rowSums(y_prob)))

# ---- test ----
y_test <- y[is_test]
y_prob <- sapply(models, predict, x[is_test, ], verbose = 0) |>
  rowMeans()
right <- sum((y_prob > 0.5) == y_test)
ci <- prop.test(right, length(y_test), correct = FALSE)$conf.int
results <- c(
  results, test_auc = area(y_test, y_prob),
  test_accuracy = right / length(y_test),
  test_low = ci[1], test_high = ci[2])
str(results)
