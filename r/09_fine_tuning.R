# Fine-tuning: train part of the base, and see why it fails.

library(keras3)
library(ggplot2)

# ---- constants ----
DATA <- "shared_data/cells/images"
WEIGHTS <- "shared_data/mobilenet_emoji/mobilenet.weights.h5"
POSITIVE <- "Parasitized"
PERSON <- "C[0-9]+P?[0-9]*" # begins a file name
SEED <- 1
SIZE <- 64
LAYER <- "conv_pw_6_relu"
FROZEN <- 20 # layers of the base
UNITS <- 32
MOMENTUM <- c(original = 0.99, faster = 0.9)
EPOCHS <- 5

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
build <- function(momentum) {
  set_random_seed(SEED)
  base <- application_mobilenet(
    alpha = 0.25, include_top = FALSE, weights = WEIGHTS
  )
  middle <- get_layer(base, LAYER)$output
  base <- keras_model(base$input, middle, name = "base")
  freeze_weights(base, to = FROZEN)
  for (layer in base$layers) {
    if (grepl("BatchNormalization", class(layer)[1])) {
      layer$momentum <- momentum
    }
  }
  model <- keras_model_sequential(c(SIZE, SIZE, 3)) |>
    base() |>
    layer_global_average_pooling_2d() |>
    layer_dense(UNITS, activation = "relu") |>
    layer_dense(1, activation = "sigmoid")
  model |> compile(
    optimizer = "adam", loss = "binary_crossentropy",
    metrics = "accuracy"
  )
  model
}

# ---- fit ----
models <- curve <- list()
for (name in names(MOMENTUM)) {
  models[[name]] <- build(MOMENTUM[[name]])
  history <- models[[name]] |> fit(
    x_train, y[is_train], epochs = EPOCHS, verbose = 0,
    validation_data = list(x_val, y_val)
  )
  curve[[name]] <- history$metrics$val_accuracy
  curve[[paste0(name, ", train")]] <- history$metrics$accuracy
}

# ---- table ----
curve <- sapply(curve, unlist)
rownames(curve) <- seq_len(EPOCHS)
round(curve[, names(MOMENTUM)], 2)
stack(as.data.frame(curve)) |>
  transform(epoch = seq_len(EPOCHS)) |>
  ggplot(aes(epoch, values, colour = ind)) +
  geom_line() +
  labs(y = "accuracy", colour = NULL)

# ---- validate ----
faster <- models$faster
y_prob <- as.array(faster(x_val))[, 1]
roc <- pROC::roc(y_val, y_prob, levels = 0:1, direction = "<")
val_auc <- as.numeric(pROC::auc(roc))
cat(sprintf("momentum 0.9: AUC %.3f\n", val_auc))

# ---- renew ----
# The same weights; only the averages are computed anew.
for (layer in models$original$layers[[1]]$layers) {
  if (grepl("BatchNormalization", class(layer)[1])) {
    layer$momentum <- 0
  }
}
invisible(models$original(x_train, training = TRUE))
y_prob <- as.array(models$original(x_val))[, 1]
val_accuracy_renewed <- mean((y_prob >= 0.5) == y_val)
cat(sprintf("with new averages: %.3f\n", val_accuracy_renewed))

# ---- test ----
y_test <- y[is_test]
y_prob <- as.array(faster(x_test))[, 1]
right <- (y_prob >= 0.5) == y_test
shares <- tapply(right, person[is_test], mean)
interval <- t.test(shares)$conf.int
results <- list(
  val_accuracy_original = curve[[EPOCHS, "original"]],
  val_accuracy_renewed = val_accuracy_renewed,
  val_accuracy = curve[[EPOCHS, "faster"]],
  val_auc = val_auc,
  test_accuracy = mean(shares),
  test_low = max(interval[1], 0),
  test_high = min(interval[2], 1),
  test_sensitivity = mean(right[y_test == 1]),
  test_specificity = mean(right[y_test == 0])
)
str(results)
