# Convolution and pooling: a network that looks at images.

library(keras3)
library(ggplot2)

# ---- constants ----
DATA <- "shared_data/emoji10/emoji10.npz"
SEED <- 1
CLASSES <- c(
  "airplane", "automobile", "bird", "cat", "deer",
  "dog", "frog", "horse", "ship", "truck"
)
TRAIN <- 2000
VAL <- 400
FILTERS <- 32
KERNEL <- 5
BATCH_SIZE <- 32
EPOCHS <- 5
BLOCK <- 4
C <- 0.1

# ---- load ----
np <- reticulate::import("numpy")
images <- np$load(DATA)
x <- images$get("x_train")
y <- as.vector(images$get("y_train"))
train <- seq_len(TRAIN)
x_train <- x[train, , , ]
y_train <- y[train]
val <- TRAIN + seq_len(VAL)
x_val <- x[val, , , ]
y_val <- y[val]
x_test <- images$get("x_test")
y_test <- as.vector(images$get("y_test"))
cat("images:", length(y_train), length(y_val),
    length(y_test), "\n")
cat("one image:", dim(x_train)[-1],
    "from", min(x_train), "to", max(x_train), "\n")

# ---- look ----
par(mfcol = c(5, 10), mar = rep(0.2, 4), oma = c(0, 0, 2, 0))
for (label in 0:9) {
  for (row in which(y_train == label)[1:5]) {
    plot(as.raster(x_train[row, , , ], max = 255))
  }
}
mtext(CLASSES, outer = TRUE, at = (1:10 - 0.5) / 10, cex = 0.5)

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = c(32, 32, 3)) |>
  layer_rescaling(1 / 255) |>
  layer_conv_2d(FILTERS, KERNEL, padding = "same",
                activation = "relu") |>
  layer_max_pooling_2d() |>
  layer_flatten() |>
  layer_dense(10, activation = "softmax")
summary(model)

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
plot(history)

# ---- evaluate ----
y_prob <- model |> predict(x_test, verbose = 0)
y_pred <- max.col(y_prob, "first") - 1L
accuracy <- mean(y_pred == y_test)
cat(sprintf("test accuracy %.4f\n", accuracy))

# ---- confusion ----
confusion <- table(true = factor(y_test, 0:9, CLASSES),
                   predicted = factor(y_pred, 0:9, CLASSES))
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
par(mfrow = c(4, 8), mar = rep(0.2, 4))
for (number in seq_len(FILTERS)) {
  plot(as.raster(kernels[, , , number]), interpolate = FALSE)
}

# ---- maps ----
eye <- keras_model(model$inputs,
                   get_layer(model, index = 2)$output)
maps <- eye |> predict(x_test[1, , , , drop = FALSE],
                       verbose = 0)
cat("one image becomes", dim(maps)[-1], "\n")
ggplot(as.data.frame.table(maps, responseName = "value"),
       aes(as.integer(Var3), -as.integer(Var2), fill = value)) +
  geom_raster() +
  facet_wrap(vars(as.integer(Var4)), nrow = 4) +
  coord_equal() +
  guides(fill = "none") +
  theme_void() +
  theme(strip.text = element_blank())

# ---- baseline ----
average_blocks <- function(x) {
  side <- 32 / BLOCK
  split <- c(nrow(x), BLOCK, side, BLOCK, side, 3)
  tiles <- aperm(array(x / 255, split), c(2, 4, 1, 6, 5, 3))
  matrix(colMeans(tiles, dims = 2), nrow(x))
}

blocks <- average_blocks(x_train)
baseline <- glmnet::glmnet(
  blocks, factor(y_train), "multinomial",
  alpha = 0, lambda = 1 / (C * TRAIN), standardize = FALSE,
  thresh = 1e-10
)
guessed <- baseline |>
  predict(average_blocks(x_test), type = "class")
accuracy_baseline <- mean(guessed == y_test)
cat(sprintf(
  "logistic regression on %d averaged pixels %.4f\n",
  ncol(blocks), accuracy_baseline
))

# ---- save ----
model |> save_model("images.keras", overwrite = TRUE)

# ---- results ----
of_truth <- y_prob[cbind(seq_along(y_test), y_test + 1)]
results <- list(
  loss = mean(-log(of_truth)),
  accuracy = accuracy,
  accuracy_baseline = accuracy_baseline
)
str(results)
