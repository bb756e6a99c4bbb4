# Learning curves: underfitting, overfitting, and what helps.

library(keras3)
library(ggplot2)

# ---- constants ----
TUMOURS <- "shared_data/nuclei/nuclei.csv"
PARTITIONS <- "shared_data/nuclei/partitions.csv"
OTHER <- c("row", "diagnosis", "partition", "block")
LABELS <- c("benign", "malignant")
LOGS <- "04_curves_logs"
SEED <- 1
NETWORKS <- 5
UNITS <- 64
LEARNING_RATE <- 0.02
SLOW_RATE <- 0.0005
BATCH_SIZE <- 20
EPOCHS <- 16
MORE_EPOCHS <- 4
PATIENCE <- 3
L1 <- 0.01
L2 <- 0.05
DROPOUT <- 0.5

# ---- load ----
tumours <- merge(read.csv(TUMOURS), read.csv(PARTITIONS), "row")
is_train <- tumours$block == 1
is_more <- tumours$partition == "train"
is_val <- tumours$partition == "val"
is_test <- tumours$partition == "test"

raw <- as.matrix(tumours[setdiff(names(tumours), OTHER)])
scaler <- layer_normalization()
scaler |> adapt(raw[is_train, ])
x <- as.array(scaler(raw))
y <- match(tumours$diagnosis, LABELS) - 1L
stopifnot(!anyNA(y))
y <- matrix(y, length(y), NETWORKS) # a column for each network
x_val <- x[is_val, ]
y_val <- y[is_val, ]

# ---- model ----
build <- function(regularizer = NULL, dropout = 0) {
  set_random_seed(SEED)
  keras_model_sequential(input_shape = ncol(x)) |>
    layer_dense(NETWORKS * UNITS, activation = "relu",
                kernel_regularizer = regularizer) |>
    layer_reshape(c(NETWORKS, UNITS)) |>
    layer_dropout(dropout) |>
    layer_einsum_dense(equation = "bnu,nu->bn",
                       output_shape = NETWORKS, bias_axes = "n",
                       activation = "sigmoid")
}

# ---- train ----
models <- list()
histories <- data.frame()

train <- function(name, model, rows = is_train, epochs = EPOCHS,
                  rate = LEARNING_RATE, callbacks = list()) {
  model |> compile(optimizer_adam(rate), "binary_crossentropy",
                   metrics = "binary_crossentropy")
  log <- callback_tensorboard(file.path(LOGS, name))
  history <- model |> fit(
    x[rows, ], y[rows, ], batch_size = BATCH_SIZE,
    epochs = epochs, callbacks = c(list(log), callbacks),
    validation_data = list(x_val, y_val), verbose = 0)
  # <<- changes the variable outside of the function.
  models[[name]] <<- model
  curve <- subset(as.data.frame(history), metric != "loss")
  histories <<- rbind(histories, cbind(name, curve))
}

# ---- underfit ----
train("underfit", build(), rate = SLOW_RATE)

# ---- overfit ----
train("overfit", build())

# ---- stop ----
train("early", build(), callbacks = list(callback_early_stopping(
  patience = PATIENCE, restore_best_weights = TRUE)))

# ---- curves ----
draw <- function(names) {
  subset(histories, name %in% names) |>
    ggplot(aes(epoch, value, colour = data)) + geom_line() +
    facet_wrap(vars(factor(name, names))) +
    expand_limits(y = 0) + labs(y = "cross-entropy")
}

draw(c("underfit", "overfit", "early"))

# ---- l1 ----
train("l1", build(regularizer_l1(L1 / NETWORKS)))

# ---- l2 ----
train("l2", build(regularizer_l2(L2 / NETWORKS)))

# ---- dropout ----
train("dropout", build(dropout = DROPOUT))

# ---- regularised ----
draw(c("l1", "l2", "dropout"))

# ---- more ----
train("more", build(), is_more, epochs = MORE_EPOCHS)

# ---- baseline ----
# at least 1e-7, since log(0) is minus infinity
cross_entropy <- function(y, p) {
  colMeans(-log(pmax(ifelse(y, p, 1 - p), 1e-7)))
}

regress <- function(rows) {
  line <- glmnet::glmnet(x[rows, ], y[rows, 1], "binomial",
                         alpha = 0, lambda = 1 / sum(rows),
                         standardize = FALSE, thresh = 1e-12)
  p <- predict(line, x_val, type = "response")
  c(loss = cross_entropy(y_val[, 1, drop = FALSE], p),
    accuracy = mean((p > 0.5) == y_val[, 1]))
}

logit <- rbind(few = regress(is_train), more = regress(is_more))
round(logit, 3)

# ---- compare ----
y_prob <- lapply(models, \(model) as.array(model(x_val)))
val_loss <- sapply(y_prob, cross_entropy, y = y_val)
means <- colMeans(val_loss)
change <- val_loss - val_loss[, "overfit"]
half <- apply(change, 2, sd) / sqrt(NETWORKS) *
  qt(0.975, NETWORKS - 1)
accuracy <- sapply(y_prob, \(p) mean((p > 0.5) == y_val))
change <- colMeans(change)
round(cbind(loss = means, change, low = change - half,
            high = change + half, accuracy), 3)
chosen <- names(which.min(means))

# ---- gap ----
train("first", build(), epochs = 1)
for (one in c("first", "overfit", "dropout")) {
  curve <- subset(histories, name == one & data == "training")
  after <- models[[one]] |>
    evaluate(x[is_train, ], y[is_train, ], verbose = 0)
  cat(sprintf("%s: during %.3f, after %.3f\n", one,
              tail(curve$value, 1), after$binary_crossentropy))
}

# ---- predict ----
new <- scaler(t(c(15, 20, 97, 700, .1, .1, .1, .05, .18, .06)))
p <- predict(models[[chosen]], new, verbose = 0)[1]
cat(chosen, "says:", round(p, 2), LABELS[1 + (p > 0.5)], "\n")

# ---- test ----
x_test <- x[is_test, ]
y_test <- y[is_test, 1]
y_prob <- predict(models[[chosen]], x_test, verbose = 0)[, 1]
right <- sum((y_prob > 0.5) == y_test)
ci <- prop.test(right, length(y_test), correct = FALSE)$conf.int
names(means) <- paste0("val_loss_", names(means))
results <- c(as.list(means), val_accuracy_baseline = logit[1, 2],
             test_accuracy = right / length(y_test),
             test_low = ci[1], test_high = ci[2])
str(results)
