# Solution: let the cell types choose the triplets.

library(keras3)
library(ggplot2)

# ---- constants ----
SEED <- 1
COLOURS <- list(
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
cells <- read.csv(file.path(data_dir("pbmc"), "cells.csv"),
                  check.names = FALSE)
genes <- as.matrix(cells[-(1:4)])
group <- cells$group
part <- lapply(
  c(train = "train", tuning = "tuning", new = "new"),
  \(name) cells$partition == name
)
x <- genes[part$train, ]
kind <- group[part$train]
pca <- prcomp(x, rank. = COMPONENTS)
scores <- pca$x

# ---- triplets ----
# An anchor, a near cell of its type, one of another.
triplets <- function(x, kind) {
  turn <- seq_len(ROUNDS) - 1
  apart <- as.matrix(dist(x))
  diag(apart) <- -1
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

of <- triplets(scores, kind)
cat("triplets:", nrow(of), "\n")

# ---- model ----
distance <- function(a, b) {
  squares <- op_square(op_subtract(a, b))
  total <- op_sum(squares, axis = 2, keepdims = TRUE)
  op_sqrt(op_add(total, 1e-6))
}

set_random_seed(SEED)
encoder <- keras_model_sequential(input_shape = ncol(x)) |>
  layer_dense(UNITS, activation = "selu") |>
  layer_dropout(DROPOUT) |>
  layer_dense(UNITS, activation = "selu") |>
  layer_dropout(DROPOUT) |>
  layer_dense(2)
anchor <- keras_input(shape = ncol(x))
near <- keras_input(shape = ncol(x))
far <- keras_input(shape = ncol(x))
here <- encoder(anchor)
close <- encoder(near)
gap <- op_subtract(distance(here, encoder(far)),
                   distance(here, close))
model <- keras_model(list(anchor, near, far), gap,
                     name = "siamese")
model |> compile(optimizer = optimizer_adam(STEP_SIZE),
                 loss = "hinge")

# ---- fit ----
history <- model |> fit(
  list(x[of[, 1], ], x[of[, 2], ], x[of[, 3], ]),
  rep(1, nrow(of)),
  batch_size = BATCH_SIZE, epochs = EPOCHS, verbose = 0
)
loss <- history$metrics$loss
cat(sprintf("triplet loss %.3f -> %.3f\n", loss[1],
            loss[length(loss)]))

# ---- new ----
maps <- lapply(part, \(rows) {
  encoder |> predict(genes[rows, ], verbose = 0)
})

trustworthiness <- function(x, found, k = NEIGHBOURS) {
  n <- nrow(x)
  from <- as.matrix(dist(x))
  to <- as.matrix(dist(found))
  diag(from) <- diag(to) <- -1
  rank_of <- apply(from, 1, rank, ties.method = "first") - 1
  near <- apply(to, 1, order)[2:(k + 1), ]
  ranks <- rank_of[cbind(c(near), rep(seq_len(n), each = k))]
  1 - sum(pmax(ranks - k, 0)) * 2 / (n * k * (2 * n - 3 * k - 1))
}

silhouette <- function(found, group) {
  sums <- rowsum(as.matrix(dist(found)), group)
  size <- c(table(group)[rownames(sums)])
  own <- cbind(match(group, rownames(sums)), seq_along(group))
  inside <- sums[own] / (size[own[, 1]] - 1)
  others <- sums / size
  others[own] <- Inf
  outside <- apply(others, 2, min)
  mean((outside - inside) / pmax(inside, outside))
}

judge <- function(name) {
  known <- factor(kind, names(COLOURS))
  named <- apply(maps[[name]], 1, \(cell) {
    near <- order(colSums((t(maps$train) - cell)^2))
    names(which.max(table(known[near[1:VOTERS]])))
  })
  there <- group[part[[name]]]
  c(silhouette = silhouette(maps[[name]], there),
    accuracy = mean(named == there),
    trustworthiness = trustworthiness(
      predict(pca, genes[part[[name]], ]), maps[[name]]
    ))
}

metrics <- list()
for (name in c("tuning", "new")) {
  found <- judge(name)
  cat(sprintf("%-7s", name),
      sprintf("%s %.3f", names(found), found), "\n")
  names(found) <- paste0(names(found), "_", name, "_siamese")
  metrics <- c(metrics, as.list(found))
}

# ---- picture ----
both <- as.data.frame(rbind(maps$train, maps$new))
both$group <- c(rep(NA, nrow(x)), group[part$new])
ggplot(both, aes(V1, V2, colour = group)) +
  geom_point(size = 1) +
  scale_colour_manual(
    values = unlist(COLOURS), na.value = "#d9d9d9",
    breaks = names(COLOURS)
  ) +
  coord_equal() +
  labs(x = NULL, y = NULL, colour = NULL) +
  theme(axis.text = element_blank(),
        panel.grid = element_blank())

# ---- results ----
results <- metrics
print(round(unlist(results), 4))
