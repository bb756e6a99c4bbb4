# An LSTM reads reviews: does the order of words matter?

library(keras3)
library(ggplot2)
library(glmnet)

# ---- constants ----
SEED <- 1
WORDS <- 500
TRAIN <- 2000
LENGTH <- if (variant() == "full") 200 else 40
DIMENSIONS <- 32
UNITS <- 25
BATCH_SIZE <- 32
EPOCHS <- 10
C <- 0.1
THRESHOLD <- 0.5

# ---- load ----
file <- data_file("reviews")
arrays <- read_arrays(
  file,
  train_tokens = NA, train_offsets = NA, y_train = NA,
  test_tokens = NA, test_offsets = NA, y_test = NA
)

cut_up <- function(tokens, offsets) {
  sizes <- diff(offsets)
  number <- seq_along(sizes)
  review <- factor(rep(number, sizes), number)
  unname(split(tokens, review))
}

train <- cut_up(arrays$train_tokens, arrays$train_offsets)
train <- train[seq_len(TRAIN)]
y_train <- arrays$y_train[seq_len(TRAIN)]
test <- cut_up(arrays$test_tokens, arrays$test_offsets)
y_test <- arrays$y_test
cat("reviews:", length(train), length(test), "\n")
cat("positive:", sum(y_train), sum(y_test), "\n")

# ---- look ----
train[[1]]
if (variant() == "mini") {
  words <- readLines(file.path(dirname(file), "words.txt"))
  for (i in 1:4) {
    cat(y_train[i], words[train[[i]] + 1], "\n")
  }
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
model |> save_model("09_lstm_reviews.keras",
                    overwrite = TRUE)

# ---- curve ----
curve <- as.data.frame(history)
levels(curve$data) <- c("train", "test")
ggplot(curve, aes(epoch, value, colour = data)) +
  geom_line() +
  facet_grid(rows = vars(metric), scales = "free_y") +
  scale_x_continuous(breaks = seq(2, EPOCHS, 2)) +
  labs(y = NULL, colour = NULL)


# ---- judge ----
roc_of <- function(label, score) {
  pROC::roc(label, score, levels = c(0, 1), direction = "<")
}

judge <- function(label, score) {
  predicted <- as.numeric(score >= THRESHOLD)
  tp <- sum(label == 1 & predicted == 1)
  tn <- sum(label == 0 & predicted == 0)
  fp <- sum(label == 0 & predicted == 1)
  fn <- sum(label == 1 & predicted == 0)
  list(
    tp = tp, tn = tn, fp = fp, fn = fn,
    sensitivity = tp / (tp + fn),
    specificity = tn / (tn + fp),
    precision = tp / (tp + fp),
    accuracy = mean(predicted == label),
    mcc = cor(label, predicted),
    auc = as.numeric(pROC::auc(roc_of(label, score)))
  )
}

score <- as.vector(model |> predict(x_test, verbose = 0))
lstm <- judge(y_test, score)

# ---- classes ----
classes <- as.numeric(score >= THRESHOLD)
auc_classes <- as.numeric(pROC::auc(roc_of(y_test, classes)))
middle <- (lstm$sensitivity + lstm$specificity) / 2
cat(sprintf("AUC from scores  %.4f\n", lstm$auc))
cat(sprintf("AUC from classes %.4f\n", auc_classes))
cat(sprintf("(sensitivity + specificity) / 2: %.4f\n", middle))


# ---- baseline ----
bag <- function(x) {
  counts <- apply(x, 1, \(row) tabulate(row + 1, WORDS))
  (t(counts) > 0)[, -(1:4)] * 1 # 0 to 3: no words
}

logistic <- glmnet(
  bag(x_train), y_train, "binomial",
  alpha = 0, lambda = 1 / (C * TRAIN), standardize = FALSE,
  thresh = 1e-14, maxit = 1e6
)
score_bag <- logistic |>
  predict(bag(x_test), type = "response") |>
  as.vector() |>
  round(6)
bag_of_words <- judge(y_test, score_bag)
print(round(cbind(lstm = unlist(lstm),
                  bag_of_words = unlist(bag_of_words)), 4))

# ---- roc ----
samples <- list("LSTM, scores" = score,
                "LSTM, classes" = classes,
                "bag of words" = score_bag)
points <- do.call(rbind, lapply(names(samples), \(name) {
  found <- roc_of(y_test, samples[[name]])
  data.frame(score = factor(name, names(samples)),
             fpr = 1 - found$specificities,
             tpr = found$sensitivities)
}))
points <- points[order(points$fpr, points$tpr), ]
ggplot(points, aes(fpr, tpr, colour = score)) +
  geom_abline(linetype = "dotted", colour = "grey50") +
  geom_path() +
  labs(x = "1 - specificity", y = "sensitivity", colour = NULL)

# ---- results ----
results <- c(
  lstm,
  list(
    auc_classes = auc_classes,
    accuracy_peeked = max(history$metrics$val_accuracy),
    longer = longer
  ),
  setNames(bag_of_words, paste0(names(bag_of_words), "_bag"))
)
print(round(unlist(results), 4))
