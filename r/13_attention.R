# Attention: queries, keys, values, and a small transformer.

library(keras3)
library(ggplot2)

# ---- constants ----
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
SEED <- 1
AMINO_ACIDS <- "ACDEFGHIKLMNPQRSTVWY"
LENGTH <- 50
WIDTH <- 32
HEADS <- 2
LEARNING_RATE <- 0.003
EPOCHS <- 7
EXPLAINED <- 100

# ---- words ----
x <- rbind(the = c(0, 0, 0), small = c(0, 0, 1),
           cell = c(1, 0, 0), divides = c(0, 1, 0))
w_query <- rbind(c(0, 2), c(2, 0), c(2, 0))
w_key <- rbind(c(2, 0), c(0, 0), c(0, 2))
w_value <- rbind(c(1, 0), c(0, 0), c(0, 1))

# ---- by-hand ----
attend <- function(x) {
  query <- x %*% w_query
  key <- x %*% w_key
  value <- x %*% w_value
  weight <- exp(query %*% t(key) / sqrt(2))
  weight <- weight / rowSums(weight)
  list(weight = weight, output = weight %*% value)
}

by_hand <- attend(x)
lapply(by_hand, round, 2)

# ---- keras ----
layer <- layer_multi_head_attention(num_heads = 1, key_dim = 2,
  output_shape = 2L, use_bias = FALSE)
sentence <- array(x, c(1, 4, 3)) # a batch of one
output <- layer(sentence, sentence) # now it has weights
layer |> set_weights(list(
  array(w_query, c(3, 1, 2)), array(w_key, c(3, 1, 2)),
  array(w_value, c(3, 1, 2)), array(diag(2), c(1, 2, 2))))
output <- as.array(layer(sentence, sentence))[1, , ]
max(abs(output - by_hand$output)) < 1e-6

# ---- positions ----
round(attend(x[4:1, ])$output, 2)

# ---- load ----
lists <- lapply(c(AMPS, DECOYS), readLines)
peptides <- unlist(lists)
y <- rep(1:0, lengths(lists))
fifth <- lapply(lengths(lists), \(n) (5 * (1:n - 1)) %/% n)
is_train <- unlist(fifth) < 3
is_val <- unlist(fifth) == 3
is_test <- unlist(fifth) == 4
x <- strsplit(peptides, "") |>
  lapply(match, strsplit(AMINO_ACIDS, "")[[1]]) |>
  pad_sequences(LENGTH)
x_val <- x[is_val, ]

# ---- transformer ----
transformer <- function(places = TRUE) {
  peptide <- keras_input(LENGTH, dtype = "int32")
  h <- layer_embedding(peptide, 21, WIDTH, mask_zero = TRUE)
  if (places) {
    # 1, 2, 3, ... for the amino acids, 0 for padding
    real <- op_sign(peptide)
    place <- op_multiply(real, op_cumsum(real, axis = 2)) |>
      layer_embedding(LENGTH + 1, WIDTH, mask_zero = TRUE)
    h <- layer_add(h, place)
  }
  look <- layer_multi_head_attention(
    num_heads = HEADS, key_dim = WIDTH, name = "look")
  attended <- look(h, h, return_attention_scores = TRUE)
  h <- layer_add(h, attended[[1]]) |> layer_layer_normalization()
  dense <- layer_dense(h, 2 * WIDTH, activation = "relu")
  y <- layer_add(h, layer_dense(dense, WIDTH)) |>
    layer_layer_normalization() |>
    layer_global_average_pooling_1d() |>
    layer_dense(1, activation = "sigmoid")
  keras_model(peptide, y)
}

# ---- fit ----
set_random_seed(SEED)
models <- list(transformer = transformer(),
               no_places = transformer(places = FALSE))
y_prob <- lapply(models, \(one) {
  one |> compile(optimizer_adam(LEARNING_RATE),
                 "binary_crossentropy")
  one |> fit(x[is_train, ], y[is_train], epochs = EPOCHS,
             verbose = 0)
  as.array(one(x_val))[, 1]
})

# ---- baseline ----
share <- apply(to_categorical(x), c(1, 3), sum)[, -1] |>
  proportions(1)
line <- share[is_train, ] |> glmnet::glmnet(
  y[is_train], "binomial", alpha = 0, standardize = FALSE,
  lambda = 1 / (20 * sum(is_train)), thresh = 1e-14)
y_prob$baseline <- predict(line, share[is_val, ],
                           type = "response")[, 1]
auc <- sapply(y_prob, \(p) pROC::auc(y[is_val], p, quiet = TRUE))
names(auc) <- paste0("val_auc_", names(auc))
round(auc, 3)

# ---- map ----
model <- models$transformer
attention <- keras_model(
  model$input, get_layer(model, "look")$output[[2]])
real <- x_val[1, ] > 0
weight <- as.array(attention(x_val[1, , drop = FALSE]))
weight <- apply(weight[1, , real, real], 2:3, mean)
letters <- strsplit(peptides[is_val][1], "")[[1]]
as.data.frame(as.table(weight)) |>
  ggplot(aes(Var2, Var1, fill = Freq)) + geom_raster() +
  scale_fill_distiller(
    "weight", breaks = c(0.04, 0.08), direction = 1) +
  scale_x_discrete("looked at", labels = letters) +
  scale_y_discrete("looks", limits = rev, labels = rev(letters))

# ---- explain ----
some <- x_val[1:EXPLAINED, ]
looked <- apply(as.array(attention(some)), c(1, 4), mean)
without <- some[rep(1:EXPLAINED, each = LENGTH), ]
without[cbind(seq_len(nrow(without)), 1:LENGTH)] <- 0L
p <- predict(model, without, batch_size = 256, verbose = 0)
whole <- y_prob$transformer[1:EXPLAINED]
effect <- abs(whole - matrix(p, ncol = LENGTH, byrow = TRUE))
agree <- sapply(1:EXPLAINED, \(i) cor(
  looked[i, some[i, ] > 0], effect[i, some[i, ] > 0])) |> mean()
cat("attention and effect, correlation:", round(agree, 2), "\n")

# ---- test ----
y_prob <- as.array(model(x[is_test, ]))[, 1]
y_test <- y[is_test]
right <- sum((y_prob > 0.5) == y_test)
ci <- prop.test(right, length(y_test), correct = FALSE)$conf.int
results <- c(as.list(auc), attention_effect = agree,
             test_auc = pROC::auc(y_test, y_prob, quiet = TRUE),
             test_accuracy = right / length(y_test),
             test_low = ci[1], test_high = ci[2])
str(results)
