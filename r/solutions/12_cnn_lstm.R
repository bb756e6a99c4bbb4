# Solution: dropout, two kinds of pooling, an early stop.

library(keras3)

# ---- constants ----
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
SEED <- 1
AMINO_ACIDS <- "XACDEFGHIKLMNPQRSTVWY"
LENGTH <- 50
DIMENSIONS <- 32
FILTERS <- 48
KERNEL <- 8
POOL <- 4
UNITS <- 24
DROPOUT <- 0.3
NETWORKS <- 2
LEARNING_RATE <- 0.003
BATCH_SIZE <- 64
EPOCHS <- 18
PATIENCE <- 4
THRESHOLD <- 0.5

# ---- load ----
read_peptides <- function(path) { # one a line, or FASTA
  lines <- trimws(toupper(readLines(path)))
  header <- startsWith(lines, ">")
  if (!any(header)) return(lines[lines != ""])
  split(lines[!header], cumsum(header)[!header]) |>
    vapply(paste, "", collapse = "", USE.NAMES = FALSE)
}

load_list <- function(path, kind) {
  peptide <- read_peptides(path)
  fifth <- length(peptide) %/% 5
  part <- rep(
    c("train", "val", "test"),
    c(length(peptide) - 2 * fifth, fifth, fifth)
  )
  data.frame(peptide, kind, part)
}

peptides <- rbind(
  load_list(AMPS, "AMP"), load_list(DECOYS, "DECOY")
)
peptides$label <- as.integer(peptides$kind == "AMP")
train <- subset(peptides, part == "train")
val <- subset(peptides, part == "val")
test <- subset(peptides, part == "test")
y_train <- train$label
y_val <- val$label
y_test <- test$label
table(part = peptides$part, kind = peptides$kind)

# ---- encode ----
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]

encode <- function(peptides) {
  numbers <- strsplit(peptides, "") |>
    lapply(\(letters) match(letters, amino_acids) - 1L)
  pad_sequences(numbers, maxlen = LENGTH)
}

x_train <- encode(train$peptide)
x_val <- encode(val$peptide)
x_test <- encode(test$peptide)

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
  network <- build()
  network |> compile(
    optimizer = optimizer_adam(LEARNING_RATE),
    loss = "binary_crossentropy", metrics = "accuracy"
  )
  history <- network |> fit(
    x_train, y_train,
    batch_size = BATCH_SIZE,
    epochs = EPOCHS,
    validation_data = list(x_val, y_val),
    callbacks = list(callback_early_stopping(
      patience = PATIENCE, restore_best_weights = TRUE
    )),
    verbose = 0
  )
  networks[[i]] <- network
  losses <- history$metrics$val_loss
  cat(sprintf(
    "network %d: %d epochs, lowest validation loss %.4f\n",
    i, length(losses), min(losses)
  ))
}

# ---- average ----
inputs <- keras_input(shape = LENGTH)
outputs <- lapply(networks, \(network) network(inputs))
model <- keras_model(inputs, layer_average(outputs))
model |> save_model("peptides.keras", overwrite = TRUE)

# ---- judge ----
roc_of <- function(y, y_prob) {
  pROC::roc(y, y_prob, levels = c(0, 1), direction = "<")
}

judge <- function(y, y_prob) {
  y_pred <- as.integer(y_prob >= THRESHOLD)
  tp <- sum(y == 1 & y_pred == 1)
  tn <- sum(y == 0 & y_pred == 0)
  fp <- sum(y == 0 & y_pred == 1)
  fn <- sum(y == 1 & y_pred == 0)
  list(
    tp = tp, tn = tn, fp = fp, fn = fn,
    sensitivity = tp / (tp + fn),
    specificity = tn / (tn + fp),
    precision = tp / (tp + fp),
    accuracy = (tp + tn) / length(y),
    mcc = cor(y, y_pred),
    auc = as.numeric(pROC::auc(roc_of(y, y_prob)))
  )
}

y_prob <- predict(model, x_test, verbose = 0)[, 1]

# ---- results ----
results <- judge(y_test, y_prob)
cat(sprintf("%-11s %.4f\n", names(results), results), sep = "")
