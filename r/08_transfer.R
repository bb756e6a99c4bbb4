# Transfer learning: cells with and without malaria.

library(keras3)
library(ggplot2)

# ---- constants ----
DATA <- "shared_data/cells/images"
WEIGHTS <- "shared_data/mobilenet_emoji/mobilenet.weights.h5"
SEED <- 1
SIZE <- 128
ALPHA <- 0.25
FROZEN <- 20
TUNED <- 12
UNITS <- c(1024, 1024, 512)
SHEAR <- c(0, 0.2) # to one side: flipped, to both
BATCH_SIZE <- 32
BUFFER <- 256
EPOCHS_TOP <- 8
EPOCHS_FINE <- 2
EPOCHS_ORIGINAL <- 1
LEARNING_RATE <- 0.001
FINE_RATE <- 0.0001
C <- 0.01
NEIGHBOURS <- 5

# ---- load ----
# Without hidden files and folders, which begin with a dot.
files <- Sys.glob(file.path(DATA, "[!.]*", "[!.]*.png"))
cells <- data.frame(
  file = files,
  name = basename(files),
  label = basename(dirname(files))
)
# A fixed shuffle: sorted by what looks like chance.
cells$digest <- sapply(
  cells$name, digest::digest,
  algo = "sha256", serialize = FALSE
)
cells <- cells[order(cells$digest), ]
cells$person <- sub("_?[Tt]hinF.*", "", cells$name)
cells$photo <- sub("_cell.*", "", cells$name)
cells$y <- as.integer(cells$label == "Parasitized")
table(cells$label)
tapply(cells$person, cells$label, \(one) length(unique(one)))

# ---- partition ----
every_fourth <- function(values, start) {
  ordered <- sort(unique(values), method = "radix")
  ordered[seq_along(ordered) %% 4 == (start + 1) %% 4]
}

cells$part <- "train"
with_ill <- cells$person %in% cells$person[cells$y == 1]
for (group in list(with_ill, !with_ill)) {
  people <- every_fourth(cells$person[group], 1)
  of_test <- group & cells$person %in% people
  cells$part[of_test] <- "test"
  rest <- group & !of_test
  photos <- every_fourth(cells$photo[rest], 3)
  of_val <- rest & cells$photo %in% photos
  cells$part[of_val] <- "val"
}
is_train <- cells$part == "train"
is_val <- cells$part == "val"
is_test <- cells$part == "test"
y <- cells$y
y_test <- y[is_test]
table(cells$part, cells$label)

# ---- cells ----
par(mfrow = c(2, 6), mar = c(0.5, 0.5, 1.5, 0.5),
    oma = c(0, 1.5, 0, 0))
for (label in c("Parasitized", "Uninfected")) {
  shown <- cells[cells$label == label, ]
  for (i in 1:6) {
    plot(as.raster(png::readPNG(shown$file[i])))
    title(shown$person[i], cex.main = 0.8)
  }
}
mtext(c("Uninfected", "Parasitized"), side = 2,
      outer = TRUE, at = c(0.25, 0.75), cex = 0.6)

# ---- metrics ----
roc <- function(y_prob) {
  pROC::roc(y_test, y_prob, levels = c(0, 1), direction = "<")
}

judge <- function(y_prob) {
  list(accuracy = mean((y_prob >= 0.5) == y_test),
       auc = as.numeric(pROC::auc(roc(y_prob))))
}

# ---- colour ----
mean_colour <- function(file) {
  pixels <- png::readPNG(file)
  dim(pixels) <- c(length(pixels) / 3, 3)
  colMeans(pixels[rowSums(pixels) > 0, ])
}

logistic <- function(x) {
  model <- glmnet::glmnet(
    x[!is_test, ], y[!is_test], "binomial",
    alpha = 0, lambda = 1 / (C * sum(!is_test)),
    thresh = 1e-10
  )
  predict(model, x[is_test, ], type = "response")[, 1]
}

colour <- t(sapply(cells$file, mean_colour))
prob_colour <- logistic(colour)
of_colour <- judge(prob_colour)
round(unlist(of_colour), 3)

# ---- shortcut ----
person <- cells$person
one_person <- outer(person, person, "==")

