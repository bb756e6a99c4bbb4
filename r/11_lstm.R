# An LSTM reads reviews: does the order of words matter?

library(keras3)
library(ggplot2)

# ---- constants ----
REVIEWS <- "shared_data/reviews/reviews.csv"
LABELS <- c("negative", "positive")
SEED <- 1
TRAIN <- 2000
WORDS <- 2000
LENGTH <- 32
VECTOR <- 16
UNITS <- 16
HIDDEN <- 117
LEARNING_RATE <- 0.003
BATCH_SIZE <- 64
EPOCHS <- 4
C <- 1
SENTENCES <- c("This film is not bad, it is good.",
               "This film is not good, it is bad.")

# ---- load ----
reviews <- read.csv(REVIEWS)
train <- subset(reviews, partition == "train") |> head(TRAIN)
val <- subset(reviews, partition == "val")
test <- subset(reviews, partition == "test")
stopifnot(reviews$label %in% LABELS)
y_train <- match(train$label, LABELS) - 1L
y_val <- match(val$label, LABELS) - 1L
cat(nrow(train), nrow(val), nrow(test), mean(y_train), "\n")
writeLines(paste0(train$label, ": ", train$text)[1:3])

# ---- words ----
vectorizer <- layer_text_vectorization(
  max_tokens = WORDS, output_sequence_length = LENGTH)
vectorizer |> adapt(train$text)
vocabulary <- get_vocabulary(vectorizer)
vocabulary[1:8]

# ---- numbers ----
x_train <- as.array(vectorizer(train$text))
x_val <- as.array(vectorizer(val$text))
x_train[1, ]
cat(vocabulary[x_train[3, ] + 1], "\n")
unknown <- round(sum(x_val == 1) / sum(x_val > 0), 3)
cat("unknown", unknown, "full", mean(x_val[, LENGTH] > 0), "\n")

# ---- shuffle ----
shuffle <- function(x) {
  random <- as.array(random_uniform(dim(x), seed = SEED))
  random[x == 0] <- 1 # zeros stay at the end
  t(sapply(seq_len(nrow(x)), \(i) x[i, order(random[i, ])]))
}

z_train <- shuffle(x_train)
z_val <- shuffle(x_val)
cat(vocabulary[z_train[3, ] + 1], "\n")

# ---- baseline ----
bag <- function(x) {
  counts <- apply(x, 1, \(row) tabulate(row + 1, WORDS))
  (t(counts) > 0)[, -1] * 1
}

logistic <- glmnet::glmnet(
  bag(x_train), y_train, "binomial", alpha = 0, thresh = 1e-10,
  lambda = 1 / (C * nrow(train)), standardize = FALSE)
p <- predict(logistic, bag(x_val), type = "response")
y_prob <- data.frame(bag = p[, 1])

# ---- models ----
build <- function(name) {
  set_random_seed(SEED)
  model <- keras_model_sequential(input_shape = LENGTH) |>
    layer_embedding(WORDS, VECTOR, mask_zero = TRUE)
  if (name == "averaging") {
    model |> layer_global_average_pooling_1d() |>
      layer_dense(HIDDEN, activation = "relu")
  } else {
    model |> layer_lstm(UNITS)
  }
  model |> layer_dense(1, activation = "sigmoid")
}

# ---- train ----
train_on <- function(x, model, validation_data) {
  model |> compile(optimizer_adam(LEARNING_RATE),
                   "binary_crossentropy", metrics = "accuracy")
  best <- callback_early_stopping(
    patience = EPOCHS, restore_best_weights = TRUE)
  model |> fit(
    x, y_train, batch_size = BATCH_SIZE, epochs = EPOCHS,
    validation_data = validation_data,
    validation_batch_size = 500, callbacks = list(best),
    verbose = 0)
}

# ---- fit ----
models <- list()
curves <- data.frame()
for (name in c("lstm", "shuffled", "averaging")) {
  x <- if (name == "shuffled") z_train else x_train
  x_new <- if (name == "shuffled") z_val else x_val
  models[[name]] <- model <- build(name)
  history <- train_on(x, model, list(x_new, y_val))
  curves <- rbind(curves, cbind(name, as.data.frame(history)))
  y_prob[[name]] <- as.array(model(x_new))[, 1]
  cat(name, count_params(model), "parameters\n")
}

# ---- curves ----
subset(curves, metric == "loss") |>
  subset(data == "validation" | name == "lstm") |>
  ggplot(aes(epoch, value, colour = name, linetype = data)) +
  geom_line() + labs(y = "loss", colour = NULL, linetype = NULL)

# ---- compare ----
# The probability of the true class: p for 1, 1 - p for 0.
p_true <- abs(y_prob - (1 - y_val))
loss <- -colMeans(log(p_true))
right <- p_true > 0.5
accuracy <- colMeans(right)
change <- right - right[, "lstm"]
half <- 1.96 * apply(change, 2, sd) / sqrt(nrow(change))
change <- colMeans(change)
round(cbind(loss, accuracy, change, low = change - half,
            high = change + half), 3)

# ---- predict ----
for (name in c("lstm", "averaging")) {
  p <- as.array(models[[name]](vectorizer(SENTENCES)))[, 1]
  cat(name, round(p, 3), LABELS[1 + (p > 0.5)], "\n")
}

# ---- test ----
x_test <- as.array(vectorizer(test$text))
y_test <- match(test$label, LABELS) - 1L
chosen <- names(which.min(loss[c("lstm", "averaging")]))
p <- as.array(models[[chosen]](x_test))[, 1]
hits <- sum((p > 0.5) == y_test)
ci <- prop.test(hits, length(y_test), correct = FALSE)$conf.int
peek <- train_on(x_train, build(chosen), list(x_test, y_test))
cat("chosen:", chosen, "\n")
names(loss) <- paste0("val_loss_", names(loss))
names(accuracy) <- paste0("val_accuracy_", names(accuracy))
results <- c(as.list(loss[-1]), as.list(accuracy),
             test_accuracy = hits / length(y_test),
             test_low = ci[1], test_high = ci[2],
             test_peeked = max(peek$metrics$val_accuracy))
str(results)
