# Siamese networks: a learned map with a place for new cells.

library(keras3)
library(ggplot2)

# ---- constants ----
CELLS <- "shared_data/pbmc/cells.csv"
OTHER <- c("cell", "partition", "type", "group")
SEED <- 1
NEIGHBOURS <- 10
ROUNDS <- 20 # triplets of each training cell
VOTERS <- 5
UNITS <- 64
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
table(y, part)

# ---- triplets ----
# for each cell: the others, from the nearest to the farthest
distance <- round(as.matrix(dist(x_train)), 6)
diag(distance) <- Inf # the cell itself comes last
others <- t(apply(distance, 1, order))[, -ncol(distance)]
anchor <- rep(seq_len(nrow(x_train)), each = ROUNDS)
draw <- random_uniform(c(length(anchor), 2), seed = SEED)
draw <- as.array(draw) # from 0 to 1
near <- 1 + floor(draw[, 1] * NEIGHBOURS)
strangers <- ncol(others) - NEIGHBOURS
far <- NEIGHBOURS + 1 + floor(draw[, 2] * strangers)
# for each anchor, one cell of its row of others
positive <- others[cbind(anchor, near)]
negative <- others[cbind(anchor, far)]
cat("triplets:", length(anchor), "- of the anchor's type:",
    round(mean(y_train[positive] == y_train[anchor]), 3),
    round(mean(y_train[negative] == y_train[anchor]), 3), "\n")

# ---- model ----
measure_distance <- function(a, b) {
  squares <- op_sum(op_square(a - b), axis = 2, keepdims = TRUE)
  # at 0 the slope of the root is infinite
  op_sqrt(squares + 1e-6)
}

build <- function(hidden_layers) {
  set_random_seed(SEED)
  encoder <- keras_model_sequential(input_shape = ncol(x))
  for (i in seq_len(hidden_layers))
    encoder <- encoder |> layer_dense(UNITS, activation = "selu")
  encoder <- encoder |> layer_dense(2)
  inputs <- lapply(1:3, \(i) keras_input(shape = ncol(x)))
  to <- lapply(inputs, \(one) encoder(one))
  gap <- measure_distance(to[[1]], to[[3]]) -
    measure_distance(to[[1]], to[[2]])
  model <- keras_model(inputs, gap, name = "siamese")
  list(encoder = encoder, model = model)
}

# ---- fit ----
learn <- function(hidden_layers) {
  built <- build(hidden_layers)
  # hinge: no loss if the negative is 1 farther away
  built$model |> compile(optimizer_adam(LEARNING_RATE), "hinge")
  history <- built$model |> fit(
    lapply(list(anchor, positive, negative), \(i) x_train[i, ]),
    rep(1, length(anchor)), batch_size = BATCH_SIZE,
    epochs = EPOCHS, verbose = 0)
  cat(count_params(built$encoder), "weights and biases, loss",
      round(history$metrics$loss[c(1, EPOCHS)], 3), "\n")
  \(new) predict(built$encoder, new, verbose = 0)
}

pca <- prcomp(x_train, rank. = 2)
places <- list(pca = \(new) predict(pca, new),
               linear = learn(0), deep = learn(2))

# ---- maps ----
at <- do.call(rbind, lapply(places, \(place) place(x_val)))
map <- rep(names(places), each = nrow(x_val))
data.frame(x = at[, 1], y = at[, 2], map, type = y_val) |>
  ggplot(aes(x, y, colour = type)) + geom_point() +
  facet_wrap(~ factor(map, unique(map)), scales = "free") +
  scale_colour_brewer(palette = "Dark2") +
  theme(axis.text = element_blank(), title = element_blank())

# ---- measure ----
classify <- function(place, x_new) {
  known <- t(place(x_train))
  apply(place(x_new), 1, \(at) {
    near <- order(colSums((known - at)^2))[1:VOTERS]
    names(which.max(table(y_train[near])))
  })
}

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

measure <- function(place, x_new, y_new) {
  c(accuracy = mean(classify(place, x_new) == y_new),
    silhouette = silhouette_score(place(x_new), y_new),
    trustworthiness = trustworthiness(x_new, place(x_new)))
}

# ---- validate ----
scores <- t(sapply(places, measure, x_val, y_val))
round(scores, 3)
# the genes themselves as places
genes <- mean(classify(identity, x_val) == y_val)
cat(sprintf("accuracy by all genes: %.3f\n", genes))
chosen <- names(places)[which.max(scores[, "accuracy"])]

# ---- predict ----
new <- x_val[1, , drop = FALSE] # as if it came only now
cat(chosen, "says:", round(places[[chosen]](new), 2),
    classify(places[[chosen]], new), "\n")

# ---- test ----
is_test <- part == "new"
test <- measure(places[[chosen]], x[is_test, ], y[is_test])
right <- round(test[["accuracy"]] * sum(is_test))
ci <- prop.test(right, sum(is_test), correct = FALSE)$conf.int
# c() puts a point between two names
results <- c(val_accuracy = scores[, "accuracy"],
             val_silhouette = scores[, "silhouette"],
             val_trustworthiness = scores[, "trustworthiness"],
             val_accuracy_genes = genes, test = test,
             test_low = ci[1], test_high = ci[2]) |> as.list()
names(results) <- sub(".", "_", names(results), fixed = TRUE)
str(results)
