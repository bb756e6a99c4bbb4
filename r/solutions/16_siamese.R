# Solution: let the cell types choose the triplets.

library(keras3)

# ---- constants ----
CELLS <- "shared_data/pbmc/cells.csv"
OTHER <- c("cell", "partition", "type", "group")
SEED <- 1
NEIGHBOURS <- 10
ROUNDS <- 20 # triplets of each training cell
VOTERS <- 5
UNITS <- 64
DROPOUT <- 0.5
LEARNING_RATE <- 0.004
BATCH_SIZE <- 256
EPOCHS <- 10

# ---- load ----
cells <- read.csv(CELLS, check.names = FALSE)
x <- as.matrix(cells[setdiff(names(cells), OTHER)])
y <- factor(cells$group, sort(unique(cells$group),
                             method = "radix"))
part <- cells$partition
x_train <- x[part == "train", ]
y_train <- y[part == "train"]
x_val <- x[part == "tuning", ]
y_val <- y[part == "tuning"]

# ---- triplets ----
# near: the nearest of the anchor's type; far: all other types
distance <- round(as.matrix(dist(x_train)), 6)
diag(distance) <- Inf # the cell itself comes last
draw <- random_uniform(c(nrow(x_train), ROUNDS, 2), seed = SEED)
draw <- as.array(draw) # from 0 to 1
triplets <- lapply(seq_len(nrow(x_train)), \(cell) {
  others <- head(order(distance[cell, ]), -1)
  alike <- y_train[others] == y_train[cell]
  near <- head(others[alike], NEIGHBOURS)
  far <- others[!alike]
  # a near and a far cell for each round
  near <- near[1 + floor(draw[cell, , 1] * length(near))]
  far <- far[1 + floor(draw[cell, , 2] * length(far))]
  cbind(cell, near, far)
})
triplets <- do.call(rbind, triplets)
cat("triplets:", nrow(triplets), "\n")

# ---- model ----
measure_distance <- function(a, b) {
  squares <- op_sum(op_square(a - b), axis = 2, keepdims = TRUE)
  # at 0 the slope of the root is infinite
  op_sqrt(squares + 1e-6)
}

set_random_seed(SEED)
encoder <- keras_model_sequential(input_shape = ncol(x)) |>
  layer_dense(UNITS, activation = "selu") |>
  layer_dropout(DROPOUT) |>
  layer_dense(UNITS, activation = "selu") |>
  layer_dropout(DROPOUT) |>
  layer_dense(2)
inputs <- lapply(1:3, \(i) keras_input(shape = ncol(x)))
to <- lapply(inputs, \(one) encoder(one))
gap <- measure_distance(to[[1]], to[[3]]) -
  measure_distance(to[[1]], to[[2]])
model <- keras_model(inputs, gap, name = "siamese")
model |> compile(optimizer_adam(LEARNING_RATE), "hinge")

# ---- fit ----
history <- model |> fit(
  lapply(1:3, \(i) x_train[triplets[, i], ]),
  rep(1, nrow(triplets)), batch_size = BATCH_SIZE,
  epochs = EPOCHS, verbose = 0)
cat("loss", round(history$metrics$loss[c(1, EPOCHS)], 3), "\n")

# ---- validate ----
place <- \(new) predict(encoder, new, verbose = 0)

trustworthiness <- function(x, found, k = NEIGHBOURS) {
  n <- nrow(x)
  ranks <- apply(as.matrix(dist(x)), 1, rank) - 1 # itself: 0
  near <- apply(as.matrix(dist(found)), 1, rank) - 1 <= k
  too_far <- sum(pmax(ranks[near] - k, 0))
  1 - too_far * 2 / (n * k * (2 * n - 3 * k - 1))
}

# to: mean distance to each type; other: to the next nearest type
silhouette_score <- function(found, group) {
  distance <- as.matrix(dist(found))
  mean(sapply(seq_along(group), \(i) {
    to <- tapply(distance[i, -i], group[-i], mean)
    other <- min(to[-as.integer(group[i])], na.rm = TRUE)
    (other - to[[group[i]]]) / max(other, to[[group[i]]])
  }))
}

measure <- function(x_new, y_new) {
  known <- t(place(x_train))
  found <- place(x_new)
  y_pred <- apply(found, 1, \(at) {
    near <- order(colSums((known - at)^2))[1:VOTERS]
    names(which.max(table(y_train[near])))
  })
  c(accuracy = mean(y_pred == y_new),
    silhouette = silhouette_score(found, y_new),
    trustworthiness = trustworthiness(x_new, found))
}

val <- measure(x_val, y_val)

# ---- test ----
is_test <- part == "new"
test <- measure(x[is_test, ], y[is_test])
right <- round(test[["accuracy"]] * sum(is_test))
ci <- prop.test(right, sum(is_test), correct = FALSE)$conf.int
names(val) <- paste0("val_", names(val), "_deep")
names(test) <- paste0("test_", names(test))
results <- c(as.list(val), as.list(test),
             test_low = ci[1], test_high = ci[2])
str(results)
