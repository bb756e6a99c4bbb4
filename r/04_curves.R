# Learning curves: underfitting, overfitting, and what helps.

library(keras3)
library(ggplot2)

# ---- constants ----
TUMOURS <- "shared_data/nuclei/nuclei.csv"
PARTITIONS <- "shared_data/nuclei/partitions.csv"
LOGS <- "05_curves_logs"
SEED <- 1
FEATURES <- c(
  "radius", "texture", "perimeter", "area", "smoothness",
  "compactness", "concavity", "concave_points", "symmetry",
  "fractal_dimension"
)
UNITS <- 256
LEARNING_RATE <- 0.01
BATCH_SIZE <- 16
EPOCHS <- 16
SLOW_RATE <- 0.0002
SLOW_EPOCHS <- 6
PATIENCE <- 3
L1 <- 0.01
L2 <- 0.1
DROPOUT <- 0.5
C <- 1.0
SMALLEST <- 1e-7

# ---- load ----
tumours <- merge(
  read.csv(TUMOURS), read.csv(PARTITIONS), by = "row"
)
is_train <- tumours$block == 1
is_val <- tumours$partition == "tuning"
is_test <- tumours$partition == "test"
cat("tumours:", sum(is_train), sum(is_val), sum(is_test), "\n")

raw <- as.matrix(tumours[FEATURES])
y <- as.matrix(as.numeric(tumours$diagnosis == "malignant"))

# ---- scale ----
scaler <- layer_normalization()
scaler |> adapt(raw[is_train, ])
x <- as.array(scaler(raw))

x_train <- x[is_train, ]
y_train <- y[is_train, , drop = FALSE]
x_val <- x[is_val, ]
y_val <- y[is_val, , drop = FALSE]
x_test <- x[is_test, ]
y_test <- y[is_test, , drop = FALSE]
data.frame(
  lowest = apply(x_train, 2, min),
  highest = apply(x_train, 2, max),
  row.names = FEATURES
) |>
  round(2)

# ---- network ----
build <- function(regularizer = NULL, dropout = 0) {
  set_random_seed(SEED)
  keras_model_sequential(input_shape = length(FEATURES)) |>
    layer_dense(UNITS, activation = "relu",
                kernel_regularizer = regularizer) |>
    layer_dropout(dropout) |>
    layer_dense(1, activation = "sigmoid")
}

models <- list()
histories <- list()
unlink(LOGS, recursive = TRUE)

train <- function(name, model, x = x_train, y = y_train,
                  epochs = EPOCHS,
                  learning_rate = LEARNING_RATE,
                  callbacks = list()) {
  model |> compile(
    optimizer = optimizer_adam(learning_rate),
    loss = "binary_crossentropy",
    metrics = "binary_crossentropy"
  )
  log <- callback_tensorboard(file.path(LOGS, name))
  history <- model |> fit(
    x, y,
    batch_size = BATCH_SIZE,
    epochs = epochs,
    validation_data = list(x_val, y_val),
    validation_batch_size = length(y_val),
    callbacks = c(list(log), callbacks),
    verbose = 0
  )
  models[[name]] <<- model
  histories[[name]] <<- history
  loss <- history$metrics$binary_crossentropy
  val_loss <- history$metrics$val_binary_crossentropy
  cat(sprintf(
    paste("%s: train %.3f, validation %.3f",
          "after %d epochs, lowest %.3f at %d\n"),
    name, tail(loss, 1), tail(val_loss, 1), length(val_loss),
    min(val_loss), which.min(val_loss)
  ))
}

cat("parameters:", count_params(build()), "\n")

# ---- underfit ----
train("underfit", build(), epochs = SLOW_EPOCHS,
      learning_rate = SLOW_RATE)

# ---- overfit ----
train("overfit", build())

