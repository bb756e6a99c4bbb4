# Convolution and pooling: a network that looks at images.

library(keras3)
library(ggplot2)

# ---- constants ----
SEED <- 1
CLASSES <- c(
  "airplane", "automobile", "bird", "cat", "deer",
  "dog", "frog", "horse", "ship", "truck"
)
TRAIN <- 2000
TUNING <- 400
FILTERS <- 32
KERNEL <- 5
BATCH_SIZE <- 32
EPOCHS <- 5
BLOCK <- 4
C <- 0.1

# ---- load ----
images <- read_arrays(
  data_file("emoji10"),
  x_train = c(NA, 32, 32, 3), y_train = NA,
  x_test = c(NA, 32, 32, 3), y_test = NA
)
learn <- seq_len(TRAIN)
tune <- TRAIN + seq_len(TUNING)
x_train <- images$x_train[learn, , , ]
y_train <- images$y_train[learn]
x_val <- images$x_train[tune, , , ]
y_val <- images$y_train[tune]
x_test <- images$x_test
y_test <- images$y_test
cat("images:", length(y_train), length(y_val),
    length(y_test), "\n")
cat("one image:", dim(x_train)[-1],
    "from", min(x_train), "to", max(x_train), "\n")

# ---- look ----
tiles <- function(x, group) {
  # One row for each pixel, its colour as ggplot2 wants it.
  expand.grid(image = seq_len(dim(x)[1]),
              row = seq_len(dim(x)[2]),
              column = seq_len(dim(x)[3])) |>
    transform(group = group[image],
              fill = rgb(x[, , , 1], x[, , , 2], x[, , , 3]))
}
shown <- sapply(0:9, \(label) which(y_train == label)[1:5])
pixels <- tiles(x_train[c(shown), , , ] / 255, seq_along(shown))
pixels <- transform(
  pixels,
  place = (image - 1) %% 5,
  class = factor(CLASSES[(image - 1) %/% 5 + 1], CLASSES)
)
ggplot(pixels, aes(column, -row, fill = fill)) +
  geom_raster() +
  facet_grid(place ~ class) +
  scale_fill_identity() +
  coord_equal() +
  theme_void() +
  theme(strip.text.x = element_text(size = 6),
        strip.text.y = element_blank())

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = c(32, 32, 3)) |>
  layer_rescaling(1 / 255) |>
  layer_conv_2d(FILTERS, KERNEL, padding = "same",
                activation = "relu") |>
  layer_max_pooling_2d() |>
  layer_flatten() |>
  layer_dense(10, activation = "softmax")

for (layer in model$layers) {
  cat(sprintf("%-13s", sub(".*[.]", "", class(layer)[1])),
      unlist(layer$output$shape), layer$count_params(), "\n")
}

# ---- compile ----
model |> compile(
  optimizer = "adam",
  loss = "sparse_categorical_crossentropy",
  metrics = "accuracy"
)

# ---- fit ----
history <- model |> fit(
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_val, y_val),
  verbose = 2
)

# ---- curve ----
curve <- as.data.frame(history)
levels(curve$data) <- c("train", "tuning")
ggplot(curve, aes(epoch, value, colour = data)) +
  geom_line() +
  facet_grid(rows = vars(metric), scales = "free_y") +
  labs(y = NULL, colour = NULL)

# ---- evaluate ----
probability <- model |> predict(x_test, verbose = 0)
predicted <- max.col(probability, "first") - 1L
accuracy <- mean(predicted == y_test)
cat(sprintf("test accuracy %.4f\n", accuracy))

# ---- confusion ----
confusion <- table(true = factor(y_test, 0:9, CLASSES),
                   predicted = factor(predicted, 0:9, CLASSES))
ggplot(as.data.frame(confusion), aes(predicted, true)) +
  geom_tile(aes(fill = Freq)) +
  geom_text(aes(label = Freq,
                colour = Freq > max(Freq) / 2), size = 3) +
  scale_y_discrete(limits = rev) +
  scale_fill_distiller(palette = "Blues", direction = 1) +
  scale_colour_manual(values = c("black", "white")) +
  guides(fill = "none", colour = "none") +
  theme(axis.text.x = element_text(angle = 45, hjust = 1),
        panel.grid = element_blank())

# ---- filters ----
kernels <- get_weights(get_layer(model, index = 2))[[1]]
kernels <- (kernels - min(kernels)) / diff(range(kernels))
kernels <- aperm(kernels, c(4, 1, 2, 3))
ggplot(tiles(kernels, seq_len(FILTERS)),
       aes(column, -row, fill = fill)) +
  geom_raster() +
  facet_wrap(vars(group), nrow = 4) +
  scale_fill_identity() +
  coord_equal() +
  theme_void() +
  theme(strip.text = element_blank())

# ---- maps ----
eye <- keras_model(model$inputs,
                   get_layer(model, index = 2)$output)
maps <- eye |> predict(x_test[1, , , , drop = FALSE],
                       verbose = 0)
ggplot(as.data.frame.table(maps, responseName = "value"),
       aes(as.integer(Var3), -as.integer(Var2), fill = value)) +
  geom_raster() +
  facet_wrap(vars(as.integer(Var4)), nrow = 4) +
  coord_equal() +
  guides(fill = "none") +
  theme_void() +
  theme(strip.text = element_blank())
cat("one image becomes", dim(maps)[-1], "\n")

# ---- baseline ----
blocks <- function(x) {
  side <- 32 / BLOCK
  split <- c(nrow(x), BLOCK, side, BLOCK, side, 3)
  tiles <- aperm(array(x / 255, split), c(2, 4, 1, 6, 5, 3))
  matrix(colMeans(tiles, dims = 2), nrow(x))
}
baseline <- glmnet::glmnet(
  blocks(x_train), factor(y_train), "multinomial",
  alpha = 0, lambda = 1 / (C * TRAIN), standardize = FALSE,
  thresh = 1e-13, maxit = 1e7
)
guessed <- baseline |> predict(blocks(x_test), type = "class")
accuracy_baseline <- mean(guessed == y_test)
cat(sprintf(
  "logistic regression on %d averaged pixels %.4f\n",
  ncol(blocks(x_test)), accuracy_baseline
))

# ---- save ----
model |> save_model("06_cnn_images.keras",
                    overwrite = TRUE)

# ---- results ----
of_truth <- probability[cbind(seq_along(y_test), y_test + 1)]
results <- list(
  loss = mean(-log(of_truth)),
  accuracy = accuracy,
  accuracy_baseline = accuracy_baseline
)
print(round(unlist(results), 4))
