# Learning curves: underfitting, overfitting, and what helps.

library(keras3)
library(ggplot2)

# ---- constants ----
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
SLOW <- list(learning_rate = 0.0002, epochs = 6)
PATIENCE <- 3
L1 <- 0.01
L2 <- 0.1
DROPOUT <- 0.5
C <- 1.0
SMALLEST <- 1e-7

# ---- load ----
folder <- data_dir("nuclei")
tumours <- merge(
  read.csv(file.path(folder, "nuclei.csv")),
  read.csv(file.path(folder, "partitions.csv"))
)
block <- tumours$block
is_few <- block == 1
is_val <- tumours$partition == "tuning"
is_test <- tumours$partition == "test"
y <- as.matrix(as.numeric(tumours$diagnosis == "malignant"))
cat("tumours:", sum(is_few), sum(is_val), sum(is_test), "\n")

# ---- scale ----
scaler <- layer_normalization()
raw <- as.matrix(tumours[FEATURES])
scaler |> adapt(raw[is_few, ])
x <- as.array(scaler(raw))
rows <- function(wanted) {
  list(x = x[wanted, ], y = y[wanted, , drop = FALSE])
}
few <- rows(is_few)
tuning <- rows(is_val)
test <- rows(is_test)
ranges <- apply(few$x, 2, range)
dimnames(ranges) <- list(c("lowest", "highest"), FEATURES)
round(t(ranges), 2)

# ---- network ----
build <- function(regularizer = NULL, dropout = 0) {
  set_random_seed(SEED)
  keras_model_sequential(input_shape = length(FEATURES)) |>
    layer_dense(UNITS, activation = "relu",
                kernel_regularizer = regularizer) |>
    layer_dropout(dropout) |>
    layer_dense(1, activation = "sigmoid")
}

logs <- "05_curves-logs"
unlink(logs, recursive = TRUE)
networks <- list()

train <- function(name, model, data = few, epochs = EPOCHS,
                  learning_rate = LEARNING_RATE,
                  callbacks = list()) {
  start <- get_weights(model)
  model |> compile(
    optimizer = optimizer_adam(learning_rate),
    loss = "binary_crossentropy",
    metrics = "binary_crossentropy"
  )
  log <- callback_tensorboard(file.path(logs, name))
  history <- model |> fit(
    data$x, data$y,
    batch_size = BATCH_SIZE,
    epochs = epochs,
    validation_data = list(tuning$x, tuning$y),
    validation_batch_size = length(tuning$y),
    callbacks = c(list(log), callbacks),
    verbose = 0
  )
  networks[[name]] <<- list(model, start, history)
  train <- history$metrics$binary_crossentropy
  tuning <- history$metrics$val_binary_crossentropy
  cat(sprintf(
    paste("%s: train %.3f, tuning %.3f after %d epochs,",
          "lowest %.3f at %d\n"),
    name, tail(train, 1), tail(tuning, 1), length(tuning),
    min(tuning), which.min(tuning)
  ))
}

cat("parameters:", count_params(build()), "\n")

# ---- underfit ----
train("underfit", build(), epochs = SLOW$epochs,
      learning_rate = SLOW$learning_rate)

# ---- overfit ----
train("overfit", build())

# ---- curves ----
curve_of <- function(name) {
  metrics <- networks[[name]][[3]]$metrics
  epochs <- length(metrics$loss)
  data.frame(
    network = name, epoch = seq_len(epochs),
    part = rep(c("train", "tuning"), each = epochs),
    value = c(metrics$binary_crossentropy,
              metrics$val_binary_crossentropy)
  )
}

draw <- function(names, file) {
  curves <- do.call(rbind, lapply(names, curve_of))
  curves$network <- factor(curves$network, names)
  ggplot(curves, aes(epoch, value, colour = part)) +
    geom_line(aes(linetype = part)) +
    facet_wrap(vars(network), scales = "free_x") +
    expand_limits(y = 0) +
    labs(y = "cross-entropy", colour = NULL, linetype = NULL) +
    theme(legend.position = "top")
  ggsave(result_file(file), width = 6, height = 3.6, dpi = 150,
         bg = "white")
}

draw(c("underfit", "overfit"), "05_curves-curves.png")

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
draw(c("l1", "l2", "dropout"), "05_curves-regularised.png")
for (name in c("overfit", "l1", "l2", "dropout")) {
  size <- abs(get_weights(networks[[name]][[1]])[[1]])
  cat(sprintf("%s: mean weight %.4f, below 0.001: %.0f%%\n",
              name, mean(size), 100 * mean(size < 0.001)))
}

# ---- more ----
for (times in c(2, 4)) {
  is_more <- block >= 1 & block <= times
  train(sprintf("data_%dx", times), build(), rows(is_more),
        epochs = EPOCHS / times)
}

# ---- baseline ----
cross_entropy <- function(p, y) {
  p <- pmin(pmax(p, SMALLEST), 1 - SMALLEST)
  mean(-log(ifelse(y == 1, p, 1 - p)))
}

logistic <- glmnet::glmnet(
  few$x, drop(few$y), "binomial",
  alpha = 0, lambda = 1 / (C * nrow(few$x)),
  standardize = FALSE, thresh = 1e-14
)
p_baseline <- logistic |> predict(test$x, type = "response")
p_baseline <- round(p_baseline, 6)
loss_baseline <- cross_entropy(p_baseline, test$y)
cat(sprintf("logistic regression: test loss %.3f\n",
            loss_baseline))

# ---- evaluate ----
probability <- networks |>
  lapply(\(network) as.array(network[[1]](test$x))) |>
  c(list(baseline = p_baseline))
scores <- data.frame(
  loss = sapply(probability, cross_entropy, test$y),
  accuracy = sapply(probability,
                    \(p) mean((p > 0.5) == test$y))
)
round(scores, 3)

# ---- compare ----
scores$network <- rownames(scores)
scores |>
  ggplot(aes(loss, factor(network, rev(network)))) +
  geom_col(fill = "#0072B2") +
  geom_vline(xintercept = loss_baseline, linetype = "dashed") +
  labs(x = "cross-entropy on the test part", y = NULL)

# ---- tensorboard ----
reader <- import(
  "tensorboard.backend.event_processing.event_accumulator"
)
for (name in c("overfit", "early")) {
  written <- reader$EventAccumulator(
    file.path(logs, name, "validation"),
    size_guidance = list(tensors = 0L)
  )
  written$Reload()
  logged <- written$Tensors("epoch_loss") |>
    sapply(\(event) tf$make_ndarray(event$tensor_proto))
  cat(sprintf(
    "%s: %d epochs in the log, the last loss %.3f\n",
    name, length(logged), tail(logged, 1)
  ))
}

# ---- results ----
loss <- setNames(
  as.list(scores$loss),
  sub("loss_overfit", "loss", paste0("loss_", scores$network))
)
accuracy <- setNames(as.list(scores$accuracy),
                     paste0("accuracy_", scores$network))
results <- c(loss, accuracy)
print(round(unlist(results), 4))
