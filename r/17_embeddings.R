# Embeddings: what do learned vectors know?

library(keras3)
library(ggplot2)

# ---- constants ----
ACIDS <- "shared_data/aminoacids/aminoacids.csv"
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
REVIEWS <- "shared_data/reviews/reviews.npz"
VOCABULARY <- "shared_data/reviews/words.txt"
SEED <- 1
AMINO_ACIDS <- "XACDEFGHIKLMNPQRSTVWY"
PROPERTIES <- c("charge", "hydropathy", "volume")
LENGTH <- 50
DIMENSIONS <- 32
FILTERS <- 32
KERNEL <- 8
POOL <- 5
UNITS <- 32
BATCH_SIZE <- 32
EPOCHS <- 10
C_LETTERS <- 100
CLUSTERS <- 9
PERPLEXITY <- 5
WORDS <- 500
TRAIN <- 2000
WORDS_LENGTH <- 40
WORDS_UNITS <- 25
C_WORDS <- 0.1
PROBES <- c("good", "bad", "funny", "dull")
STRONG <- 50

# ---- load ----
read_peptides <- function(path) { # one a line, or FASTA
  lines <- trimws(toupper(readLines(path)))
  header <- startsWith(lines, ">")
  if (!any(header)) return(lines[lines != ""])
  split(lines[!header], cumsum(header)[!header]) |>
    vapply(paste, "", collapse = "", USE.NAMES = FALSE)
}

load_list <- function(path) { # the training set
  peptides <- read_peptides(path)
  head(peptides, -2 * (length(peptides) %/% 5))
}

acids <- read.csv(ACIDS)
amps <- load_list(AMPS)
decoys <- load_list(DECOYS)
peptides <- strsplit(c(amps, decoys), "")
y <- rep(c(1L, 0L), c(length(amps), length(decoys)))
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]
x <- peptides |>
  lapply(\(letters) match(letters, amino_acids) - 1L) |>
  pad_sequences(maxlen = LENGTH)
cat("peptides:", length(amps), length(decoys), "\n")
print(acids, row.names = FALSE)

# ---- letters ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = LENGTH) |>
  layer_embedding(length(amino_acids), DIMENSIONS) |>
  layer_conv_1d(
    FILTERS, KERNEL, padding = "same", activation = "relu"
  ) |>
  layer_max_pooling_1d(POOL) |>
  layer_lstm(UNITS) |>
  layer_dense(1, activation = "sigmoid")
model |> compile(optimizer = "adam",
                 loss = "binary_crossentropy")
before <- get_weights(model)[[1]][-1, ] # without X
model |> fit(x, y, batch_size = BATCH_SIZE, epochs = EPOCHS,
             verbose = 0)
after <- get_weights(model)[[1]][-1, ]

# ---- distances ----
chemistry <- scale(acids[PROPERTIES])
group <- acids$group
same <- outer(group, group, "==")
same <- same[lower.tri(same)]

silhouette <- function(distance) {
  width <- sapply(seq_along(group), \(i) {
    to <- tapply(distance[i, -i], group[-i], mean)
    own <- to[group[i]] # NA if it is alone in its group
    nearest <- min(to[names(to) != group[i]])
    (nearest - own) / max(nearest, own)
  })
  mean(ifelse(is.na(width), 0, width))
}

compare <- function(vectors) {
  distance <- as.vector(dist(vectors))
  chemical <- as.vector(dist(chemistry))
  list(
    rho = cor(distance, chemical, method = "spearman"),
    ratio = mean(distance[same]) / mean(distance[!same]),
    silhouette = silhouette(as.matrix(dist(vectors)))
  )
}

untrained <- compare(before)
trained <- compare(after)
round(cbind(untrained = unlist(untrained),
            trained = unlist(trained)), 3)

# ---- direction ----
shares <- t(sapply(peptides, \(letters) {
  table(factor(letters, amino_acids[-1])) / length(letters)
}))

weigh <- function(x, y, C) {
  logistic <- glmnet::glmnet(
    x, y, "binomial", alpha = 0, lambda = 1 / (C * length(y)),
    standardize = FALSE, thresh = 1e-10
  )
  as.vector(logistic$beta)
}

follow <- function(vectors, values) {
  abs(cor(prcomp(vectors)$x[, 1], values))
}

for_amp <- weigh(shares, y, C_LETTERS)
pc1 <- transform(acids[PROPERTIES], amp = for_amp) |>
  lapply(\(values) {
    c(untrained = follow(before, values),
      trained = follow(after, values))
  })
round(data.frame(pc1), 3)

component <- prcomp(after)$x[, 1]
if (cor(component, for_amp) < 0) {
  component <- -component # the sign means nothing
}
ggplot(acids, aes(component, for_amp, colour = kind)) +
  geom_point() +
  geom_text(aes(label = letter), colour = "black", size = 3,
            hjust = -0.6, vjust = -0.3) +
  labs(x = "first component of the vectors",
       y = "weight for AMP", colour = NULL)

