# Solution: three neighbouring letters are one word.

library(keras3)
library(ggplot2)

# ---- constants ----
DNA <- "shared_data/splice/splice.csv"
SEED <- 1
ALPHABET <- c("A", "C", "G", "T")
CLASSES <- c("donor", "acceptor", "neither")
DIMENSIONS <- 8
UNITS <- 16
LEARNING_RATE <- 0.002
BATCH_SIZE <- 64
EPOCHS <- 10

# ---- encode ----
dna <- read.csv(DNA)
bases <- do.call(rbind, strsplit(dna$sequence, ""))
numbers <- array(match(bases, ALPHABET) - 1, dim(bases))
stopifnot(!anyNA(numbers))
# overlapping words of three letters: 4 * 4 * 4, from 1 to 64
first <- seq_len(ncol(numbers) - 2)
x <- 16 * numbers[, first] + 4 * numbers[, first + 1] +
  numbers[, first + 2] + 1
y <- match(dna$class, CLASSES) - 1L
stopifnot(!anyNA(y))
is_train <- dna$partition == "train"
is_val <- dna$partition == "val"
is_test <- dna$partition == "test"

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = ncol(x)) |>
  layer_embedding(65, DIMENSIONS) |>
  layer_flatten() |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(3, activation = "softmax")
model |> compile(optimizer_adam(LEARNING_RATE),
                 loss = "sparse_categorical_crossentropy",
                 metrics = "accuracy")
cat("parameters:", count_params(model), "\n")

# ---- fit ----
history <- model |> fit(
  x[is_train, ], y[is_train], verbose = 0,
  batch_size = BATCH_SIZE, epochs = EPOCHS,
  validation_data = list(x[is_val, ], y[is_val]))

# ---- curve ----
as.data.frame(history) |>
  subset(metric == "loss") |>
  ggplot(aes(epoch, value, colour = data)) + geom_line() +
  expand_limits(y = 0) + labs(y = "cross-entropy")

# ---- test ----
y_prob <- predict(model, x[is_test, ], verbose = 0)
right <- sum(max.col(y_prob, "first") - 1 == y[is_test])
ci <- prop.test(right, nrow(y_prob), correct = FALSE)$conf.int
results <- list(
  val_accuracy_embedding = tail(history$metrics$val_accuracy, 1),
  test_accuracy = right / nrow(y_prob),
  test_low = ci[1], test_high = ci[2])
str(results)
