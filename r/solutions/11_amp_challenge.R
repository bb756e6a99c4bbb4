# Solution: the average of two networks of chapter 10.

library(keras3)
library(ggplot2)
library(glmnet)

# ---- constants ----
full <- variant() == "full"
SEED <- 1
AMINO_ACIDS <- "XACDEFGHIKLMNPQRSTVWY"
LENGTH <- if (full) 200 else 50
C <- 100
THRESHOLD <- 0.5

# ---- load ----
folder <- data_file("peptides")

read <- function(kind) {
  file <- file.path(folder, paste0(kind, ".train.txt"))
  peptide <- read_peptides(file)
  n <- length(peptide)
  fifth <- n %/% 5
  data.frame(
    id = paste0(kind, "-", seq_len(n)),
    peptide,
    label = as.integer(kind == "AMP"),
    part = rep(c("train", "tuning", "test"),
               c(n - 2 * fifth, fifth, fifth))
  )
}

both <- rbind(read("AMP"), read("DECOY"))
parts <- split(both, both$part)
y <- lapply(parts, \(rows) rows$label)
table(both$part, both$label)


# ---- encode ----
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]

encode <- function(peptides) {
  numbers <- strsplit(peptides, "") |>
    lapply(\(letters) match(letters, amino_acids) - 1L)
  pad_sequences(numbers, maxlen = LENGTH)
}

x <- lapply(parts, \(rows) encode(rows$peptide))

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
  model <- keras_model_sequential(input_shape = LENGTH) |>
    layer_embedding(length(amino_acids), DIMENSIONS) |>
    layer_conv_1d(
      FILTERS, KERNEL, padding = "same", activation = "relu"
    ) |>
    layer_max_pooling_1d(POOL) |>
    layer_dropout(DROPOUT) |>
    layer_lstm(UNITS) |>
    layer_dense(1, activation = "sigmoid")
  start <- get_weights(model)
  model |> compile(
    optimizer = "adam", loss = "binary_crossentropy",
    metrics = "accuracy"
  )
  history <- model |> fit(
    x$train, y$train,
    batch_size = BATCH_SIZE,
    epochs = EPOCHS,
    validation_data = list(x$tuning, y$tuning),
    verbose = 0
  )
  networks[[paste("network", i)]] <- list(model, start, history)
  cat(sprintf("network %d: tuning loss %.4f\n",
              i, tail(history$metrics$val_loss, 1)))
}

inputs <- keras_input(shape = LENGTH)
outputs <- lapply(unname(networks), \(one) one[[1]](inputs))
model <- keras_model(inputs, layer_average(outputs))


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
    accuracy = mean(predicted == label),
    mcc = cor(label, predicted),
    auc = as.numeric(pROC::auc(curve))
  )
}

scores <- lapply(x[c("tuning", "test")], \(rows) {
  as.vector(model |> predict(rows, verbose = 0))
})
mine <- Map(judge, y[names(scores)], scores)


# ---- baseline ----
composition <- function(peptides) {
  counts <- strsplit(peptides, "") |>
    sapply(\(letters) table(factor(letters, amino_acids[-1])))
  t(counts) / nchar(peptides)
}

shares <- lapply(parts, \(rows) composition(rows$peptide))
logistic <- glmnet(
  shares$train, y$train, "binomial",
  alpha = 0, lambda = 1 / (C * length(y$train)),
  standardize = FALSE, thresh = 1e-14, maxit = 1e6
)
score <- logistic |>
  predict(shares$test, type = "response") |>
  as.vector() |>
  round(6)
baseline <- judge(y$test, score)
print(round(cbind(
  tuning = unlist(mine$tuning), test = unlist(mine$test),
  composition = unlist(baseline)
), 4))

# ---- save ----
predictions <- data.frame(
  id = parts$test$id, score = sprintf("%.6f", scores$test)
)
file <- result_file(
  "solutions/11_amp_challenge-predictions.csv"
)
write.csv(predictions, file, row.names = FALSE, quote = FALSE)
cat(readLines(file, 4), sep = "\n")
model |> save_model(
  "11_amp_challenge.keras",
  overwrite = TRUE
)

# ---- results ----
results <- c(
  mine$test,
  setNames(mine$tuning, paste0(names(mine$tuning), "_tuning")),
  setNames(baseline, paste0(names(baseline), "_composition"))
)
print(round(unlist(results), 4))
