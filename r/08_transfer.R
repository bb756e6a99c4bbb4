# Transfer learning: a frozen network looks at blood cells.

library(keras3)
library(ggplot2)

# ---- constants ----
DATA <- "shared_data/cells/images"
NEW <- "shared_data/cells/new_cell.png"
WEIGHTS <- "shared_data/mobilenet_emoji/mobilenet.weights.h5"
POSITIVE <- "Parasitized"
PERSON <- "C[0-9]+P?[0-9]*" # begins a file name
SEED <- 1
SIZE <- 128
UNITS <- 32
EPOCHS <- 30

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
person <- regmatches(name, regexpr(PERSON, name))
photo <- sub("_cell.*", "", name)
infected <- person %in% person[y == 1]

# ---- partition ----
every <- function(n, values, start) {
  values <- sort(unique(values), method = "radix")
  values[seq_along(values) %% n == start %% n]
}

is_val <- is_test <- logical(length(y))
for (group in list(infected, !infected)) {
  people <- every(4, person[group], 2)
  is_test <- is_test | group & person %in% people
  rest <- group & !is_test
  # If only one person is left, split the photographs.
  several <- length(unique(person[rest])) > 1
  unit <- if (several) person else photo
  is_val <- is_val | rest & unit %in% every(3, unit[rest], 2)
}
is_train <- !is_val & !is_test
part <- ifelse(is_train, "train", ifelse(is_val, "val", "test"))
ftable(table(part, infected, label))
tapply(person, part, \(who) length(unique(who)))

# ---- look ----
par(mfrow = c(2, 4), mar = c(0.5, 0.5, 2.5, 0.5))
for (i in which(is_train)[c(TRUE, logical(23))]) {
  pixels <- image_to_array(image_load(files[i]))
  plot(as.raster(pixels / 255))
  title(paste0(person[i], "\n", label[i]), cex.main = 0.9)
}

# ---- colour ----
average <- keras_model_sequential() |>
  layer_center_crop(SIZE / 2, SIZE / 2) |>
  layer_global_average_pooling_2d()
colour <- predict(average, stream, verbose = 0)

vote <- function(i, hidden) {
  distance <- colSums((t(colour) - colour[i, ])^2)
  distance[hidden | is_test] <- Inf
  near <- order(distance)[1:5]
  (mean(y[near]) > 0.5) == y[i]
}

right <- sapply(which(is_val), vote, hidden = !is_train)
val_accuracy_colour <- mean(right)
round(val_accuracy_colour, 3)

# ---- shortcut ----
votes <- sapply(list(image = files, person = person), \(who)
  mean(sapply(which(!is_test), \(i) vote(i, who == who[i]))))
round(votes, 3)

# ---- base ----
base <- application_mobilenet(
  alpha = 0.25, include_top = FALSE, pooling = "avg",
  weights = WEIGHTS
)
extractor <- keras_model_sequential(c(SIZE, SIZE, 3)) |>
  layer_rescaling(1 / 127.5, offset = -1) |>
  base()
x <- predict(extractor, stream, verbose = 0)
cat("features:", dim(x), " weights:", count_params(base), "\n")

# ---- head ----
set_random_seed(SEED)
head <- keras_model_sequential(input_shape = ncol(x)) |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(1, activation = "sigmoid")
head |> compile(optimizer = "adam",
                loss = "binary_crossentropy")

# ---- fit ----
y_val <- y[is_val]
history <- head |> fit(
  x[is_train, ], y[is_train], epochs = EPOCHS, verbose = 0,
  validation_data = list(x[is_val, ], y_val)
)
ggplot(as.data.frame(history)) +
  geom_line(aes(epoch, value, colour = data))

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

# ---- predict ----
model <- keras_model_sequential() |> extractor() |> head()
image <- image_load(NEW, target_size = c(SIZE, SIZE),
                    interpolation = "bilinear")
image <- image_to_array(image)
dim(image) <- c(1, dim(image))
new_prob <- predict(model, image, verbose = 0)[1, 1]
named <- paste0(if (new_prob < threshold) "not ", POSITIVE)
cat(sprintf("%s: %.3f, %s\n", basename(NEW), new_prob, named))

# ---- test ----
y_test <- y[is_test]
test_prob <- predict(head, x[is_test, ], verbose = 0)[, 1]
right <- (test_prob >= threshold) == y_test
# Cells of one person are alike: what counts are people.
shares <- tapply(right, person[is_test], mean)
interval <- t.test(shares)$conf.int
results <- list(
  val_accuracy_colour = val_accuracy_colour,
  vote_by_image = votes[["image"]],
  vote_by_person = votes[["person"]],
  val_auc = val_auc,
  val_accuracy = mean((y_prob >= threshold) == y_val),
  test_accuracy = mean(shares),
  test_low = max(interval[1], 0),
  test_high = min(interval[2], 1),
  test_sensitivity = mean(right[y_test == 1]),
  test_specificity = mean(right[y_test == 0])
)
str(results)
