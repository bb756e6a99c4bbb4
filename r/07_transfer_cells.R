# Transfer learning: cells with and without malaria.

library(keras3)
library(ggplot2)

# ---- constants ----
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
cells <- image_files(data_file("cells"))
cells$name <- basename(cells$file)
# A fixed shuffle: sorted by what looks like chance.
cells$digest <- sapply(
  cells$name, digest::digest,
  algo = "sha256", serialize = FALSE
)
cells <- cells[order(cells$digest, method = "radix"), ]
cells$y <- as.integer(cells$label == "Parasitized")
cells$person <- sub("_?[Tt]hinF.*", "", cells$name)
cells$photo <- sub("_cell.*", "", cells$name)
table(cells$label)
tapply(cells$person, cells$label, \(one) length(unique(one)))

# ---- partition ----
every_fourth <- function(values, start) {
  ordered <- sort(unique(values), method = "radix")
  ordered[seq_along(ordered) %% 4 == (start + 1) %% 4]
}

cells$part <- "train"
ill <- cells$person[cells$y == 1]
with_ill <- cells$person %in% ill
for (group in list(with_ill, !with_ill)) {
  people <- every_fourth(cells$person[group], 1)
  of_test <- group & cells$person %in% people
  cells$part[of_test] <- "test"
  rest <- group & !of_test
  photos <- every_fourth(cells$photo[rest], 3)
  cells$part[rest & cells$photo %in% photos] <- "tuning"
}
is_train <- cells$part == "train"
is_val <- cells$part == "tuning"
is_test <- cells$part == "test"
table(cells$part, cells$label)

# ---- cells ----
shown <- cells |>
  split(cells$label) |>
  lapply(head, 6) |>
  do.call(what = rbind)
shown$x <- rep(1:6, 2)
shown$row <- rep(2:1, each = 6)
ggplot(shown, aes(x, row)) +
  Map(\(file, x, y) {
    annotation_raster(png::readPNG(file), x - 0.45, x + 0.45,
                      y - 0.4, y + 0.4)
  }, shown$file, shown$x, shown$row) +
  geom_text(aes(y = row + 0.46, label = person), size = 2.5) +
  scale_y_continuous(breaks = 2:1, limits = c(0.5, 2.6),
                     labels = unique(shown$label)) +
  coord_fixed(xlim = c(0.5, 6.5)) +
  labs(x = NULL, y = NULL) +
  theme(panel.grid = element_blank(),
        axis.text.x = element_blank())

# ---- metrics ----
y <- cells$y

accuracy <- function(y, score) mean((score >= 0.5) == y)

auc <- function(y, score) {
  n1 <- sum(y == 1)
  n0 <- sum(y == 0)
  (sum(rank(score)[y == 1]) - n1 * (n1 + 1) / 2) / (n1 * n0)
}