nearest <- function(x, hidden) {
  distance <- as.matrix(dist(x))
  distance[hidden] <- Inf
  t(apply(distance, 1, order))[, seq_len(NEIGHBOURS)]
}

vote <- function(near) {
  votes <- matrix(y[near], ncol = NEIGHBOURS)
  mean((rowMeans(votes) > 0.5) == y)
}

# Either only the cell itself is hidden from the vote, or all
# cells of its person are.
itself <- diag(length(y)) == 1
near <- nearest(colour, itself)
shortcut <- list(
  accuracy_by_image = vote(near),
  accuracy_by_person = vote(nearest(colour, one_person)),
  accuracy_who = mean(person[near[, 1]] == person)
)
round(unlist(shortcut), 3)

# ---- stream ----
tf <- reticulate::import("tensorflow")
cache <- tempfile()
dir.create(cache)

decode <- function(file, label) {
  image <- tf$io$decode_png(tf$io$read_file(file),
                            channels = 3L)
  image <- tf$image$resize(image, as.integer(c(SIZE, SIZE)))
  reticulate::tuple(tf$cast(image, tf$uint8), label)
}

stream <- function(rows, name, shuffle = FALSE) {
  data <- tf$data$Dataset$from_tensor_slices(
    reticulate::tuple(rows$file, rows$y)
  )
  # Decoded once: the cache is a file on disk, not memory.
  data <- data$map(decode)$cache(file.path(cache, name))
  if (shuffle) {
    data <- data$shuffle(as.integer(BUFFER),
                         seed = as.integer(SEED))
  }
  data$batch(as.integer(BATCH_SIZE))$prefetch(1L)
}

train <- stream(cells[is_train, ], "train", shuffle = TRUE)
val <- stream(cells[is_val, ], "val")
test <- stream(cells[is_test, ], "test")
everything <- stream(cells, "everything")

# ---- base ----
mobilenet <- function(weights) {
  application_mobilenet(
    alpha = ALPHA, include_top = FALSE, weights = weights
  )
}

set_random_seed(SEED)
base <- mobilenet(WEIGHTS)
random_base <- mobilenet(NULL)
cat("layers of the base:", length(base$layers), "\n")

# ---- features ----
features <- function(base) {
  keras_model_sequential(input_shape = c(SIZE, SIZE, 3)) |>
    layer_rescaling(1 / 127.5, offset = -1) |>
    base() |>
    layer_global_average_pooling_2d() |>
    predict(everything, verbose = 0)
}

x <- features(base)
prob_features <- logistic(x)
of_features <- judge(prob_features)
of_random <- judge(logistic(features(random_base)))
list(colour = of_colour, features = of_features,
     random = of_random) |>
  sapply(unlist) |>
  round(3)
shortcut <- c(shortcut, list(
  accuracy_features_by_image = vote(nearest(x, itself)),
  accuracy_features_by_person =
    vote(nearest(x, one_person))
))
round(unlist(shortcut), 3)

# ---- frozen ----
new_top <- function() {
  top <- keras_model_sequential(input_shape = ncol(x))
  for (units in UNITS) {
    top <- top |> layer_dense(units, activation = "relu")
  }
  top |> layer_dense(1, activation = "sigmoid")
}

make_ready <- function(model, rate) {
  model |> compile(
    optimizer = optimizer_adam(rate),
    loss = "binary_crossentropy",
    metrics = "accuracy",
    jit_compile = FALSE # it would take longer than it saves
  )
  # Else Keras would translate the first step twice.
  model$optimizer$build(model$trainable_variables)
  model
}

# While the base is frozen, its features do not change: they
# are computed once, and the top learns on them.
set_random_seed(SEED)
top <- make_ready(new_top(), LEARNING_RATE)
history_top <- top |> fit(
  x[is_train, ], y[is_train],
  batch_size = BATCH_SIZE,
  epochs = EPOCHS_TOP,
  validation_data = list(x[is_val, ], y[is_val]),
  verbose = 2
)
of_top <- judge(predict(top, x[is_test, ], verbose = 0)[, 1])

