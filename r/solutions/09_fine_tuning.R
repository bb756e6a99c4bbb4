# Solution: a longer base, and images changed at random.

library(keras3)

# ---- constants ----
DATA <- "shared_data/cells/images"
WEIGHTS <- "shared_data/mobilenet_emoji/mobilenet.weights.h5"
POSITIVE <- "Parasitized"
PERSON <- "C[0-9]+P?[0-9]*" # begins a file name
SEED <- 1
SIZE <- 64
LAYER <- "conv_pw_8_relu"
FROZEN <- 20 # layers of the base
UNITS <- 32
MOMENTUM <- 0.9
TURN <- 0.25 # of a full turn
CONTRAST <- 0.3
EPOCHS <- 12

# ---- load ----
images <- image_dataset_from_directory(
  DATA, image_size = c(SIZE, SIZE), batch_size = NULL,
  shuffle = FALSE
)
# Hidden files, such as macOS' ._a.png, are no images: they
# are skipped here, and in the list of files too.
stream <- images$ignore_errors()$batch(32L)
files <- unlist(images$file_paths)
files <- files[!startsWith(basename(files), ".")]
label <- basename(dirname(files))
y <- as.integer(label == POSITIVE)
name <- basename(files)
person <- regmatches(name, regexpr(paste0("^", PERSON), name))
infected <- person %in% person[y == 1]

# ---- partition ----
every <- \(n, units) sort(unique(units), method = "radix")[
  c(FALSE, TRUE, logical(n - 2))]
is_val <- is_test <- logical(length(y))
for (group in list(infected, !infected)) {
  people <- unique(person[group])
  stopifnot("too few people in a group" = length(people) >= 2)
  is_test <- is_test | group & person %in% every(4, people)
  rest <- group & !is_test
  # If only one person is left, split that person's images.
  unit <- if (length(people) > 2) person else seq_along(y)
  is_val <- is_val | rest & unit %in% every(3, unit[rest])
}
is_train <- !is_val & !is_test
part <- ifelse(is_train, "train", ifelse(is_val, "val", "test"))
ftable(table(part, infected, label))

# ---- pixels ----
scale <- keras_model_sequential() |>
  layer_rescaling(1 / 127.5, offset = -1)
x <- predict(scale, stream, verbose = 0)
stopifnot("unread image" = nrow(x) == length(files))
x_train <- x[is_train, , , ]
x_val <- x[is_val, , , ]
x_test <- x[is_test, , , ]
y_val <- y[is_val]

# ---- model ----
set_random_seed(SEED)
base <- application_mobilenet(
  alpha = 0.25, include_top = FALSE, weights = WEIGHTS
)
middle <- get_layer(base, LAYER)$output
base <- keras_model(base$input, middle, name = "base")
freeze_weights(base, to = FROZEN)
for (layer in base$layers) {
  if (grepl("BatchNormalization", class(layer)[1])) {
    layer$momentum <- MOMENTUM
  }
}
model <- keras_model_sequential(c(SIZE, SIZE, 3)) |>
  layer_random_flip() |>
  layer_random_rotation(
    TURN, fill_mode = "constant", fill_value = -1
  ) |>
  layer_random_contrast(CONTRAST, value_range = c(-1, 1)) |>
  base() |>
  layer_global_average_pooling_2d() |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(1, activation = "sigmoid")
model |> compile(
  optimizer = "adam", loss = "binary_crossentropy",
  metrics = "accuracy"
)

# ---- fit ----
model |> fit(
  x_train, y[is_train], epochs = EPOCHS, verbose = 0,
  validation_data = list(x_val, y_val)
)

# ---- validate ----
y_prob <- predict(model, x_val, verbose = 0)[, 1]
roc <- pROC::roc(y_val, y_prob, levels = 0:1, direction = "<")
val_auc <- as.numeric(pROC::auc(roc))
val_accuracy <- mean((y_prob >= 0.5) == y_val)
cat(sprintf("AUC %.3f, accuracy %.3f\n", val_auc,
            val_accuracy))

# ---- test ----
y_test <- y[is_test]
y_prob <- predict(model, x_test, verbose = 0)[, 1]
right <- (y_prob >= 0.5) == y_test
shares <- tapply(right, person[is_test], mean)
interval <- t.test(shares)$conf.int
results <- list(
  val_accuracy = val_accuracy,
  val_auc = val_auc,
  test_accuracy = mean(shares),
  test_low = max(interval[1], 0),
  test_high = min(interval[2], 1),
  test_sensitivity = mean(right[y_test == 1]),
  test_specificity = mean(right[y_test == 0])
)
str(results)
