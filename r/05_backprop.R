# Backpropagation: the chain rule, gate by gate.

library(keras3)
library(ggplot2)

# ---- constants ----
DATA <- "shared_data/moons/moons.csv"
SEED <- 1
POINT <- c(-2, 5, -4)
STEPS <- c(1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12)
STEP <- 1e-5
UNITS <- 8
LEARNING_RATE <- 0.5
EPOCHS <- 120

# ---- gates ----
x <- POINT[1]
y <- POINT[2]
z <- POINT[3]
q <- x + y # forward through the addition gate
f <- q * z # forward through the multiplication gate
dq <- z # backward: a product hands on the other input
dz <- q
dx <- 1 * dq # backward: a sum hands on what it receives
dy <- 1 * dq
cat("forward:  q =", q, " f =", f, "\n")
cat("backward: dx =", dx, " dy =", dy, " dz =", dz, "\n")

# ---- activations ----
sigmoid <- function(s) 1 / (1 + exp(-s))

s <- seq(-4, 4, length.out = 161)
shown <- expand.grid(s = s, name = c("sigmoid", "tanh", "ReLU"),
                     of = c("value", "slope"))
shown$y <- c(sigmoid(s), tanh(s), pmax(s, 0),
             sigmoid(s) * (1 - sigmoid(s)), 1 - tanh(s)^2, s > 0)
ggplot(shown, aes(s, y, colour = name)) + geom_line() +
  facet_wrap(vars(of), scales = "free_y")

# ---- numeric ----
slope <- sigmoid(2) * (1 - sigmoid(2))
for (step in STEPS) {
  by_step <- (sigmoid(2 + step) - sigmoid(2 - step)) / step / 2
  error <- abs(by_step - slope) / slope
  cat(sprintf("step %g: relative error %.0e\n", step, error))
}

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
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(1, activation = "sigmoid")
weights <- get_weights(model)
cat(sapply(weights, \(w) toString(dim(w))), sep = "\n")

# ---- forward ----
forward <- function(x, weights) {
  names(weights) <- c("w1", "b1", "w2", "b2")
  with(weights, {
    hidden <- pmax(sweep(x %*% w1, 2, b1, "+"), 0)
    p <- sigmoid(sweep(hidden %*% w2, 2, b2, "+"))
    list(hidden = hidden, p = p)
  })
}

cross_entropy <- function(x, y, weights) {
  p <- forward(x, weights)$p
  -mean(y * log(p) + (1 - y) * log(1 - p))
}

# ---- backward ----
backward <- function(x, y, weights) {
  now <- forward(x, weights)
  d2 <- (now$p - y) / nrow(y)
  d1 <- (d2 %*% t(weights[[3]])) * (now$hidden > 0)
  list(t(x) %*% d1, colSums(d1),
       t(now$hidden) %*% d2, colSums(d2))
}

# ---- check ----
w1 <- weights[[1]]
# The loss for another W1, with the other three as they are
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
by_hand <- numeric(EPOCHS)
for (epoch in seq_len(EPOCHS)) {
  by_hand[epoch] <- cross_entropy(x_train, y_train, weights)
  grad <- backward(x_train, y_train, weights)
  weights <- Map(\(w, g) w - LEARNING_RATE * g, weights, grad)
}

# ---- fit ----
model |> compile(optimizer_sgd(LEARNING_RATE),
                 loss = "binary_crossentropy")
history <- model |> fit(
  x_train, y_train, batch_size = nrow(x_train), epochs = EPOCHS,
  validation_data = list(x_val, y_val), shuffle = FALSE,
  verbose = 0
)
gap <- mapply(\(ours, theirs) max(abs(ours - theirs)),
              weights, get_weights(model))
cat(sprintf("largest gap in the weights: %.0e\n", max(gap)))

# ---- curve ----
curve <- data.frame(epoch = seq_len(EPOCHS), history$metrics)
ggplot(curve, aes(epoch)) +
  geom_line(aes(y = loss, colour = "loss")) +
  geom_line(aes(y = val_loss, colour = "val_loss")) +
  geom_line(aes(y = by_hand, linetype = "by hand")) +
  scale_linetype_manual(NULL, values = "dotted") +
  labs(y = "cross-entropy", colour = NULL)

# ---- validate ----
# Without a penalty
line <- glm(y_train ~ x_train, family = binomial)
prob_line <- sigmoid(cbind(1, x_val) %*% coef(line))
prob_val <- forward(x_val, weights)$p
results <- list(
  val_accuracy = mean((prob_val > 0.5) == y_val),
  val_accuracy_line = mean((prob_line > 0.5) == y_val),
  val_loss = cross_entropy(x_val, y_val, weights),
  weights_agree = max(gap) < 1e-4
)

# ---- predict ----
prob_new <- c(forward(t(c(1, -0.4)), weights)$p)
cat("one new point:", round(prob_new, 2),
    if (prob_new > 0.5) "lower" else "upper", "crescent\n")

# ---- test ----
x_test <- take("test", c("x1", "x2"))
y_test <- take("test", "label")
right <- sum((forward(x_test, weights)$p > 0.5) == y_test)
ci <- prop.test(right, nrow(y_test), correct = FALSE)$conf.int
results <- c(results, test_accuracy = right / nrow(y_test),
             test_low = ci[1], test_high = ci[2])
str(results)
