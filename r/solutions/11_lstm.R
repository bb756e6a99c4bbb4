# Solution: more reviews, read both ways, and dropout.

library(keras3)
library(ggplot2)

# ---- constants ----
REVIEWS <- "shared_data/reviews/reviews.csv"
LABELS <- c("negative", "positive")
SEED <- 1
TRAIN <- 4000
WORDS <- 2000
LENGTH <- 32
VECTOR <- 16
UNITS <- 16
DROPOUT <- 0.5
LEARNING_RATE <- 0.003
BATCH_SIZE <- 64
EPOCHS <- 4

# ---- load ----
reviews <- read.csv(REVIEWS)
train <- subset(reviews, partition == "train") |> head(TRAIN)
val <- subset(reviews, partition == "val")
test <- subset(reviews, partition == "test")
stopifnot(reviews$label %in% LABELS)
y_train <- match(train$label, LABELS) - 1L
y_val <- match(val$label, LABELS) - 1L
y_test <- match(test$label, LABELS) - 1L

# ---- numbers ----
vectorizer <- layer_text_vectorization(
  max_tokens = WORDS, output_sequence_length = LENGTH)
vectorizer |> adapt(train$text)
x_train <- as.array(vectorizer(train$text))
x_val <- as.array(vectorizer(val$text))
x_test <- as.array(vectorizer(test$text))

# ---- model ----
set_random_seed(SEED)
lstm <- layer_lstm(units = UNITS, return_sequences = TRUE)
model <- keras_model_sequential(input_shape = LENGTH) |>
  layer_embedding(WORDS, VECTOR, mask_zero = TRUE) |>
  layer_dropout(DROPOUT) |>
  layer_bidirectional(lstm) |>
  layer_global_average_pooling_1d() |>
  layer_dropout(DROPOUT) |>
  layer_dense(1, activation = "sigmoid")
model |> compile(optimizer_adam(LEARNING_RATE),
                 "binary_crossentropy", metrics = "accuracy")

# ---- fit ----
best <- callback_early_stopping(
  patience = EPOCHS, restore_best_weights = TRUE)
history <- model |> fit(
  x_train, y_train, batch_size = BATCH_SIZE, epochs = EPOCHS,
  validation_data = list(x_val, y_val), callbacks = list(best),
  verbose = 0)

# ---- curve ----
as.data.frame(history) |>
  subset(metric == "loss") |>
  ggplot(aes(epoch, value, colour = data)) + geom_line() +
  labs(y = "loss", colour = NULL)

# ---- validate ----
p <- predict(model, x_val, verbose = 0)[, 1]
p_true <- abs(p - (1 - y_val)) # of the true class
results <- list(val_loss_lstm = -mean(log(p_true)),
                val_accuracy_lstm = mean(p_true > 0.5))

# ---- test ----
p <- predict(model, x_test, verbose = 0)[, 1]
hits <- sum((p > 0.5) == y_test)
ci <- prop.test(hits, length(y_test), correct = FALSE)$conf.int
results <- c(results, test_accuracy = hits / length(y_test),
             test_low = ci[1], test_high = ci[2])
str(results)
