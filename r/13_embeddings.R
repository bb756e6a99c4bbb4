# Embeddings: what do learned vectors know?

library(keras3)
library(ggplot2)
library(glmnet)

# ---- constants ----
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
C_LETTERS <- 100
CLUSTERS <- 9
PERPLEXITY <- 5
WORDS <- 500
REVIEWS <- 2000
WORDS_LENGTH <- 40
WORDS_UNITS <- 25
C_WORDS <- 0.1
PROBES <- c("good", "bad", "funny", "dull")
STRONG <- 50

# ---- load ----
table <- read.csv(
  file.path(data_dir("aminoacids"), "aminoacids.csv")
)
folder <- data_file("peptides")

train_part <- function(name) {
  file <- file.path(folder, paste0(name, ".train.txt"))
  rows <- read_peptides(file)
  head(rows, -2 * (length(rows) %/% 5))
}

amps <- train_part("AMP")
decoys <- train_part("DECOY")
peptides <- strsplit(c(amps, decoys), "")
y <- rep(c(1L, 0L), c(length(amps), length(decoys)))
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]
x <- peptides |>
  lapply(\(letters) match(letters, amino_acids) - 1L) |>
  pad_sequences(maxlen = LENGTH)
cat("peptides:", length(amps), length(decoys), "\n")
print(table, row.names = FALSE)

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
history <- model |> fit(x, y, batch_size = BATCH_SIZE,
                        epochs = EPOCHS, verbose = 0)
before <- start[[1]][-1, ] # without X
after <- get_weights(model)[[1]][-1, ]

# ---- distances ----
chemistry <- scale(table[c("charge", "hydropathy", "volume")])
same <- outer(table$group, table$group, "==")
same_pair <- same[lower.tri(same)]

silhouette <- function(distance) {
  # For each amino acid: how far, on average, to each group?
  size <- table(table$group)[table$group]
  sums <- t(rowsum(as.matrix(distance), table$group))
  column <- match(table$group, colnames(sums))
  own <- cbind(seq_along(column), column)
  within <- sums[own] / (size - 1)
  others <- sweep(sums, 2, table(table$group), "/")
  others[own] <- Inf
  nearest <- apply(others, 1, min)
  width <- (nearest - within) / pmax(nearest, within)
  mean(ifelse(size == 1, 0, width)) # alone in its group: 0
}

compare <- function(vectors) {
  distance <- as.vector(dist(vectors))
  chemical <- as.vector(dist(chemistry))
  list(
    rho = cor(distance, chemical, method = "spearman"),
    ratio =
      mean(distance[same_pair]) / mean(distance[!same_pair]),
    silhouette = silhouette(dist(vectors))
  )
}

untrained <- compare(before)
trained <- compare(after)
print(round(cbind(untrained = unlist(untrained),
                  trained = unlist(trained)), 3))

# ---- direction ----
shares <- t(sapply(peptides, \(letters) {
  table(factor(letters, amino_acids[-1])) / length(letters)
}))

weights_of <- function(x, y, C) {
  fitted <- glmnet(
    x, y, "binomial", alpha = 0, lambda = 1 / (C * length(y)),
    standardize = FALSE, thresh = 1e-16, maxit = 1e7
  )
  round(as.vector(fitted$beta), 3)
}

for_amp <- weights_of(shares, y, C_LETTERS)

first_component <- function(vectors) prcomp(vectors)$x[, 1]

follows <- function(vectors, values) {
  abs(cor(first_component(vectors), values))
}

properties <- c(table[c("charge", "hydropathy", "volume")],
                list(amp = for_amp))
pc1 <- sapply(properties, \(values) {
  c(untrained = follows(before, values),
    trained = follows(after, values))
})
print(round(pc1, 3))

component <- first_component(after)
if (cor(component, for_amp) < 0) component <- -component
ggplot(table, aes(component, for_amp, colour = kind)) +
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

