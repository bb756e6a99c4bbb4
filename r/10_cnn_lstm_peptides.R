# Peptides: convolution finds motifs, an LSTM reads them.

library(keras3)
library(ggplot2)
library(glmnet)

# ---- constants ----
full <- variant() == "full" # mini: smaller, for a quick run
SEED <- 1
AMINO_ACIDS <- "XACDEFGHIKLMNPQRSTVWY"
LENGTH <- if (full) 200 else 50
DIMENSIONS <- if (full) 128 else 32
FILTERS <- if (full) 64 else 32
KERNEL <- if (full) 16 else 8
POOL <- 5
UNITS <- if (full) 100 else 32
BATCH_SIZE <- 32
EPOCHS <- 10
C <- 100
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

# ---- lengths ----
sizes <- stack(list(
  AMP = nchar(amps$train), decoy = nchar(decoys$train)
))
ggplot(sizes, aes(values, fill = ind)) +
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

x <- lapply(peptides, encode)
peptides$train[1]
x$train[1, ]

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
  x$train, label$train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x$tuning, label$tuning),
  verbose = 2
)

# ---- curve ----
curve <- as.data.frame(history)
levels(curve$data) <- c("train", "tuning")
ggplot(curve, aes(epoch, value, colour = data)) +
  geom_line() +
  facet_grid(rows = vars(metric), scales = "free_y") +
  scale_x_continuous(breaks = seq(2, EPOCHS, 2)) +
  labs(y = NULL, colour = NULL)


# ---- judge ----
roc_of <- function(label, score) {
  pROC::roc(label, score, levels = c(0, 1), direction = "<")
}

judge <- function(label, score) {
  predicted <- as.numeric(score >= THRESHOLD)
  tp <- sum(label == 1 & predicted == 1)
  tn <- sum(label == 0 & predicted == 0)
  fp <- sum(label == 0 & predicted == 1)
  fn <- sum(label == 1 & predicted == 0)
  list(
    tp = tp, tn = tn, fp = fp, fn = fn,
    sensitivity = tp / (tp + fn),
    specificity = tn / (tn + fp),
    precision = tp / (tp + fp),
    accuracy = mean(predicted == label),
    mcc = cor(label, predicted),
    auc = as.numeric(pROC::auc(roc_of(label, score)))
  )
}

score <- as.vector(model |> predict(x$test, verbose = 0))
cnn_lstm <- judge(label$test, score)


# ---- baseline ----
composition <- function(peptides) {
  counts <- strsplit(peptides, "") |>
    sapply(\(letters) table(factor(letters, amino_acids[-1])))
  t(counts) / nchar(peptides)
}

shares <- lapply(peptides, composition)
logistic <- glmnet(
  shares$train, label$train, "binomial",
  alpha = 0, lambda = 1 / (C * length(label$train)),
  standardize = FALSE, thresh = 1e-14, maxit = 1e6
)
score_baseline <- logistic |>
  predict(shares$test, type = "response") |>
  as.vector() |>
  round(6)
baseline <- judge(label$test, score_baseline)
print(round(cbind(cnn_lstm = unlist(cnn_lstm),
                  composition = unlist(baseline)), 4))

# ---- roc ----
samples <- list("CNN + LSTM" = score,
                composition = score_baseline)
points <- do.call(rbind, lapply(names(samples), \(name) {
  found <- roc_of(label$test, samples[[name]])
  data.frame(score = factor(name, names(samples)),
             fpr = 1 - found$specificities,
             tpr = found$sensitivities)
}))
points <- points[order(points$fpr, points$tpr), ]
ggplot(points, aes(fpr, tpr, colour = score)) +
  geom_abline(linetype = "dotted", colour = "grey50") +
  geom_path() +
  labs(x = "1 - specificity", y = "sensitivity", colour = NULL)

# ---- shortcuts ----
first <- factor(substr(peptides$train, 1, 1), amino_acids)
rate <- tapply(label$train, first, mean, default = 0.5)
backwards <- strsplit(peptides$test, "") |>
  sapply(\(letters) paste(rev(letters), collapse = "")) |>
  encode()
auc_of <- list(
  length = nchar(peptides$test),
  first = round(rate[substr(peptides$test, 1, 1)], 6),
  backwards = as.vector(predict(model, backwards, verbose = 0))
) |> lapply(\(values) {
  as.numeric(pROC::auc(roc_of(label$test, values)))
})
cat(sprintf("AUC, %-9s %.4f\n", names(auc_of), unlist(auc_of)),
    sep = "")

# ---- save ----
file <- "10_cnn_lstm_peptides.keras"
model |> save_model(file, overwrite = TRUE)
again <- load_model(file)
same <- identical(
  as.vector(again |> predict(x$test, verbose = 0)), score
)
cat("the reloaded model predicts the same:", same, "\n")

# ---- results ----
results <- c(
  cnn_lstm,
  setNames(baseline, paste0(names(baseline), "_composition")),
  setNames(auc_of, paste0("auc_", names(auc_of))),
  list(reloaded_same = same)
)
print(round(unlist(results), 4))
