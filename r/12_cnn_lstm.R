# Peptides: composition, motifs and their order.

library(keras3)
library(ggplot2)

# ---- constants ----
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
PEPTIDE <- "GIGAVLKVLTTGLPALISWIKRKRQQ"
SEED <- 1
AMINO_ACIDS <- "ACDEFGHIKLMNPQRSTVWYX"
LENGTH <- 50
FIRST <- 3
C <- 100
UNITS <- 32
KERNEL <- 8
POOL <- 5
EPOCHS <- 8
RESAMPLES <- 1000


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
table(part = sets$part, copy = duplicated(sets$peptide))

# ---- encode ----
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]

encode <- function(peptides) {
  numbers <- lapply(strsplit(peptides, ""), match, amino_acids)
  pad_sequences(numbers, maxlen = LENGTH)
}

x_train <- encode(train$peptide)
x_val <- encode(val$peptide)
list(train$peptide[1], x_train[1, ])


# ---- baseline ----
auc <- function(y, score) {
  ranks <- rank(score)[y == 1]
  (mean(ranks) - (length(ranks) + 1) / 2) / sum(y == 0)
}

shares <- function(peptides) {
  t(sapply(strsplit(peptides, ""), \(one)
    table(factor(one, amino_acids)) / length(one)))
}

first <- function(peptides) { # which amino acid at each place?
  t(sapply(strsplit(peptides, ""), \(one)
    sapply(1:FIRST, \(i) amino_acids %in% one[i]) * 1))
}

regress <- function(inputs) {
  logistic <- glmnet::glmnet(inputs(train$peptide), train$y,
    "binomial", alpha = 0, lambda = 1 / (C * nrow(train)),
    standardize = FALSE, thresh = 1e-12)
  predict(logistic, inputs(val$peptide), type = "response")
}

score <- list(
  first = regress(first), composition = regress(shares),
  both = regress(\(p) cbind(shares(p), first(p))))


# ---- model ----
learn <- function(x_train, x_val) {
  set_random_seed(SEED)
  model <- keras_model_sequential(input_shape = LENGTH) |>
    layer_embedding(length(amino_acids) + 1, UNITS) |>
    layer_conv_1d(UNITS, KERNEL, padding = "same",
                  activation = "relu") |>
    layer_max_pooling_1d(POOL) |>
    layer_lstm(UNITS) |>
    layer_dense(1, activation = "sigmoid")
  model |> compile("adam", "binary_crossentropy")
  history <- model |> fit(
    x_train, train$y, validation_data = list(x_val, val$y),
    epochs = EPOCHS, verbose = 0)
  list(model = model, history = history,
       score = predict(model, x_val, verbose = 0))
}

# ---- fit ----
network <- learn(x_train, x_val)
model <- network$model
score$network <- network$score

# ---- curve ----
plot(network$history, smooth = FALSE) + geom_line() + ylim(0, NA)


# ---- shuffle ----
shuffle <- function(x) {
  draw <- as.array(random_uniform(dim(x), seed = SEED))
  draw[x == 0] <- -1 # zeros stay in front
  t(sapply(seq_len(nrow(x)), \(i) x[i, order(draw[i, ])]))
}

score$shuffled <- learn(shuffle(x_train), shuffle(x_val))$score

# ---- compare ----
val_auc <- sapply(score, \(p) auc(val$y, p))
round(val_auc, 3)

# ---- predict ----
peptide <- read_peptides(PEPTIDE)
place <- rep(seq_len(nchar(peptide)), each = 20)
changed <- rep(peptide, length(place))
substr(changed, place, place) <- amino_acids[1:20]
p <- predict(model, encode(c(peptide, changed)), verbose = 0)
cat(sprintf("score %.3f, lowest %.3f\n", p[1], min(p)))

# ---- occlusion ----
lost <- p[1] - colMeans(matrix(p[-1], 20))
ggplot(NULL, aes(seq_along(lost), lost)) + geom_col() +
  scale_x_continuous("residue", seq_along(lost),
    labels = strsplit(peptide, "")[[1]]) + ylab("score lost")

# ---- test ----
p <- predict(model, encode(test$peptide), verbose = 0)
draw <- random_uniform(c(RESAMPLES, nrow(test)), seed = SEED)
rows <- floor(as.array(draw) * nrow(test)) + 1
aucs <- apply(rows, 1, \(i) auc(test$y[i], p[i]))
ci <- quantile(aucs, c(0.025, 0.975))
names(val_auc) <- paste0("val_auc_", names(val_auc))
results <- c(as.list(val_auc), test_auc = auc(test$y, p),
             test_low = ci[[1]], test_high = ci[[2]])
str(results)
