# Solution: the AMP challenge with dropout.

library(keras3)

# ---- constants ----
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
HIDDEN <- "" # or the peptides.csv of your instructor
FINAL <- FALSE # TRUE: predict the test set, once
SCORES <- "scores.csv" # of the validation set, to be written
SEED <- 1
AMINO_ACIDS <- "ACDEFGHIKLMNPQRSTVWYX"
LENGTH <- 50
RESAMPLES <- 1000
FIRST <- 3
C <- 100
UNITS <- 32
FILTERS <- 64
KERNEL <- 8
POOL <- 5
DROPOUT <- 0.3
LEARNING_RATE <- 0.003
BATCH_SIZE <- 64
EPOCHS <- 15


# ---- read ----
read_peptides <- function(lines) { # FASTA, or one peptide a line
  # a character that is not ASCII becomes text, such as <e9>
  lines <- iconv(lines, "UTF-8", "ASCII", sub = "byte")
  # these three are the byte order mark that may come first
  lines <- trimws(sub("^<ef><bb><bf>", "", lines))
  header <- startsWith(lines, ">")
  # which peptide does each line belong to?
  entry <- if (any(header)) cumsum(header) else seq_along(lines)
  joined <- split(lines[!header], entry[!header]) |>
    vapply(paste, FUN.VALUE = "", collapse = "")
  peptides <- sub("\\*+$", "", unname(joined))
  peptides <- peptides[peptides != ""]
  wrong <- peptides[!grepl("^[A-Za-z]+$", peptides)]
  if (length(wrong)) stop("Not a peptide: ", wrong[1])
  peptides <- toupper(peptides)
  unclear <- nchar(gsub("[^BJOUZ]", "", peptides))
  cat("peptides:", length(peptides), "letters made X:",
      sum(unclear), "cut:", sum(nchar(peptides) > LENGTH), "\n")
  substr(chartr("BJOUZ", "XXXXX", peptides), 1, LENGTH)
}


# ---- load ----
partition <- function(path, kind) {
  peptide <- read_peptides(readLines(path, warn = FALSE))
  n <- length(peptide) %/% 5
  if (n < 10) stop(path, " has fewer than 50 peptides")
  id <- paste0(kind, "-", seq_along(peptide))
  y <- as.integer(kind == "AMP")
  data.frame(id, peptide, y, part = rep(
    c("train", "val", "test"), c(length(peptide) - 2 * n, n, n)))
}

sets <- rbind(partition(AMPS, "AMP"), partition(DECOYS, "DECOY"))
train <- subset(sets, part == "train")
val <- subset(sets, part == "val")
test <- subset(sets, part == "test")

# ---- encode ----
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]

encode <- function(peptides) {
  numbers <- lapply(strsplit(peptides, ""), match, amino_acids)
  pad_sequences(numbers, maxlen = LENGTH)
}

x_train <- encode(train$peptide)
x_val <- encode(val$peptide)
y_train <- train$y
y_val <- val$y

# ---- your model ----
set_random_seed(SEED)
lstm <- layer_lstm(units = UNITS)
model <- keras_model_sequential(input_shape = LENGTH) |>
  layer_embedding(length(amino_acids) + 1, UNITS) |>
  layer_dropout(DROPOUT) |>
  layer_conv_1d(FILTERS, KERNEL, padding = "same",
                activation = "relu") |>
  layer_max_pooling_1d(POOL) |>
  layer_dropout(DROPOUT) |>
  layer_bidirectional(lstm) |>
  layer_dropout(DROPOUT) |>
  layer_dense(1, activation = "sigmoid")
model |> compile(optimizer_adam(LEARNING_RATE),
                 loss = "binary_crossentropy")
history <- model |> fit(
  x_train, y_train, validation_data = list(x_val, y_val),
  epochs = EPOCHS, batch_size = BATCH_SIZE, verbose = 2)


# ---- validate ----
auc <- function(y, score) {
  ranks <- rank(score)[y == 1]
  (mean(ranks) - (length(ranks) + 1) / 2) / sum(y == 0)
}

y_prob <- predict(model, x_val, verbose = 0)[, 1]
cat(sprintf("validation AUC %.3f\n", auc(y_val, y_prob)))


# ---- baseline ----
describe <- function(peptides) { # composition, first residues
  t(sapply(strsplit(peptides, ""), \(one) c(
    table(factor(one, amino_acids)) / length(one),
    sapply(1:FIRST, \(i) amino_acids %in% one[i]))))
}

logistic <- glmnet::glmnet(describe(train$peptide), y_train,
  "binomial", alpha = 0, lambda = 1 / (C * nrow(train)),
  standardize = FALSE, thresh = 1e-12)
p_logistic <- logistic |>
  predict(describe(val$peptide), type = "response")

# ---- compare ----
bootstrap <- function(y, ...) { # the same rows for all scores
  draw <- random_uniform(c(RESAMPLES, length(y)), seed = SEED)
  rows <- floor(as.array(draw) * length(y)) + 1
  sapply(list(...), \(score) # a column for each of them
    apply(rows, 1, \(i) auc(y[i], score[i])))
}

write.csv(data.frame(id = val$id, score = y_prob), SCORES,
          row.names = FALSE)
aucs <- bootstrap(y_val, p_logistic, y_prob)
ci <- quantile(aucs[, 2] - aucs[, 1], c(0.025, 0.975))
results <- list(val_auc = auc(y_val, y_prob),
                val_auc_baseline = auc(y_val, p_logistic),
                val_low = ci[[1]], val_high = ci[[2]])

# ---- test ----
if (FINAL) {
  new <- if (HIDDEN == "") test else
    read.csv(HIDDEN, fileEncoding = "UTF-8-BOM")
  x_test <- encode(read_peptides(new[, "peptide"]))
  stopifnot(nrow(x_test) == nrow(new)) # no empty peptide
  p_test <- predict(model, x_test, verbose = 0)[, 1]
  write.csv(data.frame(id = new[, "id"], score = p_test),
            "predictions.csv", row.names = FALSE)
  if (HIDDEN == "") {
    ci <- quantile(bootstrap(test$y, p_test), c(0.025, 0.975))
    results <- c(results, test_auc = auc(test$y, p_test),
                 test_low = ci[[1]], test_high = ci[[2]])
  }
}
str(results)
