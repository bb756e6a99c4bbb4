# Solution: without a convolution, each letter counts alone.

library(keras3)

# ---- constants ----
ACIDS <- "shared_data/aminoacids/aminoacids.csv"
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
PROPERTIES <- c("charge", "hydropathy", "volume")
SEED <- 1
LENGTH <- 50
DIMENSIONS <- 32
EPOCHS <- 10

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
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = LENGTH) |>
  layer_embedding(tokens, DIMENSIONS, mask_zero = TRUE) |>
  layer_global_average_pooling_1d() |>
  layer_dense(1, activation = "sigmoid")
model |> compile("adam", "binary_crossentropy")
before <- get_weights(model)[[1]][-1, ]

# ---- fit ----
model |> fit(x_train, y_train, epochs = EPOCHS, verbose = 0)
after <- get_weights(model)[[1]][-1, ]

# ---- enrichment ----
# in each row, without 0
count <- \(x, tokens) t(apply(x, 1, tabulate, tokens - 1))

enrich <- function(x, y, tokens) {
  n <- rowsum(count(x, tokens), y) + 1 # a row for each class
  log2(n[2, ] / n[1, ] * (sum(n[1, ]) / sum(n[2, ])))
}

for_amp <- enrich(x_val, y_val, tokens)

# ---- distances ----
mantel <- \(a, b) cor(dist(a), dist(b), method = "spearman")

chemistry <- scale(acids[PROPERTIES])
rho <- c(
  rho_chemistry_untrained = mantel(before, chemistry),
  rho_chemistry_trained = mantel(after, chemistry),
  val_rho_task_untrained = mantel(before, for_amp),
  val_rho_task_trained = mantel(after, for_amp),
  val_rho_chemistry_task = mantel(chemistry, for_amp))
draws <- random_uniform(c(1000, nrow(acids)), seed = SEED)
mixed <- apply(as.array(draws), 1, \(draw)
  mantel(after[order(draw), ], chemistry))
rho["p_value"] <- mean(mixed >= rho["rho_chemistry_trained"])

# ---- validate ----
is_right <- \(x, y) {
  (predict(model, x, verbose = 0)[, 1] > 0.5) == y
}

val_accuracy <- mean(is_right(x_val, y_val))

# ---- test ----
x_test <- x[fold == 4, ]
y_test <- y[fold == 4]
right <- sum(is_right(x_test, y_test))
ci <- prop.test(right, length(y_test), correct = FALSE)$conf.int
results <- c(as.list(rho), val_accuracy_network = val_accuracy,
             test_accuracy = right / length(y_test),
             test_low = ci[1], test_high = ci[2])
str(results)
