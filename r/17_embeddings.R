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
EPOCHS <- 10
TRAIN <- 2000 # snippets

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
    layer_conv_1d(32, 8, activation = "relu") |>
    layer_global_max_pooling_1d() |>
    layer_dense(1, activation = "sigmoid")
  model |> compile("adam", "binary_crossentropy")
  before <- get_weights(model)[[1]][-1, ] # without the padding
  model |> fit(x, y, epochs = EPOCHS, verbose = 0)
  after <- get_weights(model)[[1]][-1, ]
  list(model = model, untrained = before, trained = after)
}

net <- train(x_train, y_train, tokens)

# ---- enrichment ----
# in each row, without 0
count <- \(x, tokens) t(apply(x, 1, tabulate, tokens - 1))

enrich <- function(x, y, tokens) {
  n <- rowsum(count(x, tokens), y) + 1 # a row for each class
  log2(n[2, ] / n[1, ] * (sum(n[1, ]) / sum(n[2, ])))
}

for_amp <- enrich(x_val, y_val, tokens)
cbind(log2 = round(sort(setNames(for_amp, acids$letter)), 2))

# ---- distances ----
mantel <- \(a, b) cor(dist(a), dist(b), method = "spearman")

chemistry <- scale(acids[PROPERTIES])
rho <- c(
  rho_chemistry_untrained = mantel(net$untrained, chemistry),
  rho_chemistry_trained = mantel(net$trained, chemistry),
  val_rho_task_untrained = mantel(net$untrained, for_amp),
  val_rho_task_trained = mantel(net$trained, for_amp),
  val_rho_chemistry_task = mantel(chemistry, for_amp))
draws <- random_uniform(c(1000, nrow(acids)), seed = SEED)
mixed <- apply(as.array(draws), 1, \(draw)
  mantel(net$trained[order(draw), ], chemistry))
rho["p_value"] <- mean(mixed >= rho["rho_chemistry_trained"])
cbind(rho = round(rho, 3))

# ---- map ----
set.seed(SEED)
tsne <- Rtsne::Rtsne(
  net$trained, perplexity = 5, eta = 200, theta = 0,
  pca = FALSE, normalize = FALSE)
data.frame(tsne$Y, for_amp, letter = acids$letter) |>
  ggplot(aes(X1, X2, colour = for_amp, label = letter)) +
  geom_point() + geom_text(colour = "black", hjust = -0.6) +
  scale_colour_gradient2(
    low = "#3B4CC0", mid = "#DDDDDD", high = "#B40426")

# ---- predictors ----
by_letters <- function(values) { # one number for each letter
  score <- \(x) c(count(x, tokens) %*% values) / rowSums(x > 0)
  means <- tapply(score(x_train), y_train, mean)
  \(x) abs(score(x) - means[[2]]) < abs(score(x) - means[[1]])
}

predictors <- list(
  enrichment = by_letters(enrich(x_train, y_train, tokens)),
  untrained = by_letters(prcomp(net$untrained)$x[, 1]),
  component = by_letters(prcomp(net$trained)$x[, 1]),
  network = \(x) predict(net$model, x, verbose = 0)[, 1] > 0.5)
accuracy <- sapply(predictors, \(one) mean(one(x_val) == y_val))
round(accuracy, 3)
chosen <- names(which.max(accuracy))

# ---- words ----
words <- readLines(VOCABULARY)
reviews <- reticulate::import("numpy")$load(REVIEWS)
sizes <- diff(reviews$get("train_offsets"))
x_words <- c(reviews$get("train_tokens")) |>
  split(rep(seq_along(sizes), sizes)) |> unname() |>
  pad_sequences(maxlen = LENGTH)
y_words <- c(reviews$get("y_train"))
here <- seq_len(TRAIN)
tables <- train(x_words[here, ], y_words[here], length(words))

# ---- neighbours ----
lean <- enrich(x_words[-here, ], y_words[-here], length(words))
lean <- lean[-(1:3)]
shown <- words[-(1:4)] # without the four signs
strong <- order(-abs(lean))[1:50]
same <- c()
for (name in c("untrained", "trained")) {
  unit <- tables[[name]][-(1:3), ]
  unit <- unit / sqrt(rowSums(unit^2))
  near <- apply(-tcrossprod(unit), 1, order) # itself first
  hits <- lean[near[2, strong]] * lean[strong] > 0
  same[paste0("val_same_side_", name)] <- mean(hits)
}
for (i in match(PROBES, shown)) {
  cat(sprintf("%s %+.1f", shown, lean)[near[1:6, i]], "\n")
}

# ---- predict ----
new <- encode("LLGDFFRKSKEKIGKEFKRIVQRIKDFLRNLVPRTES") # LL-37
cat(chosen, "says AMP:", predictors[[chosen]](new), "\n")

# ---- test ----
y_test <- y[fold == 4]
right <- sum(predictors[[chosen]](x[fold == 4, ]) == y_test)
ci <- prop.test(right, length(y_test), correct = FALSE)$conf.int
names(accuracy) <- paste0("val_accuracy_", names(accuracy))
results <- c(
  as.list(rho), as.list(accuracy), as.list(same),
  tsne_kl = tail(tsne$itercosts, 1),
  test_accuracy = right / length(y_test),
  test_low = ci[1], test_high = ci[2])
str(results)
