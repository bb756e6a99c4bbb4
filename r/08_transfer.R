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
tapply(person, part, \(who) length(unique(who)))

# ---- look ----
old <- par(mfrow = c(2, 4), mar = c(0.5, 0.5, 2.5, 0.5))
for (i in which(is_train)[c(TRUE, logical(23))]) {
  plot(as.raster(image_to_array(image_load(files[i])) / 255))
  title(paste0(person[i], "\n", label[i]), cex.main = 0.9)
}
par(old)

# ---- colour ----
colour <- keras_model_sequential() |>
  layer_center_crop(SIZE / 2, SIZE / 2) |>
  layer_global_average_pooling_2d() |>
  predict(stream, verbose = 0)
stopifnot("unread image" = nrow(colour) == length(files))

vote <- function(i, hidden) {
  distance <- colSums((t(colour) - colour[i, ])^2)
  distance[hidden | is_test] <- Inf
  (mean(y[order(distance)[1:5]]) > 0.5) == y[i]
}

by_colour <- mean(sapply(which(is_val), vote, !is_train))
cat(sprintf("accuracy by the mean colour: %.3f\n", by_colour))

# ---- shortcut ----
votes <- sapply(list(image = files, person = person), \(who)
  mean(sapply(which(!is_test), \(i) vote(i, who == who[i]))))
round(votes, 3)

# ---- base ----
base <- application_mobilenet(weights = WEIGHTS, alpha = 0.25,
  include_top = FALSE, pooling = "avg")
extractor <- keras_model_sequential() |>
  layer_rescaling(1 / 127.5, offset = -1) |> base()
x <- predict(extractor, stream, verbose = 0)
cat("features:", dim(x), " weights:", count_params(base), "\n")

# ---- head ----
set_random_seed(SEED)
head <- keras_model_sequential() |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(1, activation = "sigmoid")
head |> compile(optimizer = "adam", loss = "binary_crossentropy")

# ---- fit ----
y_val <- y[is_val]
history <- head |> fit(
  x[is_train, ], y[is_train], epochs = EPOCHS, verbose = 0,
  validation_data = list(x[is_val, ], y_val))
ggplot(as.data.frame(history)) +
  geom_line(aes(epoch, value, colour = data)) + labs(y = "loss")

# ---- validate ----
get_auc <- \(score) as.numeric(
  pROC::auc(y_val, score, levels = 0:1, direction = "<"))
y_prob <- predict(head, x[is_val, ], verbose = 0)[, 1]
val_auc <- get_auc(y_prob)
candidates <- sort(unique(y_prob), decreasing = TRUE)
gain <- sapply(candidates, \(threshold)
  diff(tapply(y_prob >= threshold, y_val, mean)))
threshold <- candidates[which.max(gain)]
cat(sprintf("AUC %.3f, threshold %.3f\n", val_auc, threshold))

# ---- control ----
# The same networks with new random weights. The features of
# a random base are tiny, so they are enlarged.
set_random_seed(SEED)
z <- predict(clone_model(extractor), stream, verbose = 0) * 2^50
control <- clone_model(head)
control |> compile("adam", "binary_crossentropy")
control |> fit(z[is_train, ], y[is_train], epochs = EPOCHS,
               verbose = 0)
random_prob <- predict(control, z[is_val, ], verbose = 0)[, 1]
val_auc_random <- get_auc(random_prob)
cat(sprintf("AUC with a random base: %.3f\n", val_auc_random))

# ---- predict ----
model <- keras_model_sequential() |>
  layer_resizing(SIZE, SIZE) |> extractor() |> head()
image <- image_to_array(image_load(NEW))
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
ci <- t.test(shares)$conf.int
for (one in c("sensitivity", "specificity")) {
  hits <- right[y_test == (one == "sensitivity")]
  count <- prop.test(sum(hits), length(hits), correct = FALSE)
  cat(one, round(count$conf.int, 3), "\n")
}
results <- list(
  val_accuracy_colour = by_colour,
  vote_by_image = votes[[1]], vote_by_person = votes[[2]],
  val_auc = val_auc, val_auc_random = val_auc_random,
  val_accuracy = mean((y_prob >= threshold) == y_val),
  test_accuracy = mean(shares),
  test_low = max(ci[1], 0), test_high = min(ci[2], 1),
  test_sensitivity = mean(right[y_test == 1]),
  test_specificity = mean(right[y_test == 0])
)
str(results)
