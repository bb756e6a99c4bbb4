# Embeddings: what do learned vectors know?

library(keras3)
library(ggplot2)

# ---- constants ----
ACIDS <- "shared_data/aminoacids/aminoacids.csv"
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
REVIEWS <- "shared_data/reviews/reviews.npz"
VOCABULARY <- "shared_data/reviews/words.txt"
PROPERTIES <- c("charge", "hydropathy", "volume")
PROBES <- c("good", "bad", "funny", "dull")
SEED <- 1
LENGTH <- 50
DIMENSIONS <- 32
FILTERS <- 32
KERNEL <- 8
EPOCHS <- 10
PERPLEXITY <- 5
ETA <- 200 # of t-SNE, counted as Rtsne counts it
TRAIN <- 2000 # reviews
STRONG <- 50 # words

# ---- load ----
acids <- read.csv(ACIDS)
tokens <- 1 + nrow(acids) # 0 is padding

encode <- \(peptides) strsplit(peptides, "") |>
  lapply(match, table = acids$letter) |>
  pad_sequences(maxlen = LENGTH)

amps <- readLines(AMPS)
decoys <- readLines(DECOYS)
x <- encode(c(amps, decoys))
y <- rep(1:0, c(length(amps), length(decoys)))
fold <- (seq_along(y) - 1) %% 5 # the lists are in random order
x_train <- x[fold < 3, ]
y_train <- y[fold < 3]
x_val <- x[fold == 3, ]
y_val <- y[fold == 3]

# ---- model ----
train <- function(x, y, tokens) {
  set_random_seed(SEED)
  model <- keras_model_sequential(input_shape = LENGTH) |>
    layer_embedding(tokens, DIMENSIONS) |>
    layer_conv_1d(FILTERS, KERNEL, activation = "relu") |>
    layer_global_max_pooling_1d() |>
    layer_dense(1, activation = "sigmoid")
  model |> compile("adam", "binary_crossentropy")
  before <- get_weights(model)[[1]][-1, ] # without the padding
  model |> fit(x, y, epochs = EPOCHS, verbose = 0)
  after <- get_weights(model)[[1]][-1, ]
  list(model = model, before = before, after = after)
}

net <- train(x_train, y_train, tokens)

# ---- enrichment ----
# in each row, without 0
count <- \(x, tokens) t(apply(x, 1, tabulate, tokens - 1))

enrich <- function(x, y, tokens) {
  counts <- count(x, tokens)
  log2((colSums(counts[y == 1, ]) + 1) /
         (colSums(counts[y == 0, ]) + 1))
}

for_amp <- enrich(x_val, y_val, tokens)

# ---- distances ----
correlate <- function(a, b) {
  cor(c(dist(a)), c(dist(b)), method = "spearman")
}

chemistry <- scale(acids[PROPERTIES])
rho <- c(
  rho_chemistry_untrained = correlate(net$before, chemistry),
  rho_chemistry_trained = correlate(net$after, chemistry),
  val_rho_task_untrained = correlate(net$before, for_amp),
  val_rho_task_trained = correlate(net$after, for_amp))
round(rho, 3)

# ---- map ----
set.seed(SEED)
tsne <- Rtsne::Rtsne(
  net$after, perplexity = PERPLEXITY, eta = ETA, theta = 0,
  pca = FALSE, normalize = FALSE)
data.frame(tsne$Y, for_amp, letter = acids$letter) |>
  ggplot(aes(X1, X2, colour = for_amp, label = letter)) +
  geom_point() + geom_text(colour = "black", hjust = -0.6) +
  scale_colour_gradient(low = "#0072B2", high = "#D55E00")

# ---- predictors ----
by_letters <- function(values) { # one number for each letter
  score <- \(x) c(count(x, tokens) %*% values) / rowSums(x > 0)
  means <- tapply(score(x_train), y_train, mean)
  \(x) (score(x) > mean(means)) == (means[[2]] > means[[1]])
}

predictors <- list(
  enrichment = by_letters(enrich(x_train, y_train, tokens)),
  untrained = by_letters(prcomp(net$before)$x[, 1]),
  component = by_letters(prcomp(net$after)$x[, 1]),
  network = \(x) predict(net$model, x, verbose = 0)[, 1] > 0.5)
accuracy <- sapply(predictors, \(one) mean(one(x_val) == y_val))
round(accuracy, 3)
chosen <- names(which.max(accuracy))

# ---- words ----
words <- readLines(VOCABULARY)
reviews <- reticulate::import("numpy")$load(REVIEWS)
sizes <- diff(reviews$get("train_offsets"))
x_words <- c(reviews$get("train_tokens")) |>
  split(rep(seq_along(sizes), sizes)) |>
  unname() |>
  pad_sequences(maxlen = LENGTH)
y_words <- c(reviews$get("y_train"))
here <- seq_len(TRAIN)
found <- train(x_words[here, ], y_words[here], length(words))

# ---- neighbours ----
lean <- enrich(x_words[-here, ], y_words[-here], length(words))
lean <- lean[-(1:3)]
words <- words[-(1:4)] # 0 to 3 are no words
strong <- order(-abs(lean))[1:STRONG]
unit <- found$after[-(1:3), ]
unit <- unit / sqrt(rowSums(unit^2))
near <- t(apply(-tcrossprod(unit), 1, order))[, -1] # by angle
same <- mean(lean[near[strong, 1]] * lean[strong] > 0)
for (probe in PROBES) {
  i <- near[match(probe, words), 1:5]
  cat(probe, ":", sprintf("%s %+.1f", words[i], lean[i]), "\n")
}

# ---- predict ----
new <- encode("LLGDFFRKSKEKIGKEFKRIVQRIKDFLRNLVPRTES") # LL-37
cat(chosen, "says AMP:", predictors[[chosen]](new), "\n")

# ---- test ----
x_test <- x[fold == 4, ]
y_test <- y[fold == 4]
right <- sum(predictors[[chosen]](x_test) == y_test)
ci <- prop.test(right, length(y_test), correct = FALSE)$conf.int
names(accuracy) <- paste0("val_accuracy_", names(accuracy))
results <- c(
  as.list(rho), as.list(accuracy), val_same_side = same,
  tsne_kl = tail(tsne$itercosts, 1),
  test_accuracy = right / length(y_test),
  test_low = ci[1], test_high = ci[2])
str(results)
