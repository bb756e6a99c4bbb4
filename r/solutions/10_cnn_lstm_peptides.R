# Solution: dropout, two kinds of pooling, an early stop.

library(keras3)
library(ggplot2)

# ---- constants ----
full <- variant() == "full"
SEED <- 1
AMINO_ACIDS <- "XACDEFGHIKLMNPQRSTVWY"
LENGTH <- if (full) 200 else 50
DIMENSIONS <- 32
FILTERS <- 48
KERNEL <- 8
POOL <- if (full) 16 else 4
UNITS <- 24
DROPOUT <- 0.3
NETWORKS <- 2
LEARNING_RATE <- 0.003
BATCH_SIZE <- 64
EPOCHS <- 18
PATIENCE <- 4
THRESHOLD <- 0.5

# ---- load ----
folder <- data_file("peptides")
amps <- read_peptides(file.path(folder, "AMP.train.txt"))
decoys <- read_peptides(file.path(folder, "DECOY.train.txt"))

split_up <- function(rows) {
  fifth <- length(rows) %/% 5
  list(
    train = head(rows, -2 * fifth),
    tuning = head(tail(rows, 2 * fifth), fifth),
    test = tail(rows, fifth)
  )
}

amps <- split_up(amps)
decoys <- split_up(decoys)
peptides <- Map(c, amps, decoys)
label <- Map(\(amps, decoys) {
  rep(c(1L, 0L), c(length(amps), length(decoys)))
}, amps, decoys)
for (part in names(label)) {
  cat(part, ": ", sum(label[[part]]), " AMPs, ",
      sum(label[[part]] == 0), " decoys\n", sep = "")
}


# ---- encode ----
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]

encode <- function(peptides) {
  numbers <- strsplit(peptides, "") |>
    lapply(\(letters) match(letters, amino_acids) - 1L)
  pad_sequences(numbers, maxlen = LENGTH)
}

x <- lapply(peptides, encode)


# ---- model ----
build <- function() {
  inputs <- keras_input(shape = LENGTH)
  filtered <- inputs |>
    layer_embedding(length(amino_acids), DIMENSIONS) |>
    layer_dropout(DROPOUT) |>
    layer_conv_1d(
      FILTERS, KERNEL, padding = "same", activation = "relu"
    ) |>
    layer_dropout(DROPOUT)
  motifs <- filtered |> layer_global_max_pooling_1d()
  order <- filtered |>
    layer_max_pooling_1d(POOL) |>
    layer_bidirectional(layer_lstm(units = UNITS))
  outputs <- layer_concatenate(motifs, order) |>
    layer_dropout(DROPOUT) |>
    layer_dense(1, activation = "sigmoid")
  keras_model(inputs, outputs)
}


# ---- fit ----
networks <- list()
for (i in seq_len(NETWORKS)) {
  set_random_seed(NETWORKS * SEED + i)
  model <- build()
  start <- get_weights(model)
  model |> compile(
    optimizer = optimizer_adam(LEARNING_RATE),
    loss = "binary_crossentropy", metrics = "accuracy"
  )
  history <- model |> fit(
    x$train, label$train,
    batch_size = BATCH_SIZE,
    epochs = EPOCHS,
    validation_data = list(x$tuning, label$tuning),
    callbacks = list(callback_early_stopping(
      patience = PATIENCE, restore_best_weights = TRUE
    )),
    verbose = 0
  )
  networks[[paste("network", i)]] <- list(model, start, history)
  losses <- history$metrics$val_loss
  cat(sprintf("network %d: %d epochs, lowest tuning loss %.4f\n",
              i, length(losses), min(losses)))
}

# ---- average ----
inputs <- keras_input(shape = LENGTH)
outputs <- lapply(unname(networks), \(one) one[[1]](inputs))
together <- keras_model(inputs, layer_average(outputs))
together |> save_model(
  "10_cnn_lstm_peptides.keras",
  overwrite = TRUE
)


# ---- judge ----
judge <- function(label, score) {
  predicted <- as.numeric(score >= THRESHOLD)
  tp <- sum(label == 1 & predicted == 1)
  tn <- sum(label == 0 & predicted == 0)
  fp <- sum(label == 0 & predicted == 1)
  fn <- sum(label == 1 & predicted == 0)
  curve <- pROC::roc(
    label, score, levels = c(0, 1), direction = "<"
  )
  list(
    tp = tp, tn = tn, fp = fp, fn = fn,
    sensitivity = tp / (tp + fn),
    specificity = tn / (tn + fp),
    precision = tp / (tp + fp),
    accuracy = mean(predicted == label),
    mcc = cor(label, predicted),
    auc = as.numeric(pROC::auc(curve))
  )
}

score <- as.vector(together |> predict(x$test, verbose = 0))
averaged <- judge(label$test, score)
cat(sprintf("%-11s %.4f\n", names(averaged), unlist(averaged)),
    sep = "")

# ---- results ----
results <- averaged
print(round(unlist(results), 4))
