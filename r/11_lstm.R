# An LSTM reads reviews: does the order of words matter?

library(keras3)
library(ggplot2)

# ---- constants ----
REVIEWS <- "shared_data/reviews/reviews.npz"
VOCABULARY <- "shared_data/reviews/words.txt"
SEED <- 1
SHOWN <- 4
WORDS <- 500
TRAIN <- 2000
LENGTH <- 40
DIMENSIONS <- 32
UNITS <- 25
BATCH_SIZE <- 32
EPOCHS <- 10
C <- 0.1
THRESHOLD <- 0.5

# ---- load ----
np <- reticulate::import("numpy")
reviews <- np$load(REVIEWS)

cut_up <- function(tokens, offsets) {
  sizes <- diff(offsets)
  number <- seq_along(sizes)
  review <- factor(rep(number, sizes), number)
  unname(split(as.vector(tokens), review))
}

train <- cut_up(reviews$f$train_tokens, reviews$f$train_offsets)
train <- train[1:TRAIN]
y_train <- as.vector(reviews$f$y_train)[1:TRAIN]
test <- cut_up(reviews$f$test_tokens, reviews$f$test_offsets)
y_test <- as.vector(reviews$f$y_test)
cat("reviews:", length(train), length(test), "\n")
cat("positive:", sum(y_train), sum(y_test), "\n")

# ---- look ----
train[[1]]
words <- readLines(VOCABULARY, encoding = "UTF-8")
for (i in seq_len(SHOWN)) {
  cat(y_train[i], words[train[[i]] + 1], "\n")
}

# ---- lengths ----
lengths_train <- lengths(train)
longer <- mean(lengths_train > LENGTH)
cat(sprintf("median %g words, %.1f%% longer than %d\n",
            median(lengths_train), 100 * longer, LENGTH))
data.frame(words = pmin(lengths_train, 3 * LENGTH)) |>
  ggplot(aes(words)) +
  geom_histogram(binwidth = LENGTH / 40, fill = "#0072B2") +
  geom_vline(xintercept = LENGTH, linetype = "dotted") +
  labs(x = "words in a review", y = "reviews")

# ---- pad ----
x_train <- pad_sequences(train, maxlen = LENGTH)
x_test <- pad_sequences(test, maxlen = LENGTH)
cat("train:", dim(x_train), "test:", dim(x_test), "\n")

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = LENGTH) |>
  layer_embedding(WORDS, DIMENSIONS) |>
  layer_lstm(UNITS) |>
  layer_dense(1, activation = "sigmoid")
model |> compile(
  optimizer = "adam", loss = "binary_crossentropy",
  metrics = "accuracy"
)
cat("parameters:", count_params(model), "\n")

# ---- fit ----
history <- model |> fit(
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_test, y_test),
  verbose = 2
)
model |> save_model("reviews.keras", overwrite = TRUE)

# ---- curve ----
curve <- as.data.frame(history)
levels(curve$data) <- c("train", "test")
ggplot(curve, aes(epoch, value, colour = data)) +
  geom_line() +
  facet_grid(rows = vars(metric), scales = "free_y") +
  scale_x_continuous(breaks = seq(2, EPOCHS, 2)) +
  labs(y = NULL, colour = NULL)

# ---- judge ----
roc_of <- function(y, y_prob) {
  pROC::roc(y, y_prob, levels = c(0, 1), direction = "<")
}

judge <- function(y, y_prob) {
  y_pred <- as.integer(y_prob >= THRESHOLD)
  tp <- sum(y == 1 & y_pred == 1)
  tn <- sum(y == 0 & y_pred == 0)
  fp <- sum(y == 0 & y_pred == 1)
  fn <- sum(y == 1 & y_pred == 0)
  list(
    tp = tp, tn = tn, fp = fp, fn = fn,
    sensitivity = tp / (tp + fn),
    specificity = tn / (tn + fp),
    precision = tp / (tp + fp),
    accuracy = (tp + tn) / length(y),
    mcc = cor(y, y_pred),
    auc = as.numeric(pROC::auc(roc_of(y, y_prob)))
  )
}

y_prob <- predict(model, x_test, verbose = 0)[, 1]
lstm <- judge(y_test, y_prob)

# ---- classes ----
y_pred <- as.integer(y_prob >= THRESHOLD)
auc_classes <- as.numeric(pROC::auc(roc_of(y_test, y_pred)))
middle <- (lstm$sensitivity + lstm$specificity) / 2
cat(sprintf("AUC from scores  %.4f\n", lstm$auc))
cat(sprintf("AUC from classes %.4f\n", auc_classes))
cat(sprintf("(sensitivity + specificity) / 2: %.4f\n", middle))

# ---- baseline ----
bag <- function(x) {
  counts <- apply(x, 1, \(row) tabulate(row + 1, WORDS))
  1 * (t(counts) > 0)[, -(1:4)] # 0 to 3: no words
}

logistic <- glmnet::glmnet(
  bag(x_train), y_train, "binomial",
  alpha = 0, lambda = 1 / (C * TRAIN), standardize = FALSE,
  thresh = 1e-10
)
prob_bag <- logistic |>
  predict(bag(x_test), type = "response") |>
  as.vector()
bag_of_words <- judge(y_test, prob_bag)
round(cbind(lstm = unlist(lstm),
            bag_of_words = unlist(bag_of_words)), 4)

# ---- roc ----
points <- list("LSTM, scores" = y_prob,
               "LSTM, classes" = y_pred,
               "bag of words" = prob_bag) |>
  lapply(\(scores) {
    found <- roc_of(y_test, scores)
    data.frame(fpr = 1 - found$specificities,
               tpr = found$sensitivities)
  })
curves <- do.call(rbind, points)
curves$score <- rep(names(points), sapply(points, nrow)) |>
  factor(names(points))
curves[order(curves$fpr, curves$tpr), ] |>
  ggplot(aes(fpr, tpr, colour = score)) +
  geom_abline(linetype = "dotted", colour = "grey50") +
  geom_path() +
  labs(x = "1 - specificity", y = "sensitivity", colour = NULL)

# ---- results ----
results <- c(
  lstm,
  auc_classes = auc_classes,
  accuracy_peeked = max(history$metrics$val_accuracy),
  longer = longer,
  setNames(bag_of_words, paste0(names(bag_of_words), "_bag"))
)
for (name in c("auc", "auc_bag", "accuracy",
               "accuracy_peeked")) {
  cat(sprintf("%s %.4f\n", name, results[[name]]))
}
