# Solution: every cell seen from four sides, and dropout.

source("r/course.R")

# ---- constants ----
SEED <- seed(1)
SIZE <- 128
ALPHA <- 0.25
UNITS <- 64
DROPOUT <- 0.5
BATCH_SIZE <- 32
EPOCHS <- 30
LEARNING_RATE <- 0.001
TARGET <- list(auc = 0.8)

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
is_tuning <- cells$part == "tuning"
by_person <- cells$part == "test"

# ---- views ----
decode <- function(file) {
  image <- tf$io$decode_png(tf$io$read_file(file),
                            channels = 3L)
  image <- tf$image$resize(image, as.integer(c(SIZE, SIZE)))
  tf$cast(image, tf$uint8)
}

four_views <- function(image) {
  mirrored <- tf$image$flip_left_right(image)
  both <- tf$stack(list(image, mirrored))
  tf$concat(list(both, tf$image$flip_up_down(both)), 0L)
}

files <- tf$data$Dataset$from_tensor_slices(cells$file)
views <- files$map(decode)$map(four_views)$prefetch(1L)

# ---- features ----
if (variant() == "full") {
  weights <- "imagenet"
} else {
  weights <- data_file("mobilenet_emoji")
}
base <- application_mobilenet(
  alpha = ALPHA, include_top = FALSE, weights = weights
)
eye <- keras_model_sequential(
  input_shape = c(SIZE, SIZE, 3)
) |>
  layer_rescaling(1 / 127.5, offset = -1) |>
  base() |>
  layer_global_average_pooling_2d()
# Four rows for each cell.
x <- predict(eye, views, verbose = 0)
y <- cells$y
four <- rep(y, each = 4)
of_train <- rep(is_train, each = 4)
of_tuning <- rep(is_tuning, each = 4)

# ---- model ----
set_random_seed(SEED)
scaler <- layer_normalization()
scaler |> adapt(x[of_train, ])
model <- keras_model_sequential(input_shape = ncol(x)) |>
  scaler() |>
  layer_dropout(DROPOUT) |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dropout(DROPOUT) |>
  layer_dense(1, activation = "sigmoid")
start <- get_weights(model)
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE),
  loss = "binary_crossentropy",
  metrics = "accuracy"
)
history <- model |> fit(
  x[of_train, ], four[of_train],
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x[of_tuning, ], four[of_tuning]),
  verbose = 0
)

# ---- evaluate ----
auc <- function(y, score) {
  n1 <- sum(y == 1)
  n0 <- sum(y == 0)
  (sum(rank(score)[y == 1]) - n1 * (n1 + 1) / 2) / (n1 * n0)
}

views <- matrix(predict(model, x, verbose = 0), 4)
score <- round(colMeans(views), 6)
result <- list(
  accuracy = mean(((score >= 0.5) == y)[by_person]),
  auc = auc(y[by_person], score[by_person]),
  auc_tuning = auc(y[is_tuning], score[is_tuning])
)
round(unlist(result), 3)

# ---- report ----
report(
  "solutions/07_transfer_cells",
  data = list(
    y = y, by_person = by_person, tuning = is_tuning
  ),
  networks = list(top = list(model, start, history)),
  metrics = result
)
