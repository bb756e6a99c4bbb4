# Solution: dropout, both directions, a larger learning rate.

library(keras3)

# ---- constants ----
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
SEED <- 1
AMINO_ACIDS <- "ACDEFGHIKLMNPQRSTVWYX"
LENGTH <- 50
RESAMPLES <- 1000
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
partition <- function(path, y) {
  peptide <- read_peptides(readLines(path, warn = FALSE))
  n <- length(peptide) %/% 5
  if (n < 10) stop(path, " has fewer than 50 peptides")
  data.frame(peptide, y, part = rep(
    c("train", "val", "test"), c(length(peptide) - 2 * n, n, n)))
}

sets <- rbind(partition(AMPS, 1), partition(DECOYS, 0))
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

# ---- model ----
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

# ---- fit ----
history <- model |> fit(
  x_train, train$y, validation_data = list(x_val, val$y),
  epochs = EPOCHS, batch_size = BATCH_SIZE, verbose = 2)


# ---- validate ----
auc <- function(y, score) {
  ranks <- rank(score)[y == 1]
  (mean(ranks) - (length(ranks) + 1) / 2) / sum(y == 0)
}

p <- predict(model, x_val, verbose = 0)[, 1]
results <- list(val_auc_network = auc(val$y, p))

# ---- test ----
p <- predict(model, encode(test$peptide), verbose = 0)[, 1]
draw <- random_uniform(c(RESAMPLES, nrow(test)), seed = SEED)
rows <- floor(as.array(draw) * nrow(test)) + 1
aucs <- apply(rows, 1, \(i) auc(test$y[i], p[i]))
ci <- quantile(aucs, c(0.025, 0.975))
results <- c(results, test_auc = auc(test$y, p),
             test_low = ci[[1]], test_high = ci[[2]])
str(results)
