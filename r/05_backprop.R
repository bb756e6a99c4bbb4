# Backpropagation: the chain rule, gate by gate.

library(keras3)
library(ggplot2)

# ---- constants ----
DATA <- "shared_data/moons/moons.csv"
SEED <- 1
POINT <- c(-2, 5, -4)
STEP <- 1e-5
UNITS <- 8
LEARNING_RATE <- 0.5
EPOCHS <- 120
TOLERANCE <- 1e-6

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


# ---- numeric ----
numeric_gradient <- function(f, point) {
  steps <- diag(STEP, length(point))
  apply(steps, 1, function(step) {
    (f(point + step) - f(point - step)) / (2 * STEP)
  })
}

relative_error <- function(a, b) {
  norm <- function(v) sqrt(sum(v^2))
  norm(a - b) / (norm(a) + norm(b))
}

by_steps <- numeric_gradient(
  function(at) (at[1] + at[2]) * at[3], POINT
)
error <- relative_error(c(dx, dy, dz), by_steps)
cat("by steps:", by_steps, "\n")
cat(sprintf("relative error: %.0e\n", error))

# ---- tape ----
tf <- reticulate::import("tensorflow")
x <- tf$Variable(POINT[1])
y <- tf$Variable(POINT[2])
z <- tf$Variable(POINT[3])
with(tf$GradientTape() %as% tape, {
  f_tape <- (x + y) * z
})
by_tape <- sapply(
  tape$gradient(f_tape, list(x, y, z)), as.numeric
)
cat("by tape: ", by_tape, "\n")

# ---- load ----
moons <- read.csv(DATA)
train <- moons[moons$part == "train", ]
test <- moons[moons$part == "test", ]
x_train <- as.matrix(train[c("x1", "x2")])
y_train <- as.matrix(train["label"])
x_test <- as.matrix(test[c("x1", "x2")])
y_test <- as.matrix(test["label"])
cat("points:", nrow(x_train), nrow(x_test), "\n")

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = 2) |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(1, activation = "sigmoid")

cat("parameters:", count_params(model), "\n")


# ---- forward ----
forward <- function(x, weights) {
  names(weights) <- c("w1", "b1", "w2", "b2")
  with(weights, {
    hidden <- pmax(sweep(x %*% w1, 2, b1, "+"), 0)
    p <- 1 / (1 + exp(-sweep(hidden %*% w2, 2, b2, "+")))
    list(hidden = hidden, p = p)
  })
}

cross_entropy <- function(y, p) {
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


# ---- compare ----
weights <- get_weights(model)
by_hand <- backward(x_train, y_train, weights)
with(tf$GradientTape() %as% tape, {
  loss <- loss_binary_crossentropy()(y_train, model(x_train))
})
by_keras <- tape$gradient(loss, model$trainable_variables)
gap <- max(mapply(
  function(ours, theirs) max(abs(ours - as.array(theirs))),
  by_hand, by_keras
))
cat(sprintf("largest gap between the gradients: %.0e\n", gap))

# ---- descend ----
losses <- numeric(EPOCHS)
for (epoch in seq_len(EPOCHS)) {
  losses[epoch] <- cross_entropy(
    y_train, forward(x_train, weights)$p
  )
  gradients <- backward(x_train, y_train, weights)
  weights <- Map(function(w, g) w - LEARNING_RATE * g,
                 weights, gradients)
}
cat(sprintf("loss: %.4f first, %.4f last\n",
            losses[1], losses[EPOCHS]))

# ---- fit ----
model |> compile(
  optimizer = optimizer_sgd(LEARNING_RATE),
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

# ---- curve ----
curve <- data.frame(
  epoch = seq_len(EPOCHS),
  loss = c(history$metrics$loss, losses),
  by = rep(c("Keras", "from scratch"), each = EPOCHS)
)
curve$by <- factor(curve$by, c("Keras", "from scratch"))
ggplot(curve, aes(epoch, loss, colour = by, linewidth = by)) +
  geom_line() +
  scale_linewidth_manual(values = c(3, 0.6)) +
  labs(colour = NULL, linewidth = NULL)

# ---- evaluate ----
line <- glm(label ~ x1 + x2, binomial, train)

accuracy <- function(p) mean((p > 0.5) == y_test)

accuracies <- list(
  accuracy = accuracy(forward(x_test, weights)$p),
  accuracy_keras = accuracy(predict(model, x_test, verbose = 0)),
  accuracy_line = accuracy(predict(line, test, "response"))
)
print(round(unlist(accuracies), 3))

# ---- results ----
results <- c(
  list(
    f = f, df_dx = dx, df_dy = dy, df_dz = dz,
    steps_agree = error < TOLERANCE,
    tape_agrees = all(by_tape == c(dx, dy, dz)),
    gradients_agree = gap < TOLERANCE,
    losses_agree = max(loss_gap) < TOLERANCE,
    loss_first = losses[1],
    loss_last = losses[EPOCHS]
  ),
  accuracies
)
str(results[grepl("agrees?$", names(results))])
