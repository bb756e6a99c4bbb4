# Solution: smaller steps and dropout, same sixty tumours.

library(keras3)
library(ggplot2)

# ---- constants ----
TUMOURS <- "shared_data/nuclei/nuclei.csv"
PARTITIONS <- "shared_data/nuclei/partitions.csv"
OTHER <- c("row", "diagnosis", "partition", "block")
LABELS <- c("benign", "malignant")
SEED <- 1
NETWORKS <- 5
UNITS <- 64
LEARNING_RATE <- 0.005
BATCH_SIZE <- 20
EPOCHS <- 16
DROPOUT <- 0.5

# ---- load ----
tumours <- merge(read.csv(TUMOURS), read.csv(PARTITIONS), "row")
is_train <- tumours$block == 1
is_val <- tumours$partition == "val"
is_test <- tumours$partition == "test"
raw <- as.matrix(tumours[setdiff(names(tumours), OTHER)])
scaler <- layer_normalization()
scaler |> adapt(raw[is_train, ])
x <- as.array(scaler(raw))
y <- match(tumours$diagnosis, LABELS) - 1L
stopifnot(!anyNA(y))
y <- matrix(y, length(y), NETWORKS) # a column for each network

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = ncol(x)) |>
  layer_dense(NETWORKS * UNITS, activation = "relu") |>
  layer_reshape(c(NETWORKS, UNITS)) |>
  layer_dropout(DROPOUT) |>
  layer_einsum_dense(equation = "bnu,nu->bn",
                     output_shape = NETWORKS, bias_axes = "n",
                     activation = "sigmoid")
model |> compile(optimizer_adam(LEARNING_RATE),
                 loss = "binary_crossentropy")

# ---- fit ----
history <- model |> fit(
  x[is_train, ], y[is_train, ], batch_size = BATCH_SIZE,
  epochs = EPOCHS, verbose = 0,
  validation_data = list(x[is_val, ], y[is_val, ])
)

# ---- curve ----
as.data.frame(history) |>
  ggplot(aes(epoch, value, colour = data)) + geom_line() +
  expand_limits(y = 0) + labs(y = "cross-entropy")

# ---- validate ----
y_prob <- as.array(model(x[is_val, ]))
p_true <- ifelse(y[is_val, ] == 1, y_prob, 1 - y_prob)
val_loss <- -mean(log(pmax(p_true, 1e-7)))
results <- list(val_loss_overfit = val_loss)

# ---- test ----
x_test <- x[is_test, ]
y_test <- y[is_test, 1]
y_prob <- predict(model, x_test, verbose = 0)[, 1]
right <- sum((y_prob > 0.5) == y_test)
ci <- prop.test(right, length(y_test), correct = FALSE)$conf.int
results <- c(results, test_accuracy = right / length(y_test),
             test_low = ci[1], test_high = ci[2])
str(results)
