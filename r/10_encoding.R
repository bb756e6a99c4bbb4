# Encodings: how words and DNA become numbers.

library(keras3)
library(ggplot2)

# ---- constants ----
DNA <- "shared_data/dna/dna.csv"
SEED <- 1
SENTENCES <- c(
  "the cat ran to the park",
  "a dog ran",
  "the dog and the cat sat in the park"
)
MAXLEN <- 8
LETTERS <- c("A", "C", "G", "T")
UNITS <- 16
BATCH_SIZE <- 32
EPOCHS <- 10

# ---- words ----
first <- strsplit(SENTENCES[1], " ")[[1]]
known <- unique(first)
first
match(first, known)

# ---- vocabulary ----
split <- strsplit(SENTENCES, " ")
counts <- table(unlist(split))
by_count <- order(-counts, names(counts), method = "radix")
words <- names(counts)[by_count]
encoded <- lapply(split, match, words)
for (number in seq_along(words)) {
  cat(number, words[number], counts[words[number]], "\n")
}

# ---- padding ----
padded <- pad_sequences(encoded, maxlen = MAXLEN)
padded

# ---- one hot ----
one_hot <- to_categorical(padded, length(words) + 1)
cat("one-hot:", dim(one_hot), "\n")
one_hot[2, , ]

# ---- multi hot ----
multi_hot <- apply(one_hot, c(1, 3), max)[, -1]
cat("multi-hot:", dim(multi_hot), "\n")
multi_hot

# ---- embedding ----
set_random_seed(SEED)
embedding <- layer_embedding(
  input_dim = length(words) + 1, output_dim = 2,
  mask_zero = TRUE
)
vectors <- as.array(embedding(padded))
cat("vectors:", dim(vectors), "\n")
round(vectors[2, , ], 3)

# ---- mask ----
mask <- as.array(embedding$compute_mask(padded))
lstm <- layer_lstm(units = 2)
alone <- as.array(lstm(embedding(rbind(encoded[[2]]))))
masked <- as.array(lstm(embedding(padded[2, , drop = FALSE])))
unmasked <- as.array(lstm(vectors[2, , , drop = FALSE]))
mask * 1
cat("without padding  ", round(alone, 4), "\n")
cat("padded, masked   ", round(masked, 4), "\n")
cat("padded, no mask  ", round(unmasked, 4), "\n")

# ---- dna ----
dna <- read.csv(DNA)
letters <- do.call(rbind, strsplit(dna$sequence, ""))
numbers <- array(match(letters, LETTERS), dim(letters))
columns <- to_categorical(numbers - 1, length(LETTERS))
triples <- expand.grid(LETTERS, LETTERS, LETTERS)[3:1] |>
  do.call(what = paste0)
hits <- 1 * sapply(triples, grepl, dna$sequence, fixed = TRUE)

y <- dna$label
is_train <- dna$part == "train"
is_val <- dna$part == "tuning"
is_test <- dna$part == "test"
cat(dna$sequence[1], "\n")
numbers[1, ]

# ---- see ----
picture <- function(title, values, rows) {
  data.frame(title, place = c(col(values)),
             row = rows[row(values)],
             value = c(values) / max(values))
}
multi_title <- "multi-hot, words of three letters"
rbind(
  picture("numbers", numbers[1, , drop = FALSE], "number"),
  picture("one-hot", t(columns[1, , ]), LETTERS),
  picture(multi_title, hits[1, , drop = FALSE], "words")
) |>
  transform(title = factor(title, unique(title)),
            row = factor(row, c("number", "words", "T", "G",
                                "C", "A"))) |>
  ggplot(aes(place, row, fill = value)) +
  geom_tile() +
  facet_wrap(vars(title), ncol = 1, scales = "free") +
  scale_fill_distiller(palette = "Blues", direction = 1) +
  guides(fill = "none") +
  labs(x = NULL, y = NULL)

# ---- networks ----
inputs <- list(
  numbers = numbers,
  multi_hot = hits,
  one_hot = array_reshape(columns, c(length(y), 40 * 4)),
  embedding = numbers
)
accuracy <- list()
for (name in names(inputs)) {
  x <- inputs[[name]]
  set_random_seed(SEED)
  model <- keras_model_sequential(input_shape = ncol(x))
  if (name == "embedding") {
    model |> layer_embedding(5, 4)
    model |> layer_flatten()
  }
  model |> layer_dense(UNITS, activation = "relu")
  model |> layer_dense(1, activation = "sigmoid")
  model |> compile(optimizer = "adam",
                   loss = "binary_crossentropy",
                   metrics = "accuracy")
  model |> fit(
    x[is_train, ], y[is_train],
    batch_size = BATCH_SIZE, epochs = EPOCHS,
    validation_data = list(x[is_val, ], y[is_val]),
    verbose = 0
  )
  y_prob <- predict(model, x[is_test, ], verbose = 0)[, 1]
  accuracy[[name]] <- mean((y_prob > 0.5) == y[is_test])
  cat(sprintf("%-10s parameters %5d  test accuracy %.4f\n",
              name, count_params(model), accuracy[[name]]))
}

# ---- baseline ----
shares <- apply(columns, c(1, 3), mean)
logistic <- glmnet::glmnet(
  shares[is_train, ], y[is_train], "binomial",
  alpha = 0, lambda = 1 / sum(is_train), standardize = FALSE
)
y_pred <- logistic |> predict(shares[is_test, ], type = "class")
accuracy$baseline <- mean(y_pred == y[is_test])
cat(sprintf(
  "logistic regression on the shares of the letters %.4f\n",
  accuracy$baseline
))

# ---- results ----
results <- list(
  accuracy = accuracy$one_hot,
  accuracy_numbers = accuracy$numbers,
  accuracy_multi_hot = accuracy$multi_hot,
  accuracy_embedding = accuracy$embedding,
  accuracy_baseline = accuracy$baseline,
  padding_changes = max(abs(unmasked - alone)),
  mask_changes = max(abs(masked - alone))
)
for (name in c("padding_changes", "mask_changes")) {
  cat(sprintf("%s %.4f\n", name, results[[name]]))
}