# ---- fine ----
build <- function(base, top) {
  inputs <- keras_input(c(SIZE, SIZE, 3), name = "image")
  outputs <- inputs |>
    layer_random_shear(SHEAR, SHEAR) |>
    layer_random_zoom(0.2) |>
    layer_random_flip() |>
    layer_rescaling(1 / 127.5, offset = -1) |>
    base() |>
    layer_global_average_pooling_2d() |>
    top()
  keras_model(inputs, outputs, name = "cells")
}

# Only the last layers are tuned. Batch normalisation stays
# frozen: else it would replace what it knows of many images
# by what it sees in a few.
is_norm <- \(layer) grepl("BatchNorm", class(layer)[1])
tuned <- Filter(Negate(is_norm), tail(base$layers, TUNED))
tuned <- sapply(tuned, \(layer) layer$name)
unfreeze_weights(base, which = tuned)
set_random_seed(SEED)
model <- make_ready(build(base, top), FINE_RATE)
history <- model |> fit(
  train,
  epochs = EPOCHS_FINE,
  validation_data = val,
  verbose = 2
)

# ---- original ----
set_random_seed(SEED)
base <- mobilenet(WEIGHTS)
freeze_weights(base, to = FROZEN)
original <- make_ready(build(base, new_top()), LEARNING_RATE)
original |> fit(
  train,
  epochs = EPOCHS_ORIGINAL,
  verbose = 2
)

# ---- curves ----
curve_top <- as.data.frame(history_top)
curve <- as.data.frame(history)
curve$epoch <- curve$epoch + EPOCHS_TOP
rbind(curve_top, curve) |>
  subset(metric == "accuracy") |>
  ggplot(aes(epoch, value, colour = data)) +
  geom_line() +
  geom_point() +
  geom_vline(xintercept = EPOCHS_TOP + 0.5,
             linetype = "dotted") +
  labs(y = "accuracy", colour = NULL)

# ---- evaluate ----
y_prob <- predict(model, test, verbose = 0)[, 1]
y_pred <- as.integer(y_prob >= 0.5)
y_prob_original <- predict(original, test, verbose = 0)[, 1]
of_model <- judge(y_prob)
of_original <- judge(y_prob_original)
list(top = of_top, "fine-tuned" = of_model,
     original = of_original) |>
  sapply(unlist) |>
  round(3)

tp <- sum(y_test == 1 & y_pred == 1)
tn <- sum(y_test == 0 & y_pred == 0)
fp <- sum(y_test == 0 & y_pred == 1)
fn <- sum(y_test == 1 & y_pred == 0)
rates <- list(
  sensitivity = tp / (tp + fn),
  specificity = tn / (tn + fp),
  mcc = cor(y_test, y_pred),
  sensitivity_original =
    mean(y_prob_original[y_test == 1] >= 0.5)
)
round(unlist(rates), 3)

# ---- roc ----
list("mean colour" = prob_colour,
     "features" = prob_features,
     "network" = y_prob) |>
  lapply(roc) |>
  pROC::ggroc(legacy.axes = TRUE) +
  geom_abline(linetype = "dotted") +
  coord_fixed() +
  labs(x = "1 - specificity", y = "sensitivity",
       colour = NULL)

# ---- save ----
model |> save_model("cells.keras", overwrite = TRUE)
again <- load_model("cells.keras")
same <- identical(
  predict(again, test, verbose = 0)[, 1], y_prob
)
cat("the reloaded model predicts the same:", same, "\n")

# ---- results ----
results <- c(
  list(tp = tp, tn = tn, fp = fp, fn = fn),
  rates,
  list(
    accuracy = of_model$accuracy,
    auc = of_model$auc,
    accuracy_tuning = tail(history$metrics$val_accuracy, 1),
    accuracy_top = of_top$accuracy,
    auc_top = of_top$auc,
    accuracy_original = of_original$accuracy,
    auc_original = of_original$auc,
    accuracy_colour = of_colour$accuracy,
    auc_colour = of_colour$auc,
    accuracy_features = of_features$accuracy,
    auc_features = of_features$auc,
    accuracy_random = of_random$accuracy,
    auc_random = of_random$auc
  ),
  shortcut,
  list(reloaded_same = same)
)
str(results[grepl("auc", names(results))])
