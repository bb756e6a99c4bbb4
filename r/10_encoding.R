# Encodings: how words and DNA become numbers.

library(keras3)
library(ggplot2)

# ---- constants ----
DNA <- "shared_data/splice/splice.csv"
SEED <- 1
SENTENCES <- c("the cat ran to the park",
               "a dog ran",
               "the dog and the cat sat in the park")
MAXLEN <- 8
ALPHABET <- c("A", "C", "G", "T")
CLASSES <- c("donor", "acceptor", "neither")
NEW <- paste0("TGATAGGCACTGACTCTCTCTGCCTATTAG",
              "TCTATTTTCCCACCCTTAGGCTGCTGGTGG")
K <- 3
UNITS <- 16
LEARNING_RATE <- 0.002
BATCH_SIZE <- 64
EPOCHS <- 10

# ---- vocabulary ----
tokens <- strsplit(SENTENCES, " ")
counts <- table(unlist(tokens))
by_count <- order(-counts, names(counts), method = "radix")
words <- names(counts)[by_count]
encoded <- lapply(tokens, match, words)
data.frame(counts[words])

# ---- padding ----
padded <- pad_sequences(encoded, maxlen = MAXLEN)
padded

# ---- one hot ----
one_hot <- to_categorical(padded, length(words) + 1)
cat("all three sentences:", dim(one_hot), "\n")
one_hot[2, , ]

# ---- multi hot ----
multi_hot <- apply(one_hot, c(1, 3), max)[, -1]
multi_hot

# ---- embedding ----
set_random_seed(SEED)
embedding <- layer_embedding(input_dim = length(words) + 1,
                             output_dim = 2, mask_zero = TRUE)
round(as.array(embedding(padded))[2, , ], 3)

# ---- mask ----
lstm <- layer_lstm(units = 2)
at_end <- pad_sequences(encoded, MAXLEN, padding = "post")
alone <- as.array(lstm(embedding(matrix(encoded[[2]], 1))))
cat("alone", round(alone, 4), "\n")
change <- list()
for (name in c("front", "end")) {
  rows <- if (name == "front") padded else at_end
  vectors <- embedding(rows[2, , drop = FALSE])
  masked <- as.array(lstm(vectors)) # they carry the mask along
  # as.array() drops the mask.
  no_mask <- as.array(lstm(as.array(vectors)))
  change[[paste0("padding_", name)]] <- max(abs(no_mask - alone))
  cat(name, round(masked, 4), "no mask", round(no_mask, 4), "\n")
}


# ---- encode ----
encode <- function(sequences) {
  bases <- do.call(rbind, strsplit(sequences, ""))
  numbers <- array(match(bases, ALPHABET), dim(bases))
  stopifnot(nchar(sequences) == ncol(bases), !anyNA(numbers))
  one_hot <- to_categorical(numbers - 1, length(ALPHABET))
  columns <- expand.grid(rep(list(ALPHABET), K))
  kmers <- do.call(paste0, columns[K:1])
  hits <- sapply(kmers, grepl, sequences, fixed = TRUE) * 1
  list(numbers = numbers,
       one_hot = array_reshape(one_hot, c(nrow(numbers), -1)),
       # For one sequence sapply() gives a vector.
       multi_hot = matrix(hits, nrow(numbers)),
       embedding = numbers)
}


# ---- dna ----
dna <- read.csv(DNA)
x <- encode(dna$sequence)
y <- match(dna$class, CLASSES) - 1L
stopifnot(!anyNA(y))
is_train <- dna$partition == "train"
is_val <- dna$partition == "val"
is_test <- dna$partition == "test"
table(dna$class, dna$partition)

# ---- see ----
shares <- sapply(CLASSES, \(name) colMeans(
  x$one_hot[is_train & dna$class == name, ]))
expand.grid(letter = ALPHABET,
            place = seq_len(ncol(x$numbers)), class = CLASSES) |>
  cbind(share = c(shares)) |>
  ggplot(aes(place, letter, fill = share)) + geom_tile() +
  facet_wrap(~class, ncol = 1) + scale_y_discrete(limits = rev) +
  scale_fill_distiller(palette = "Blues", direction = 1)

# ---- networks ----
models <- accuracy <- list()
for (name in names(x)) {
  set_random_seed(SEED)
  model <- keras_model_sequential(input_shape = ncol(x[[name]]))
  if (name == "embedding")
    model |> layer_embedding(length(ALPHABET) + 1, 4) |>
      layer_flatten()
  model |> layer_dense(UNITS, activation = "relu") |>
    layer_dense(length(CLASSES), activation = "softmax")
  model |> compile(optimizer_adam(LEARNING_RATE),
                   loss = "sparse_categorical_crossentropy",
                   metrics = "accuracy")
  history <- model |> fit(
    x[[name]][is_train, ], y[is_train], verbose = 0,
    batch_size = BATCH_SIZE, epochs = EPOCHS,
    validation_data = list(x[[name]][is_val, ], y[is_val]))
  models[[name]] <- model
  accuracy[[name]] <- tail(history$metrics$val_accuracy, 1)
  cat(name, count_params(model), "parameters\n")
}
# The best network: the baselines are not in `accuracy` yet.
chosen <- names(which.max(unlist(accuracy)))

# ---- baseline ----
for (name in c("numbers", "multi_hot", "one_hot")) {
  logistic <- glmnet::glmnet(
    x[[name]][is_train, ], y[is_train], "multinomial",
    alpha = 0, lambda = 1 / sum(is_train),
    standardize = FALSE, thresh = 1e-10)
  y_pred <- predict(logistic, x[[name]][is_val, ],
                    type = "class") |> as.integer()
  logistic_name <- paste0("logistic_", name)
  accuracy[[logistic_name]] <- mean(y_pred == y[is_val])
}
round(cbind(accuracy = unlist(accuracy)), 3)

# ---- predict ----
new <- encode(NEW)[[chosen]]
p <- predict(models[[chosen]], new, verbose = 0)
cat(chosen, "says:", round(p, 3), CLASSES[which.max(p)], "\n")

# ---- test ----
x_test <- x[[chosen]][is_test, ]
y_prob <- predict(models[[chosen]], x_test, verbose = 0)
right <- sum(max.col(y_prob, "first") - 1 == y[is_test])
ci <- prop.test(right, nrow(y_prob), correct = FALSE)$conf.int
names(accuracy) <- paste0("val_accuracy_", names(accuracy))
results <- c(accuracy, change,
             test_accuracy = right / nrow(y_prob),
             test_low = ci[1], test_high = ci[2])
str(results)
