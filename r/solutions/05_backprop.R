# Solution: tanh and momentum, with a gradient check.

library(keras3)
library(ggplot2)

# ---- constants ----
DATA <- "shared_data/moons/moons.csv"
SEED <- 1
STEP <- 1e-5
UNITS <- 8
LEARNING_RATE <- 0.5
MOMENTUM <- 0.9
EPOCHS <- 120

# ---- load ----
moons <- read.csv(DATA)

take <- \(name, cols) as.matrix(moons[moons$part == name, cols])

x_train <- take("train", c("x1", "x2"))
y_train <- take("train", "label")
x_val <- take("val", c("x1", "x2"))
y_val <- take("val", "label")

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = 2) |>
  layer_dense(UNITS, activation = "tanh") |>
  layer_dense(1, activation = "sigmoid")
weights <- get_weights(model)

# ---- network ----
forward <- function(x, weights) {
  names(weights) <- c("w1", "b1", "w2", "b2")
  with(weights, {
    hidden <- tanh(sweep(x %*% w1, 2, b1, "+"))
    p <- 1 / (1 + exp(-sweep(hidden %*% w2, 2, b2, "+")))
    list(hidden = hidden, p = p)
  })
}

cross_entropy <- function(x, y, weights) {
  p <- forward(x, weights)$p
  -mean(y * log(p) + (1 - y) * log(1 - p))
}

backward <- function(x, y, weights) {
  now <- forward(x, weights)
  d2 <- (now$p - y) / nrow(y)
  d1 <- (d2 %*% t(weights[[3]])) * (1 - now$hidden^2)
  list(t(x) %*% d1, colSums(d1),
       t(now$hidden) %*% d2, colSums(d2))
}

# ---- check ----
w1 <- weights[[1]]
loss <- function(w1) {
  cross_entropy(x_train, y_train, c(list(w1), weights[-1]))
}

slopes <- 0 * w1
for (i in seq_along(w1)) {
  h <- 0 * w1
  h[i] <- STEP # move only weight number i
  slopes[i] <- (loss(w1 + h) - loss(w1 - h)) / 2 / STEP
}
gap <- abs(backward(x_train, y_train, weights)[[1]] - slopes)
cat(sprintf("largest gap in the gradient: %.0e\n", max(gap)))

# ---- descend ----
velocity <- lapply(weights, \(w) 0 * w)
for (epoch in seq_len(EPOCHS)) {
  grad <- backward(x_train, y_train, weights)
  velocity <- Map(\(v, g) MOMENTUM * v - LEARNING_RATE * g,
                  velocity, grad)
  weights <- Map(`+`, weights, velocity)
}

# ---- fit ----
model |> compile(
  optimizer_sgd(LEARNING_RATE, momentum = MOMENTUM),
  loss = "binary_crossentropy"
)
model |> fit(
  x_train, y_train, batch_size = nrow(x_train), epochs = EPOCHS,
  shuffle = FALSE, verbose = 0
)
gap <- mapply(\(ours, theirs) max(abs(ours - theirs)),
              weights, get_weights(model))
cat(sprintf("largest gap in the weights: %.0e\n", max(gap)))

# ---- map ----
side <- seq(-2, 3, length.out = 101)
grid <- expand.grid(x1 = side, x2 = side)
grid$p <- c(forward(as.matrix(grid), weights)$p)
ggplot(moons[moons$part == "val", ], aes(x1, x2)) +
  geom_contour(aes(z = p), grid, breaks = 0.5,
               colour = "grey50") +
  geom_point(aes(colour = factor(label)), size = 1) +
  coord_cartesian(xlim = range(side), ylim = range(side)) +
  labs(colour = "label")

# ---- validate ----
y_prob <- forward(x_val, weights)$p
results <- list(
  val_accuracy = mean((y_prob > 0.5) == y_val),
  val_loss = cross_entropy(x_val, y_val, weights),
  weights_agree = max(gap) < 1e-4
)

# ---- test ----
x_test <- take("test", c("x1", "x2"))
y_test <- take("test", "label")
right <- sum((forward(x_test, weights)$p > 0.5) == y_test)
ci <- prop.test(right, nrow(y_test), correct = FALSE)$conf.int
results <- c(results, test_accuracy = right / nrow(y_test),
             test_low = ci[1], test_high = ci[2])
str(results)
