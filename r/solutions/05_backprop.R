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
TOLERANCE <- 1e-6

# ---- load ----
moons <- read.csv(DATA)
train <- moons[moons$part == "train", ]
test <- moons[moons$part == "test", ]
x_train <- as.matrix(train[c("x1", "x2")])
y_train <- as.matrix(train["label"])
x_test <- as.matrix(test[c("x1", "x2")])
y_test <- as.matrix(test["label"])

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = 2) |>
  layer_dense(UNITS, activation = "tanh") |>
  layer_dense(1, activation = "sigmoid")


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
slope <- function(weights, k, i) {
  up <- weights
  down <- weights
  up[[k]][i] <- up[[k]][i] + STEP
  down[[k]][i] <- down[[k]][i] - STEP
  (cross_entropy(x_train, y_train, up) -
     cross_entropy(x_train, y_train, down)) / (2 * STEP)
}

weights <- get_weights(model)
by_hand <- backward(x_train, y_train, weights)
gap <- 0
for (k in seq_along(by_hand)) {
  for (i in seq_along(by_hand[[k]])) {
    here <- abs(by_hand[[k]][i] - slope(weights, k, i))
    gap <- max(gap, here)
  }
}
cat(sprintf("largest gap to the slopes: %.0e\n", gap))

# ---- descend ----
velocity <- lapply(weights, function(w) 0 * w)
losses <- numeric(EPOCHS)
for (epoch in seq_len(EPOCHS)) {
  losses[epoch] <- cross_entropy(x_train, y_train, weights)
  gradients <- backward(x_train, y_train, weights)
  velocity <- Map(
    function(v, g) MOMENTUM * v - LEARNING_RATE * g,
    velocity, gradients
  )
  weights <- Map(`+`, weights, velocity)
}
accuracy <- mean((forward(x_test, weights)$p > 0.5) == y_test)
cat(sprintf("loss: %.4f first, %.4f last\n",
            losses[1], losses[EPOCHS]))
cat(sprintf("accuracy: %.3f\n", accuracy))

# ---- fit ----
model |> compile(
  optimizer = optimizer_sgd(LEARNING_RATE, momentum = MOMENTUM),
  loss = "binary_crossentropy"
)
history <- model |> fit(
  x_train, y_train,
  batch_size = nrow(x_train),
  epochs = EPOCHS,
  shuffle = FALSE,
  verbose = 0
)
loss_gap <- abs(losses - history$metrics$loss)
cat(sprintf("largest gap between the losses: %.0e\n",
            max(loss_gap)))

# ---- map ----
side <- seq(-2, 3, length.out = 101)
grid <- expand.grid(x1 = side, x2 = side)
grid$p <- c(forward(as.matrix(grid), weights)$p)
ggplot(test, aes(x1, x2)) +
  geom_contour(aes(z = p), grid, breaks = 0.5,
               colour = "grey50") +
  geom_point(aes(colour = factor(label)), size = 1) +
  coord_cartesian(xlim = range(side), ylim = range(side)) +
  guides(colour = "none")

# ---- results ----
results <- list(
  slopes_agree = gap < TOLERANCE,
  losses_agree = max(loss_gap) < TOLERANCE,
  loss_last = losses[EPOCHS],
  accuracy = accuracy
)
print(round(unlist(results), 4))
