# Solution: the average of two networks of chapter 12.

library(keras3)

# ---- constants ----
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
SEED <- 1
AMINO_ACIDS <- "XACDEFGHIKLMNPQRSTVWY"
LENGTH <- 50
C <- 100
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
  id <- paste0(kind, "-", seq_along(peptide))
  data.frame(id, peptide, kind, part)
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

# ---- your model ----
NETWORKS <- 2
DIMENSIONS <- 32
FILTERS <- 32
KERNEL <- 8
POOL <- 5
UNITS <- 32
DROPOUT <- 0.2
BATCH_SIZE <- 32
EPOCHS <- 10

networks <- list()
for (i in seq_len(NETWORKS)) {
  set_random_seed(NETWORKS * SEED + i)
  network <- keras_model_sequential(input_shape = LENGTH) |>
    layer_embedding(length(amino_acids), DIMENSIONS) |>
    layer_conv_1d(
      FILTERS, KERNEL, padding = "same", activation = "relu"
    ) |>
    layer_max_pooling_1d(POOL) |>
    layer_dropout(DROPOUT) |>
    layer_lstm(UNITS) |>
    layer_dense(1, activation = "sigmoid")
  network |> compile(
    optimizer = "adam", loss = "binary_crossentropy",
    metrics = "accuracy"
  )
  history <- network |> fit(
    x_train, y_train,
    batch_size = BATCH_SIZE,
    epochs = EPOCHS,
    validation_data = list(x_val, y_val),
    verbose = 0
  )
  networks[[i]] <- network
  cat(sprintf("network %d: validation loss %.4f\n",
              i, tail(history$metrics$val_loss, 1)))
}

inputs <- keras_input(shape = LENGTH)
outputs <- lapply(networks, \(network) network(inputs))
model <- keras_model(inputs, layer_average(outputs))

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
    accuracy = (tp + tn) / length(y),
    mcc = cor(y, y_pred),
    auc = as.numeric(pROC::auc(roc_of(y, y_prob)))
  )
}

prob_val <- predict(model, x_val, verbose = 0)[, 1]
y_prob <- predict(model, x_test, verbose = 0)[, 1]
mine_val <- judge(y_val, prob_val)
mine <- judge(y_test, y_prob)

# ---- baseline ----
composition <- function(peptides) {
  counts <- strsplit(peptides, "") |>
    sapply(\(letters) table(factor(letters, amino_acids[-1])))
  t(counts) / nchar(peptides)
}

logistic <- glmnet::glmnet(
  composition(train$peptide), y_train, "binomial",
  alpha = 0, lambda = 1 / (C * length(y_train)),
  standardize = FALSE, thresh = 1e-10
)
prob_composition <- logistic |>
  predict(composition(test$peptide), type = "response") |>
  as.vector()
baseline <- judge(y_test, prob_composition)
round(cbind(
  validation = unlist(mine_val), test = unlist(mine),
  composition = unlist(baseline)
), 4)

# ---- save ----
predictions <- data.frame(id = test$id, score = y_prob)
write.csv(predictions, "predictions.csv", row.names = FALSE)
head(predictions, 3)
model |> save_model("mine.keras", overwrite = TRUE)

# ---- results ----
results <- c(
  mine,
  setNames(mine_val, paste0(names(mine_val), "_tuning")),
  setNames(baseline, paste0(names(baseline), "_composition"))
)
for (name in c("auc_tuning", "auc", "auc_composition")) {
  cat(sprintf("%s %.4f\n", name, results[[name]]))
}
