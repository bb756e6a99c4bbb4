# Convolution and pooling: a network that looks at images.

library(keras3)

# ---- constants ----
DATA <- "shared_data/emoji10/emoji10.npz"
DESIGNS <- "shared_data/emoji10/pictures.csv"
PICTURE <- "shared_data/emoji10/new.png"
SEED <- 1
CLASSES <- c("airplane", "automobile", "bird", "cat", "deer",
             "dog", "frog", "horse", "ship", "truck")
TRAIN <- 2000
VAL <- 400
FILTERS <- 16
DROPOUT <- 0.3
EPOCHS <- 5
PATCH <- 8

# ---- load ----
images <- reticulate::import("numpy")$load(DATA)
x <- images$get("x_train")
y <- as.vector(images$get("y_train"))
x_train <- x[1:TRAIN, , , ]
y_train <- y[1:TRAIN]
x_val <- x[TRAIN + 1:VAL, , , ]
y_val <- y[TRAIN + 1:VAL]
x_test <- images$get("x_test")
y_test <- as.vector(images$get("y_test"))
design <- seq_len(nrow(x) + nrow(x_test))
if (nzchar(DESIGNS)) design <- read.csv(DESIGNS)$design
design_test <- tail(design, nrow(x_test))
cat("test designs:", length(unique(design_test)), "\n")

# ---- look ----
draw <- function(images, titles, rows = 1) {
  par(mfrow = c(rows, length(images) / rows), mar = rep(1, 4))
  for (i in seq_along(images)) {
    pixels <- as.raster(images[[i]], max = max(images[[i]]))
    plot(pixels, interpolate = FALSE)
    title(titles[i], cex.main = 0.9, font.main = 1)
  }
}

few <- order(y_train)[seq(1, TRAIN, 50)]
draw(lapply(few, \(row) x_train[row, , , ]),
     CLASSES[y_train[few] + 1], 5)

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = c(32, 32, 3)) |>
  layer_rescaling(1 / 255) |>
  layer_random_flip("horizontal") |>
  layer_conv_2d(FILTERS, 3, activation = "relu") |>
  layer_max_pooling_2d() |>
  layer_conv_2d(2 * FILTERS, 3, activation = "relu") |>
  layer_max_pooling_2d() |>
  layer_flatten() |>
  layer_dropout(DROPOUT) |>
  layer_dense(10, activation = "softmax")
summary(model)

# ---- compile ----
model |> compile(optimizer = "adam", metrics = "accuracy",
                 loss = "sparse_categorical_crossentropy")

# ---- fit ----
history <- fit(model, x_train, y_train, epochs = EPOCHS,
               validation_data = list(x_val, y_val), verbose = 2)

# ---- curve ----
plot(history) + ggplot2::geom_line()

# ---- validate ----
y_prob <- model |> predict(x_val, verbose = 0)
y_pred <- max.col(y_prob, "first") - 1L
right <- y_pred == y_val
cat(sprintf("network %.4f\n", mean(right)))

# ---- baseline ----
pool <- layer_average_pooling_2d(pool_size = 4)
average_blocks <- function(x) {
  matrix(as.array(pool(x / 255)), nrow(x))
}

baseline <- glmnet::glmnet(
  average_blocks(x_train), y_train, "multinomial", alpha = 0,
  lambda = 1 / (0.1 * TRAIN), standardize = FALSE, thresh = 1e-10
)
guess <- predict(baseline, average_blocks(x_val), type = "class")
cat(sprintf("logistic regression %.4f\n", mean(guess == y_val)))

# ---- errors ----
table(true = CLASSES[y_val + 1], predicted = y_pred)
of_truth <- y_prob[cbind(seq_len(VAL), y_val + 1)]
worst <- order(of_truth)[1:8]
draw(lapply(worst, \(row) x_val[row, , , ]),
     sprintf("%s: %s?", CLASSES[y_val[worst] + 1],
             CLASSES[y_pred[worst] + 1]), 2)

# ---- filters ----
surest <- which.max(of_truth)
image <- x_val[surest, , , ]
conv <- get_layer(model, index = 3)
see <- keras_model(model$inputs, conv$output)
maps <- see |>
  predict(x_val[surest, , , , drop = FALSE], verbose = 0)
strong <- order(-colMeans(maps[1, , , ], dims = 2))[1:6]
filters <- plogis(5 * get_weights(conv)[[1]])
draw(c(list(image), lapply(strong, \(one) filters[, , , one]),
       list(image), lapply(strong, \(one) maps[1, , , one])),
     rep(c("image", strong), 2), 2)

# ---- occlusion ----
side <- 33 - PATCH
covered <- x_val[rep(surest, side^2), , , ]
for (i in seq_len(side^2)) {
  row <- (i - 1) %/% side + 1:PATCH
  column <- (i - 1) %% side + 1:PATCH
  covered[i, row, column, ] <- 127L
}
p_covered <- predict(model, covered, verbose = 0)
p_covered <- p_covered[, y_val[surest] + 1]
draw(list(image, 1 - matrix(p_covered, side, byrow = TRUE)),
     c(CLASSES[y_val[surest] + 1], "bright: covering hurts"))
cat(sprintf("p: %.3f, %.3f\n", max(of_truth), min(p_covered)))

# ---- predict ----
picture <- image_load(PICTURE, target_size = c(32, 32),
                      interpolation = "box")
new <- array_reshape(image_to_array(picture), c(1, 32, 32, 3))
new_prob <- model |> predict(new, verbose = 0)
cat(CLASSES[which.max(new_prob)], round(max(new_prob), 4), "\n")

# ---- test ----
y_prob_test <- model |> predict(x_test, verbose = 0)
right_test <- max.col(y_prob_test, "first") - 1L == y_test
accuracy <- mean(right_test)
ci <- prop.test(sum(right_test), length(y_test),
                correct = FALSE)$conf.int
sums <- tapply(right_test - accuracy, design_test, sum)
n <- length(sums)
error <- sqrt(sum(sums^2) * n / (n - 1)) / length(y_test)
margin <- qt(0.975, n - 1) * error
results <- list(
  val_accuracy = mean(right),
  val_accuracy_baseline = mean(guess == y_val),
  test_accuracy = accuracy, test_designs = n,
  test_low_images = ci[1], test_high_images = ci[2],
  test_low_designs = accuracy - margin,
  test_high_designs = accuracy + margin
)
str(results)
