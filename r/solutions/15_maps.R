# Solution: let the cell types choose the triplets.

library(keras3)
library(ggplot2)

# ---- constants ----
CELLS <- "shared_data/pbmc/cells.csv"
SEED <- 1
COLOURS <- c(
  "B" = "#0072B2", "CD34+" = "#000000", "CD4 T" = "#D55E00",
  "CD8 T" = "#E69F00", "NK" = "#CC79A7",
  "dendritic" = "#56B4E9", "monocyte" = "#009E73"
)
COMPONENTS <- 20
NEIGHBOURS <- 10
VOTERS <- 5
UNITS <- 64
DROPOUT <- 0.5
ROUNDS <- 20
STEP_SIZE <- 0.004
BATCH_SIZE <- 256
EPOCHS <- 10

# ---- load ----
cells <- read.csv(CELLS, check.names = FALSE)
genes <- setdiff(
  names(cells), c("cell", "partition", "type", "group")
)
train <- subset(cells, partition == "train")
val <- subset(cells, partition == "tuning")
new <- subset(cells, partition == "new")
x_train <- as.matrix(train[genes])
y_train <- train$group
x_val <- as.matrix(val[genes])
y_val <- val$group
x_new <- as.matrix(new[genes])
y_new <- new$group
pca <- prcomp(x_train, rank. = COMPONENTS)
scores <- pca$x

# ---- triplets ----
# An anchor, a near cell of its type, one of another.
choose_triplets <- function(x, kind) {
  turn <- seq_len(ROUNDS) - 1
  apart <- as.matrix(dist(x))
  found <- lapply(seq_len(nrow(x)), \(anchor) {
    others <- order(apart[anchor, ])
    alike <- kind[others] == kind[anchor]
    near <- head(others[alike][-1], NEIGHBOURS)
    far <- others[!alike]
    draw <- ((anchor - 1) * 7919 + turn * 104729) %% length(far)
    cbind(anchor, near[1 + turn %% length(near)], far[1 + draw])
  })
  do.call(rbind, found)
}

triplets <- choose_triplets(scores, y_train)
cat("triplets:", nrow(triplets), "\n")

# ---- model ----
measure_distance <- function(a, b) {
  squares <- op_square(op_subtract(a, b))
  total <- op_sum(squares, axis = 2, keepdims = TRUE)
  op_sqrt(op_add(total, 1e-6))
}

set_random_seed(SEED)
encoder <- keras_model_sequential(input_shape = length(genes)) |>
  layer_dense(UNITS, activation = "selu") |>
  layer_dropout(DROPOUT) |>
  layer_dense(UNITS, activation = "selu") |>
  layer_dropout(DROPOUT) |>
  layer_dense(2)
anchor <- keras_input(shape = length(genes))
near <- keras_input(shape = length(genes))
far <- keras_input(shape = length(genes))
here <- encoder(anchor)
close <- encoder(near)
gap <- op_subtract(
  measure_distance(here, encoder(far)),
  measure_distance(here, close)
)
model <- keras_model(list(anchor, near, far), gap,
                     name = "siamese")
model |> compile(optimizer = optimizer_adam(STEP_SIZE),
                 loss = "hinge")

# ---- fit ----
history <- model |> fit(
  lapply(1:3, \(one) x_train[triplets[, one], ]),
  rep(1, nrow(triplets)),
  batch_size = BATCH_SIZE, epochs = EPOCHS, verbose = 0
)
loss <- history$metrics$loss
cat(sprintf("triplet loss %.3f -> %.3f\n", loss[1],
            loss[length(loss)]))

# ---- new ----
map_train <- encoder |> predict(x_train, verbose = 0)
map_val <- encoder |> predict(x_val, verbose = 0)
map_new <- encoder |> predict(x_new, verbose = 0)

vote <- function(found) {
  known <- factor(y_train, names(COLOURS))
  apply(found, 1, \(cell) {
    near <- order(colSums((t(map_train) - cell)^2))[1:VOTERS]
    names(which.max(table(known[near])))
  })
}

trustworthiness <- function(x, found, k = NEIGHBOURS) {
  n <- nrow(x)
  from <- as.matrix(dist(x))
  to <- as.matrix(dist(found))
  diag(from) <- diag(to) <- Inf
  rank_of <- apply(from, 1, rank, ties.method = "first")
  near <- apply(to, 1, order)[1:k, ]
  ranks <- rank_of[cbind(c(near), rep(seq_len(n), each = k))]
  1 - sum(pmax(ranks - k, 0)) * 2 / (n * k * (2 * n - 3 * k - 1))
}

silhouette_score <- function(found, group) {
  sums <- rowsum(as.matrix(dist(found)), group)
  size <- c(table(group)[rownames(sums)])
  own <- cbind(match(group, rownames(sums)), seq_along(group))
  inside <- sums[own] / (size[own[, 1]] - 1)
  others <- sums / size
  others[own] <- Inf
  outside <- apply(others, 2, min)
  mean((outside - inside) / pmax(inside, outside))
}

judge <- function(x, found, group) {
  c(
    silhouette = silhouette_score(found, group),
    accuracy = mean(vote(found) == group),
    trustworthiness = trustworthiness(predict(pca, x), found)
  )
}

judged <- cbind(tuning = judge(x_val, map_val, y_val),
                new = judge(x_new, map_new, y_new))
round(judged, 3)

# ---- picture ----
both <- as.data.frame(rbind(map_train, map_new))
both$group <- c(rep(NA, nrow(x_train)), y_new)
ggplot(both, aes(V1, V2, colour = group)) +
  geom_point(size = 1) +
  scale_colour_manual(
    values = COLOURS, na.value = "#d9d9d9",
    breaks = names(COLOURS)
  ) +
  coord_equal() +
  labs(x = NULL, y = NULL, colour = NULL) +
  theme(axis.text = element_blank(),
        panel.grid = element_blank())

# ---- results ----
results <- as.list(judged)
names(results) <- outer(
  rownames(judged), colnames(judged), paste, sep = "_"
) |> paste0("_siamese")
print(round(unlist(results), 4))
