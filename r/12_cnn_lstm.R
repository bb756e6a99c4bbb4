# Peptides: convolution finds motifs, an LSTM reads them.

library(keras3)
library(ggplot2)

# ---- constants ----
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
SEED <- 1
AMINO_ACIDS <- "XACDEFGHIKLMNPQRSTVWY"
LENGTH <- 50
DIMENSIONS <- 32
FILTERS <- 32
KERNEL <- 8
POOL <- 5
UNITS <- 32
BATCH_SIZE <- 32
EPOCHS <- 10
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

# ---- lengths ----
ggplot(train, aes(nchar(peptide), fill = kind)) +
  geom_histogram(
    breaks = seq(0, LENGTH, LENGTH / 10), closed = "left",
    position = "dodge"
  ) +
  labs(x = "amino acids in a peptide", y = "peptides",
       fill = NULL)

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
train$peptide[1]
x_train[1, ]

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = LENGTH) |>
  layer_embedding(length(amino_acids), DIMENSIONS) |>
  layer_conv_1d(
    FILTERS, KERNEL, padding = "same", activation = "relu"
  ) |>
  layer_max_pooling_1d(POOL) |>
  layer_lstm(UNITS) |>
  layer_dense(1, activation = "sigmoid")
model |> compile(
  optimizer = "adam", loss = "binary_crossentropy",
  metrics = "accuracy"
)
cat("parameters:", count_params(model), "\n")

# ---- fit ----
history <- model |> fit(
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_val, y_val),
  verbose = 2
)

# ---- curve ----
plot(history)

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
cnn_lstm <- judge(y_test, y_prob)

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
round(cbind(cnn_lstm = unlist(cnn_lstm),
            composition = unlist(baseline)), 4)

# ---- roc ----
list("CNN + LSTM" = y_prob, composition = prob_composition) |>
  lapply(\(scores) roc_of(y_test, scores)) |>
  pROC::ggroc(legacy.axes = TRUE) +
  geom_abline(linetype = "dotted", colour = "grey50") +
  labs(x = "1 - specificity", y = "sensitivity", colour = NULL)

# ---- shortcuts ----
letter <- factor(substr(train$peptide, 1, 1), amino_acids)
rate <- tapply(y_train, letter, mean, default = 0.5)
backwards <- strsplit(test$peptide, "") |>
  sapply(\(letters) paste(rev(letters), collapse = "")) |>
  encode()
shortcuts <- list(
  length = nchar(test$peptide),
  first = rate[substr(test$peptide, 1, 1)],
  backwards = predict(model, backwards, verbose = 0)[, 1]
)
auc_of <- lapply(shortcuts, \(scores) {
  as.numeric(pROC::auc(roc_of(y_test, scores)))
})
cat(sprintf("AUC, %-9s %.4f\n", names(auc_of), auc_of), sep = "")

# ---- save ----
model |> save_model("peptides.keras", overwrite = TRUE)
again <- load_model("peptides.keras")
same <- identical(
  predict(again, x_test, verbose = 0)[, 1], y_prob
)
cat("the reloaded model predicts the same:", same, "\n")

# ---- results ----
results <- c(
  cnn_lstm,
  setNames(baseline, paste0(names(baseline), "_composition")),
  setNames(auc_of, paste0("auc_", names(auc_of))),
  reloaded_same = same
)
for (name in c("auc", "auc_composition", "auc_backwards")) {
  cat(sprintf("%s %.4f\n", name, results[[name]]))
}