# ---- clusters ----
adjusted_rand <- function(a, b) {
  pairs <- \(n) sum(choose(n, 2))
  counts <- table(a, b)
  rows <- pairs(rowSums(counts))
  columns <- pairs(colSums(counts))
  expected <- rows * columns / choose(length(a), 2)
  (pairs(counts) - expected) /
    ((rows + columns) / 2 - expected)
}

agree <- function(vectors) {
  set.seed(SEED)
  means <- kmeans(vectors, CLUSTERS, nstart = 10, iter.max = 100)
  adjusted_rand(group, means$cluster)
}

ari <- list(untrained = agree(before), trained = agree(after),
            chemistry = agree(chemistry))
cat(sprintf("ARI with the groups, %-9s %6.3f\n",
            names(ari), ari), sep = "")

# ---- map ----
set.seed(SEED)
tsne <- Rtsne::Rtsne(after, perplexity = PERPLEXITY, eta = 50,
                     theta = 0, pca = FALSE, normalize = FALSE)
data.frame(tsne$Y, acids) |>
  ggplot(aes(X1, X2, colour = kind)) +
  geom_point() +
  geom_text(aes(label = letter), colour = "black", size = 3,
            hjust = -0.6, vjust = -0.3) +
  labs(x = "t-SNE 1", y = "t-SNE 2", colour = NULL)

# ---- words ----
words <- readLines(VOCABULARY)
np <- reticulate::import("numpy")
reviews <- np$load(REVIEWS)
sizes <- diff(reviews$get("train_offsets"))
tokens <- as.vector(reviews$get("train_tokens")) |>
  split(rep(seq_along(sizes), sizes)) |>
  unname()
x_words <- pad_sequences(tokens[1:TRAIN], maxlen = WORDS_LENGTH)
y_words <- as.vector(reviews$get("y_train"))[1:TRAIN]
set_random_seed(SEED)
reader <- keras_model_sequential(input_shape = WORDS_LENGTH) |>
  layer_embedding(WORDS, DIMENSIONS) |>
  layer_lstm(WORDS_UNITS) |>
  layer_dense(1, activation = "sigmoid")
reader |> compile(optimizer = "adam",
                  loss = "binary_crossentropy")
words <- words[-(1:4)] # 0 to 3 are no words
words_before <- get_weights(reader)[[1]][-(1:4), ]
reader |> fit(x_words, y_words, batch_size = BATCH_SIZE,
              epochs = EPOCHS, verbose = 0)
words_after <- get_weights(reader)[[1]][-(1:4), ]

# ---- neighbours ----
cosine <- function(vectors) {
  tcrossprod(vectors / sqrt(rowSums(vectors^2)))
}

nearness <- cosine(words_after)
for (probe in PROBES) {
  order <- order(-nearness[match(probe, words), ])
  cat(probe, ": ", paste(words[order[2:8]], collapse = " "),
      "\n", sep = "")
}

# ---- sentiment ----
bag <- t(apply(x_words, 1, \(row) tabulate(row + 1, WORDS) > 0))
weight <- weigh(1 * bag[, -(1:4)], y_words, C_WORDS)
strong <- head(order(-abs(weight)), STRONG)

match_sign <- function(vectors) {
  close <- cosine(vectors[strong, ])
  diag(close) <- -1
  nearest <- max.col(close, "first")
  sign <- sign(weight[strong])
  mean(sign == sign[nearest])
}

sentiment <- list(
  follows_untrained = follow(words_before, weight),
  follows_trained = follow(words_after, weight),
  same_sign_untrained = match_sign(words_before),
  same_sign_trained = match_sign(words_after)
)
round(unlist(sentiment), 3)

component <- prcomp(words_after)$x[, 1]
if (cor(component, weight) < 0) component <- -component
of_words <- data.frame(words, component, weight)
ggplot(of_words, aes(component, weight)) +
  geom_point(alpha = 0.4, colour = "#0072B2") +
  geom_text(aes(label = words), of_words[strong[1:20], ],
            size = 2.8, hjust = 0, vjust = 0) +
  labs(x = "first component of the word vectors",
       y = "weight in the bag of words")

# ---- results ----
pc1 <- unlist(list(pc1 = pc1)) # "pc1.charge.untrained", ...
results <- c(
  trained,
  setNames(untrained, paste0(names(untrained), "_untrained")),
  setNames(pc1, gsub("[.]", "_", names(pc1))),
  setNames(sentiment, paste0("words_", names(sentiment))),
  setNames(ari, paste0("ari_", names(ari))),
  tsne_kl = tail(tsne$itercosts, 1)
)
for (name in c("rho", "rho_untrained", "pc1_amp_trained",
               "words_follows_trained", "tsne_kl")) {
  cat(sprintf("%s %.3f\n", name, results[[name]]))
}
