# Solution: L2 and an early stop, same sixty tumours.

library(keras3)

# ---- constants ----
TUMOURS <- "shared_data/nuclei/nuclei.csv"
PARTITIONS <- "shared_data/nuclei/partitions.csv"
SEED <- 1
FEATURES <- c(
  "radius", "texture", "perimeter", "area", "smoothness",
  "compactness", "concavity", "concave_points", "symmetry",
  "fractal_dimension"
)
UNITS <- 256
LEARNING_RATE <- 0.01
BATCH_SIZE <- 16
EPOCHS <- 40
PATIENCE <- 5
L2 <- 0.1
SMALLEST <- 1e-7

# ---- load ----
tumours <- merge(
  read.csv(TUMOURS), read.csv(PARTITIONS), by = "row"
)
is_train <- tumours$block == 1
is_val <- tumours$partition == "tuning"
is_test <- tumours$partition == "test"

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

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(
  input_shape = length(FEATURES)
) |>
  layer_dense(UNITS, activation = "relu",
              kernel_regularizer = regularizer_l2(L2)) |>
  layer_dense(1, activation = "sigmoid")
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "binary_crossentropy",
  metrics = "binary_crossentropy"
)

# ---- fit ----
history <- model |> fit(
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_val, y_val),
  callbacks = list(callback_early_stopping(
    monitor = "val_binary_crossentropy",
    patience = PATIENCE,
    restore_best_weights = TRUE
  )),
  verbose = 0
)
val_loss <- history$metrics$val_binary_crossentropy
cat(sprintf(
  "lowest validation loss %.3f at epoch %d of %d\n",
  min(val_loss), which.min(val_loss), length(val_loss)
))

# ---- evaluate ----
y_prob <- model |> predict(
  x_test, batch_size = length(y_test), verbose = 0
)
y_prob <- pmin(pmax(y_prob, SMALLEST), 1 - SMALLEST)
right <- ifelse(y_test == 1, y_prob, 1 - y_prob)

# ---- results ----
results <- list(
  loss = mean(-log(right)),
  accuracy = mean((y_prob > 0.5) == y_test)
)
cat(sprintf("test loss     %.4f\n", results$loss))
cat(sprintf("test accuracy %.4f\n", results$accuracy))