agreement <- function(vectors) {
  set.seed(SEED)
  means <- kmeans(vectors, CLUSTERS, nstart = 10, iter.max = 100)
  adjusted_rand(table$group, means$cluster)
}

ari <- sapply(list(untrained = before, trained = after,
                   chemistry = chemistry), agreement)
cat(sprintf("ARI with the groups, %-9s %6.3f\n",
            names(ari), ari), sep = "")

# ---- map ----
set.seed(SEED)
tsne <- Rtsne::Rtsne(after, perplexity = PERPLEXITY, eta = 50,
                     theta = 0, pca = FALSE, normalize = FALSE)
data.frame(tsne$Y, table) |>
  ggplot(aes(X1, X2, colour = kind)) +
  geom_point() +
  geom_text(aes(label = letter), colour = "black", size = 3,
            hjust = -0.6, vjust = -0.3) +
  labs(x = "t-SNE 1", y = "t-SNE 2", colour = NULL)

# ---- words ----
file <- data_file("reviews")
words <- readLines(file.path(dirname(file), "words.txt"))
arrays <- read_arrays(
  file, train_tokens = NA, train_offsets = NA, y_train = NA
)
sizes <- diff(arrays$train_offsets)
reviews <- arrays$train_tokens |>
  split(rep(seq_along(sizes), sizes)) |>
  head(REVIEWS) |>
  unname()
x_words <- pad_sequences(reviews, maxlen = WORDS_LENGTH)
y_words <- head(arrays$y_train, REVIEWS)
set_random_seed(SEED)
reader <- keras_model_sequential(input_shape = WORDS_LENGTH) |>
  layer_embedding(WORDS, DIMENSIONS) |>
  layer_lstm(WORDS_UNITS) |>
  layer_dense(1, activation = "sigmoid")
blank <- get_weights(reader)
reader |> compile(optimizer = "adam",
                  loss = "binary_crossentropy")
read <- reader |> fit(x_words, y_words, batch_size = BATCH_SIZE,
                      epochs = EPOCHS, verbose = 0)
words <- words[-(1:4)] # 0 to 3 are no words
words_before <- blank[[1]][-(1:4), ]
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
bag <- bag[, -(1:4)] * 1
weight <- weights_of(bag, y_words, C_WORDS)
strong <- head(order(-abs(weight)), STRONG)

same_sign <- function(vectors) {
  close <- cosine(vectors[strong, ])
  diag(close) <- -1
  nearest <- max.col(close, "first")
  sign <- sign(weight[strong])
  mean(sign == sign[nearest])
}

sentiment <- list(
  follows_untrained = follows(words_before, weight),
  follows_trained = follows(words_after, weight),
  same_sign_untrained = same_sign(words_before),
  same_sign_trained = same_sign(words_after)
)
print(round(unlist(sentiment), 3))

component <- first_component(words_after)
if (cor(component, weight) < 0) component <- -component
of_words <- data.frame(words, component, weight)
ggplot(of_words, aes(component, weight)) +
  geom_point(alpha = 0.4, colour = "#0072B2") +
  geom_text(aes(label = words), of_words[strong[1:20], ],
            size = 2.8, hjust = 0, vjust = 0) +
  labs(x = "first component of the word vectors",
       y = "weight in the bag of words")

# ---- results ----
diag(same) <- FALSE
by_name <- as.list(pc1)
names(by_name) <- paste0(
  "pc1_", colnames(pc1)[col(pc1)], "_", rownames(pc1)[row(pc1)]
)
results <- c(
  trained,
  setNames(untrained, paste0(names(untrained), "_untrained")),
  by_name,
  setNames(sentiment, paste0("words_", names(sentiment)))
)
results <- c(results, c(
  setNames(as.list(ari), paste0("ari_", names(ari))),
  list(tsne_kl = tail(tsne$itercosts, 1))
))
print(round(unlist(results), 4))
