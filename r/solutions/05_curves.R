# Solution: L2 and an early stop, same sixty tumours.

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
EPOCHS <- 40
PATIENCE <- 5
L2 <- 0.1
SMALLEST <- 1e-7

# ---- load ----
folder <- data_dir("nuclei")
tumours <- merge(
  read.csv(file.path(folder, "nuclei.csv")),
  read.csv(file.path(folder, "partitions.csv"))
)
is_few <- tumours$block == 1
is_val <- tumours$partition == "tuning"
is_test <- tumours$partition == "test"
y <- as.matrix(as.numeric(tumours$diagnosis == "malignant"))

# ---- scale ----
scaler <- layer_normalization()
raw <- as.matrix(tumours[FEATURES])
scaler |> adapt(raw[is_few, ])
x <- as.array(scaler(raw))

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
  x[is_few, ], y[is_few, , drop = FALSE],
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x[is_val, ],
                         y[is_val, , drop = FALSE]),
  callbacks = list(callback_early_stopping(
    monitor = "val_binary_crossentropy",
    patience = PATIENCE,
    restore_best_weights = TRUE
  )),
  verbose = 0
)
tuning <- history$metrics$val_binary_crossentropy
cat(sprintf("lowest tuning loss %.3f at epoch %d of %d\n",
            min(tuning), which.min(tuning), length(tuning)))

# ---- evaluate ----
p <- as.array(model(x[is_test, ]))
p <- pmin(pmax(p, SMALLEST), 1 - SMALLEST)
truth <- y[is_test, ] == 1
loss <- mean(-log(ifelse(truth, p, 1 - p)))
accuracy <- mean((p > 0.5) == truth)
cat(sprintf("test loss %.3f, accuracy %.3f\n", loss, accuracy))

# ---- results ----
results <- list(loss = loss, accuracy = accuracy)
print(round(unlist(results), 4))
