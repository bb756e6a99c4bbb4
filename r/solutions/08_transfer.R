# Solution: features from the middle of the base.

library(keras3)

# ---- constants ----
DATA <- "shared_data/cells/images"
WEIGHTS <- "shared_data/mobilenet_emoji/mobilenet.weights.h5"
POSITIVE <- "Parasitized"
PERSON <- "C[0-9]+P?[0-9]*" # begins a file name
SEED <- 1
SIZE <- 128
LAYER <- "conv_pw_6_relu"
UNITS <- 32
LEARNING_RATE <- 0.003
EPOCHS <- 20

# ---- load ----
images <- image_dataset_from_directory(DATA, shuffle = FALSE,
  image_size = c(SIZE, SIZE), batch_size = NULL)
# Files of macOS such as ._a.png are no images: they are
# skipped here, and in the list of files too.
stream <- images$ignore_errors()$batch(32L)
files <- unlist(images$file_paths)
files <- files[!grepl("._", files, fixed = TRUE)]
label <- basename(dirname(files))
y <- as.integer(label == POSITIVE)
name <- basename(files)
person <- regmatches(name, regexpr(paste0("^", PERSON), name))
infected <- person %in% person[y == 1]

# ---- partition ----
is_val <- is_test <- logical(length(y))
every <- \(n, units) sort(unique(units), method = "radix")[
  c(FALSE, TRUE, logical(n - 2))]
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

# ---- base ----
# Features from the middle may be more general.
base <- application_mobilenet(
  alpha = 0.25, include_top = FALSE, weights = WEIGHTS
)
middle <- keras_model(base$input, get_layer(base, LAYER)$output)
extractor <- keras_model_sequential(c(SIZE, SIZE, 3)) |>
  layer_rescaling(1 / 127.5, offset = -1) |>
  middle() |>
  layer_global_average_pooling_2d()
x <- predict(extractor, stream, verbose = 0)
stopifnot("unread image" = nrow(x) == length(files))
cat("features:", dim(x), "\n")

# ---- head ----
set_random_seed(SEED)
scaler <- layer_normalization()
scaler |> adapt(x[is_train, ])
head <- keras_model_sequential(input_shape = ncol(x)) |>
  scaler() |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(1, activation = "sigmoid")
head |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "binary_crossentropy"
)

# ---- fit ----
y_val <- y[is_val]
head |> fit(
  x[is_train, ], y[is_train], epochs = EPOCHS, verbose = 0,
  validation_data = list(x[is_val, ], y_val)
)

# ---- validate ----
y_prob <- predict(head, x[is_val, ], verbose = 0)[, 1]
roc <- pROC::roc(y_val, y_prob, levels = 0:1, direction = "<")
val_auc <- as.numeric(pROC::auc(roc))
candidates <- sort(unique(y_prob), decreasing = TRUE)
gain <- sapply(candidates, function(threshold) {
  diff(tapply(y_prob >= threshold, y_val, mean))
})
threshold <- candidates[which.max(gain)]
cat(sprintf("AUC %.3f, threshold %.3f\n", val_auc, threshold))

# ---- test ----
y_test <- y[is_test]
test_prob <- predict(head, x[is_test, ], verbose = 0)[, 1]
right <- (test_prob >= threshold) == y_test
# Cells of one person are alike: what counts are people.
shares <- tapply(right, person[is_test], mean)
interval <- t.test(shares)$conf.int
results <- list(
  val_auc = val_auc,
  val_accuracy = mean((y_prob >= threshold) == y_val),
  test_accuracy = mean(shares),
  test_low = max(interval[1], 0),
  test_high = min(interval[2], 1),
  test_sensitivity = mean(right[y_test == 1]),
  test_specificity = mean(right[y_test == 0])
)
str(results)