# ---- curves ----
draw <- function(names) {
  curves <- lapply(names, \(name) {
    cbind(network = factor(name, names),
          as.data.frame(histories[[name]]))
  })
  do.call(rbind, curves) |>
    subset(metric == "binary_crossentropy") |>
    ggplot(aes(epoch, value, colour = data)) +
    geom_line(aes(linetype = data)) +
    facet_wrap(vars(network), scales = "free_x") +
    expand_limits(y = 0) +
    labs(y = "cross-entropy", colour = NULL, linetype = NULL) +
    theme(legend.position = "top")
}

draw(c("underfit", "overfit"))

# ---- stop ----
train("early", build(), callbacks = list(
  callback_early_stopping(
    monitor = "val_binary_crossentropy",
    patience = PATIENCE,
    restore_best_weights = TRUE
  )
))

# ---- l1 ----
train("l1", build(regularizer_l1(L1)))

# ---- l2 ----
train("l2", build(regularizer_l2(L2)))

# ---- dropout ----
train("dropout", build(dropout = DROPOUT))

# ---- regularised ----
draw(c("l1", "l2", "dropout"))
for (name in c("overfit", "l1", "l2", "dropout")) {
  size <- abs(get_weights(models[[name]])[[1]])
  cat(sprintf("%s: mean weight %.4f, below 0.001: %.0f%%\n",
              name, mean(size), 100 * mean(size < 0.001)))
}

# ---- more ----
for (times in c(2, 4)) {
  is_more <- tumours$block %in% 1:times
  train(sprintf("data_%dx", times), build(), x[is_more, ],
        y[is_more, , drop = FALSE], epochs = EPOCHS / times)
}

# ---- baseline ----
cross_entropy <- function(y, y_prob) {
  y_prob <- pmin(pmax(y_prob, SMALLEST), 1 - SMALLEST)
  mean(-log(ifelse(y == 1, y_prob, 1 - y_prob)))
}

logistic <- glmnet::glmnet(
  x_train, drop(y_train), "binomial",
  alpha = 0, lambda = 1 / (C * nrow(x_train)),
  standardize = FALSE
)
prob_baseline <- logistic |> predict(x_test, type = "response")
loss_baseline <- cross_entropy(y_test, prob_baseline)
cat(sprintf("logistic regression: test loss %.3f\n",
            loss_baseline))

# ---- evaluate ----
y_prob <- models |>
  lapply(predict, x_test, batch_size = length(y_test),
         verbose = 0)
y_prob$baseline <- prob_baseline
test <- data.frame(
  loss = sapply(y_prob, cross_entropy, y = y_test),
  accuracy = sapply(y_prob, \(one) mean((one > 0.5) == y_test))
)
round(test, 3)

# ---- compare ----
test |>
  ggplot(aes(loss, factor(names(y_prob), rev(names(y_prob))))) +
  geom_col(fill = "#0072B2") +
  geom_vline(xintercept = loss_baseline, linetype = "dashed") +
  labs(x = "cross-entropy on the test set", y = NULL)

# ---- tensorboard ----
reader <- reticulate::import(
  "tensorboard.backend.event_processing.event_accumulator"
)
tensors <- reticulate::import("tensorboard.util.tensor_util")
for (name in c("overfit", "early")) {
  written <- reader$EventAccumulator(
    file.path(LOGS, name, "validation"),
    size_guidance = list(tensors = 0L)
  )
  written$Reload()
  logged <- written$Tensors("epoch_loss") |>
    sapply(\(event) tensors$make_ndarray(event$tensor_proto))
  cat(sprintf(
    "%s: %d epochs in the log, the last loss %.3f\n",
    name, length(logged), tail(logged, 1)
  ))
}

# ---- results ----
results <- list()
for (name in rownames(test)) {
  results[[paste0("loss_", name)]] <- test[name, "loss"]
  results[[paste0("accuracy_", name)]] <- test[name, "accuracy"]
}
results$loss <- results$loss_overfit
results$loss_overfit <- NULL
for (name in c("loss", "loss_early")) {
  cat(sprintf("%s %.4f\n", name, results[[name]]))
}