mcc <- function(tp, tn, fp, fn) {
  product <- (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
  if (product == 0) return(NA)
  (tp * tn - fp * fn) / sqrt(product)
}

# ---- colour ----
mean_colour <- function(file) {
  pixels <- round(255 * png::readPNG(file)[, , 1:3])
  dim(pixels) <- c(length(pixels) / 3, 3)
  colMeans(pixels[rowSums(pixels) > 0, ])
}

logistic <- function(x) {
  centre <- colMeans(x[!is_test, ])
  x <- sweep(x, 2, centre)
  spread <- sqrt(colMeans(x[!is_test, ]^2))
  spread[spread == 0] <- 1
  x <- sweep(x, 2, spread, "/")
  model <- glmnet::glmnet(
    x[!is_test, ], y[!is_test],
    family = "binomial", alpha = 0, standardize = FALSE,
    lambda = 1 / (C * sum(!is_test)),
    thresh = 1e-16, maxit = 1e7
  )
  score <- predict(model, x[is_test, ], type = "response")
  round(score[, 1], 6) # what the last digits say is noise
}

judge <- function(score) {
  list(accuracy = accuracy(y[is_test], score),
       auc = auc(y[is_test], score))
}

colour <- t(sapply(cells$file, mean_colour, USE.NAMES = FALSE))
colour_score <- logistic(colour)
of_colour <- judge(colour_score)
round(unlist(of_colour), 3)

# ---- shortcut ----
person <- cells$person
one_person <- outer(person, person, "==")

nearest <- function(x, hidden) {
  distance <- as.matrix(dist(x))
  distance[hidden] <- Inf
  order <- t(apply(distance, 1, order))
  order[, 1:NEIGHBOURS]
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
cache <- tempfile(
  "cells", dirname("07_transfer_cells")
)
dir.create(cache)

decode <- function(file, label) {
  image <- tf$io$decode_png(tf$io$read_file(file),
                            channels = 3L)
  image <- tf$image$resize(image, as.integer(c(SIZE, SIZE)))
  tuple(tf$cast(image, tf$uint8), label)
}

stream <- function(rows, name, shuffle = FALSE) {
  data <- tf$data$Dataset$from_tensor_slices(
    tuple(rows$file, rows$y)
  )
  # Decoded once: the cache is a file on disk, not memory.
  data <- data$map(decode)$cache(file.path(cache, name))
  if (shuffle) {
    data <- data$shuffle(as.integer(BUFFER), seed = SEED)
  }
  data$batch(as.integer(BATCH_SIZE))$prefetch(1L)
}

train <- stream(cells[is_train, ], "train", shuffle = TRUE)
tuning <- stream(cells[is_val, ], "tuning")
test <- stream(cells[is_test, ], "test")
everything <- stream(cells, "everything")

# ---- base ----
weights <- "imagenet"
if (variant() == "mini") {
  weights <- data_file("mobilenet_emoji")
}

mobilenet <- function(weights) {
  application_mobilenet(
    alpha = ALPHA, include_top = FALSE, weights = weights
  )
}

set_random_seed(SEED)
base <- mobilenet(weights)
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
feature_score <- logistic(x)
of_features <- judge(feature_score)
of_random <- judge(logistic(features(random_base)))
sapply(list(colour = of_colour, features = of_features,
            random_weights = of_random), unlist) |>
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

ready <- function(model, rate) {
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
top <- ready(new_top(), LEARNING_RATE)
start_top <- get_weights(top)
history_top <- top |> fit(
  x[is_train, ], y[is_train],
  batch_size = BATCH_SIZE,
  epochs = EPOCHS_TOP,
  validation_data = list(x[is_val, ], y[is_val]),
  verbose = 2
)
end_top <- get_weights(top)
score_top <- predict(top, x[is_test, ], verbose = 0)[, 1]

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
model <- ready(build(base, top), FINE_RATE)
start_fine <- get_weights(model)
history_fine <- model |> fit(
  train,
  epochs = EPOCHS_FINE,
  validation_data = tuning,
  verbose = 2
)

# ---- original ----
set_random_seed(SEED)
base <- mobilenet(weights)
freeze_weights(base, to = FROZEN)
original <- ready(build(base, new_top()), LEARNING_RATE)
start_original <- get_weights(original)
history_original <- original |> fit(
  train,
  epochs = EPOCHS_ORIGINAL,
  verbose = 2
)

# ---- curves ----
curve <- rbind(as.data.frame(history_top$metrics),
               as.data.frame(history_fine$metrics))
curve <- data.frame(
  epoch = seq_len(nrow(curve)),
  accuracy = c(curve$accuracy, curve$val_accuracy),
  part = rep(c("train", "tuning"), each = nrow(curve))
)
ggplot(curve, aes(epoch, accuracy, colour = part)) +
  geom_line() +
  geom_point() +
  geom_vline(xintercept = EPOCHS_TOP + 0.5,
             linetype = "dotted") +
  scale_x_continuous(breaks = curve$epoch) +
  labs(colour = NULL)

# ---- evaluate ----
score_of <- function(model) {
  predict(model, test, verbose = 0)[, 1]
}

y_test <- y[is_test]
score <- score_of(model)
score_original <- score_of(original)
four <- list(
  tp = sum(y_test == 1 & score >= 0.5),
  tn = sum(y_test == 0 & score < 0.5),
  fp = sum(y_test == 0 & score >= 0.5),
  fn = sum(y_test == 1 & score < 0.5)
)
result <- c(four, list(
  sensitivity = four$tp / sum(y_test == 1),
  specificity = four$tn / sum(y_test == 0),
  accuracy = accuracy(y_test, score),
  mcc = do.call(mcc, four),
  auc = auc(y_test, score),
  accuracy_tuning = tail(history_fine$metrics$val_accuracy, 1),
  accuracy_top = accuracy(y_test, score_top),
  auc_top = auc(y_test, score_top),
  accuracy_original = accuracy(y_test, score_original),
  auc_original = auc(y_test, score_original),
  sensitivity_original = mean(score_original[y_test == 1] >= 0.5)
))
round(unlist(result), 3)

# ---- roc ----
roc <- function(model, values) {
  cuts <- c(Inf, sort(unique(values), decreasing = TRUE))
  data.frame(
    model = model,
    fpr = sapply(cuts, \(cut) mean(values[y_test == 0] >= cut)),
    tpr = sapply(cuts, \(cut) mean(values[y_test == 1] >= cut))
  )
}

rbind(roc("mean colour", colour_score),
      roc("features", feature_score),
      roc("network", score)) |>
  ggplot(aes(fpr, tpr, colour = model)) +
  geom_abline(linetype = "dotted") +
  geom_step(direction = "vh") +
  coord_fixed() +
  labs(x = "1 - specificity", y = "sensitivity",
       colour = NULL)

# ---- save ----
model |> save_model("07_transfer_cells.keras",
                    overwrite = TRUE)
again <- load_model("07_transfer_cells.keras")
same <- identical(score_of(again), score)
cat("the reloaded model predicts the same:", same, "\n")

# ---- results ----
unlink(cache, recursive = TRUE)
named <- function(values, end) {
  setNames(values, paste0(names(values), "_", end))
}
results <- c(
  result,
  shortcut,
  named(of_colour, "colour"),
  named(of_features, "features"),
  named(of_random, "random"),
  list(reloaded_same = same)
)
print(round(unlist(results), 4))
