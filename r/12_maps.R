# Maps: drawing many dimensions in two.

library(keras3)
library(ggplot2)
has_umap <- requireNamespace("uwot", quietly = TRUE)

# ---- constants ----
SEED <- 1
COLOURS <- list(
  "B" = "#0072B2", "CD34+" = "#000000", "CD4 T" = "#D55E00",
  "CD8 T" = "#E69F00", "NK" = "#CC79A7",
  "dendritic" = "#56B4E9", "monocyte" = "#009E73"
)
SIZES <- list(
  "small left" = "#0072B2", "small right" = "#E69F00",
  "wide" = "#009E73"
)
COMPONENTS <- 20
NEIGHBOURS <- 10
VOTERS <- 5
PERPLEXITY <- 30
LEARNING_RATE <- 200
EXAGGERATION <- 12
ITERATIONS <- 500
UMAP_EPOCHS <- 300
MIN_DIST <- 0.1
UNITS <- 64
ROUNDS <- 20
STEP_SIZE <- 0.004
BATCH_SIZE <- 256
EPOCHS <- list(single = 10, double = 10, cells = 10)

# ---- load ----
shapes <- data_dir("rolls")
rolls <- read.csv(file.path(shapes, "rolls.csv"))
clusters <- read.csv(file.path(shapes, "clusters.csv"))
table_of <- read.csv(file.path(data_dir("pbmc"), "cells.csv"),
                     check.names = FALSE)
genes <- as.matrix(table_of[-(1:4)])
is_train <- table_of$partition == "train"
is_new <- table_of$partition == "new"
group <- table_of$group

take <- function(name) rolls[rolls$roll == name, ]

# Lay the sheets on a table, far from each other.
flat <- function(roll) {
  cbind(roll$along + 1000 * roll$sheet, roll$across)
}

x <- list(
  single = as.matrix(take("single")[c("x", "y", "z")]),
  double = as.matrix(take("double")[c("x", "y", "z")]),
  cells = genes[is_train, ]
)
paper <- list(single = flat(take("single")),
              double = flat(take("double")))
str(lapply(x, dim))
cat("new cells:", sum(is_new), "\n")
table(table_of$group, table_of$partition)

# ---- pca ----
# A component may point either way: let its largest weight be
# positive, as scikit-learn does.
pca_of <- function(x, components = 2) {
  pca <- prcomp(x, rank. = components)
  way <- apply(pca$rotation, 2, \(w) sign(w[which.max(abs(w))]))
  pca$rotation <- sweep(pca$rotation, 2, way, "*")
  pca$x <- sweep(pca$x, 2, way, "*")
  pca
}

pca <- pca_of(x$cells, COMPONENTS)
scores <- unname(pca$x)
scores_new <- unname(predict(pca, genes[is_new, ]))
maps <- list("PCA" = scores[, 1:2])
share <- pca$sdev^2 / sum(pca$sdev^2)
cat(sprintf("two components keep %.3f of the variance, ",
            sum(share[1:2])))
cat(sprintf("%d keep %.3f\n", COMPONENTS,
            sum(share[1:COMPONENTS])))

# ---- measures ----
# How near each point feels to each other, as in t-SNE.
affinities <- function(x, perplexity) {
  squares <- as.matrix(dist(x))^2
  diag(squares) <- Inf
  squares <- squares - apply(squares, 1, min)
  width <- rep(1, nrow(x))
  low <- rep(0, nrow(x))
  high <- rep(Inf, nrow(x))
  for (step in 1:60) {
    near <- exp(-width * squares)
    near <- near / rowSums(near)
    too_wide <- log(perplexity) <
      -rowSums(near * log(pmax(near, 1e-300)))
    low <- ifelse(too_wide, width, low)
    high <- ifelse(too_wide, high, width)
    width <- ifelse(is.infinite(high), 2 * width,
                    (low + high) / 2)
  }
  (near + t(near)) / (2 * nrow(x))
}

# The divergence that t-SNE makes small.
kl <- function(affinity, found) {
  near <- 1 / (1 + as.matrix(dist(found))^2)
  diag(near) <- 0
  near <- near / sum(near)
  used <- affinity > 0
  sum(affinity[used] * log(affinity[used] / near[used]))
}

# Are a point's neighbours in the map its neighbours in x?
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

# How much nearer is the own group than the next one?
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

centres <- function(x) {
  rowsum(x, group[is_train]) / c(table(group[is_train]))
}

# Do distances between the cell types survive the map?
arrangement <- function(found) {
  cor(c(dist(centres(scores))), c(dist(centres(found))))
}

judge <- function(found) {
  c(
    trustworthiness = trustworthiness(scores, found),
    silhouette = silhouette(found, group[is_train]),
    arrangement = arrangement(found)
  )
}

# Name results after their map, and print them.
named <- function(found, key) {
  cat(sprintf("%-15s", key),
      sprintf("%s %.3f", names(found), found), "\n")
  as.list(setNames(found, paste0(names(found), "_", key)))
}

key_of <- function(title) gsub("[ -]", "_", tolower(title))

metrics <- named(judge(maps$PCA), "pca")

# ---- tsne ----
tsne <- function(x, start, theta = 0.5,
                 perplexity = PERPLEXITY, number = SEED) {
  set.seed(number)
  first <- NULL
  if (start == "pca") {
    first <- pca_of(x)$x
    first <- first / sd(first[, 1]) * 1e-4
  }
  # Rtsne would run a PCA and shrink x, and would skip the
  # exaggeration where it is given a start.
  Rtsne::Rtsne(
    x, theta = theta, perplexity = perplexity, Y_init = first,
    pca = FALSE, normalize = FALSE, eta = LEARNING_RATE,
    exaggeration_factor = EXAGGERATION, max_iter = ITERATIONS,
    stop_lying_iter = 250, mom_switch_iter = 250
  )$Y
}

near_30 <- affinities(scores, PERPLEXITY)
near_10 <- affinities(scores, 10)
maps <- c(maps, list(
  "exact" = tsne(scores, "pca", theta = 0),
  "Barnes-Hut" = tsne(scores, "pca"),
  "perplexity 10" = tsne(scores, "pca", perplexity = 10),
  "random start" = tsne(scores, "random"),
  "another start" = tsne(scores, "random", number = SEED + 100)
))
independent <- list()
for (name in names(maps)[-1]) {
  near <- if (name == "perplexity 10") near_10 else near_30
  found <- c(kl = kl(near, maps[[name]]), judge(maps[[name]]))
  independent <- c(independent, named(found, key_of(name)))
}

# ---- groups ----
# Lay out maps, each centred and as large as its panel.
layout_of <- function(maps, colour) {
  points <- lapply(names(maps), \(name) {
    found <- scale(maps[[name]], scale = FALSE)
    found <- found / max(abs(found))
    data.frame(first = found[, 1], second = found[, 2],
               colour = colour,
               panel = factor(name, names(maps)))
  })
  do.call(rbind, points)
}

panels <- function(points, rows = 1) {
  ggplot(points, aes(first, second, colour = colour)) +
    geom_point(size = 0.4) +
    facet_wrap(vars(panel), nrow = rows) +
    coord_equal(xlim = c(-1, 1), ylim = c(-1, 1)) +
    labs(x = NULL, y = NULL, colour = NULL) +
    theme(axis.text = element_blank(),
          panel.grid = element_blank(),
          panel.border = element_rect(fill = NA))
}

large <- guides(
  colour = guide_legend(override.aes = list(size = 2))
)
coloured <- scale_colour_manual(
  values = unlist(COLOURS), na.value = "#d9d9d9",
  breaks = names(COLOURS)
)
panels(layout_of(maps, group[is_train]), rows = 2) +
  coloured + large

# ---- sizes ----
three <- as.matrix(clusters[-1])

# How many times as wide, and as far away, is the third?
sizes <- function(found) {
  size <- c(table(clusters$cluster))
  middle <- rowsum(found, clusters$cluster) / size
  off <- found - middle[clusters$cluster, ]
  wide <- sqrt(rowsum(rowSums(off^2), clusters$cluster)[, 1] /
                 (size - 1))
  far <- as.matrix(dist(middle))["small left", ]
  c(times_wide = wide[["wide"]] / wide[["small left"]],
    times_far = far[["wide"]] / far[["small right"]])
}

drawn <- list("PCA" = pca_of(three)$x,
              "t-SNE" = tsne(three, "pca"))
cat("the third cluster, times as wide and as far away:\n")
metrics <- c(metrics, named(sizes(three), "data"))
independent <- c(independent,
                 named(sizes(drawn[["t-SNE"]]), "tsne"))
panels(layout_of(drawn, clusters$cluster)) +
  scale_colour_manual(values = unlist(SIZES)) + large

# ---- umap ----
umap_of <- function(x, start, number = SEED) {
  set.seed(number)
  uwot::umap(
    x, n_neighbors = NEIGHBOURS, min_dist = MIN_DIST,
    init = start, n_epochs = UMAP_EPOCHS, n_threads = 1
  )
}

maps_umap <- list()
if (has_umap) {
  maps_umap <- list(
    "spectral" = umap_of(scores, "spectral"),
    "another seed" = umap_of(scores, "spectral", SEED + 100),
    "random" = umap_of(scores, "random"),
    "another random" = umap_of(scores, "random", SEED + 100)
  )
} else {
  cat("uwot is not installed (install.packages(\"uwot\")):",
      "the maps by UMAP are left out.\n")
}
for (name in c("spectral", "random")) {
  found <- judge(maps$PCA) * NA
  if (has_umap) found <- judge(maps_umap[[name]])
  key <- paste0("umap_", name)
  independent <- c(independent, named(found, key))
}
if (has_umap) {
  panels(layout_of(maps_umap, group[is_train])) + coloured +
    guides(colour = "none")
  ggsave("12_maps-umap.png",
         width = 6, height = 2, dpi = 150, bg = "white")
}

# ---- triplets ----
# An anchor, one of its neighbours, and a stranger.
triplets <- function(x) {
  apart <- as.matrix(dist(x))
  diag(apart) <- -1
  nearest <- t(apply(apart, 1, order))
  anchor <- rep(seq_len(nrow(x)), each = ROUNDS)
  turn <- rep(seq_len(ROUNDS) - 1, nrow(x))
  near <- 2 + turn %% NEIGHBOURS
  strangers <- nrow(x) - 1 - NEIGHBOURS
  far <- 2 + NEIGHBOURS +
    ((anchor - 1) * 7919 + turn * 104729) %% strangers
  cbind(anchor, nearest[cbind(anchor, near)],
        nearest[cbind(anchor, far)])
}

triples <- list(single = triplets(x$single),
                double = triplets(x$double),
                cells = triplets(scores))
str(lapply(triples, nrow))

# ---- model ----
distance <- function(a, b) {
  squares <- op_square(op_subtract(a, b))
  total <- op_sum(squares, axis = 2, keepdims = TRUE)
  op_sqrt(op_add(total, 1e-6))
}

siamese <- function(inputs) {
  set_random_seed(SEED)
  encoder <- keras_model_sequential(input_shape = inputs) |>
    layer_dense(UNITS, activation = "selu") |>
    layer_dense(UNITS, activation = "selu") |>
    layer_dense(2)
  anchor <- keras_input(shape = inputs)
  near <- keras_input(shape = inputs)
  far <- keras_input(shape = inputs)
  here <- encoder(anchor)
  close <- encoder(near)
  gap <- op_subtract(distance(here, encoder(far)),
                     distance(here, close))
  model <- keras_model(list(anchor, near, far), gap,
                       name = "siamese")
  # hinge: no loss once the stranger is 1 farther away
  model |> compile(optimizer = optimizer_adam(STEP_SIZE),
                   loss = "hinge")
  list(encoder = encoder, model = model)
}

# ---- fit ----
encoders <- networks <- maps_siamese <- list()
for (name in names(triples)) {
  of <- triples[[name]]
  twins <- siamese(ncol(x[[name]]))
  start <- get_weights(twins$model)
  history <- twins$model |> fit(
    list(x[[name]][of[, 1], ], x[[name]][of[, 2], ],
         x[[name]][of[, 3], ]), rep(1, nrow(of)),
    batch_size = BATCH_SIZE, epochs = EPOCHS[[name]],
    verbose = 0
  )
  encoders[[name]] <- twins$encoder
  networks[[name]] <- list(twins$model, start, history)
  maps_siamese[[name]] <- twins$encoder |>
    predict(x[[name]], verbose = 0)
  loss <- history$metrics$loss
  cat(sprintf("%s: triplet loss %.3f -> %.3f\n", name,
              loss[1], loss[length(loss)]))
}
encoders$cells |>
  save_model("12_maps.keras", overwrite = TRUE)

# ---- rolls ----
# Do distances on the paper survive, and neighbours?
unrolled <- function(name, found) {
  first <- take(name)$sheet == 1
  c(unrolled = cor(c(dist(paper[[name]][first, ])),
                   c(dist(found[first, ]))),
    trustworthiness = trustworthiness(paper[[name]], found))
}

views <- list()
for (name in c("single", "double")) {
  views[[name]] <- list(
    "PCA" = pca_of(x[[name]])$x,
    "t-SNE 30" = tsne(x[[name]], "pca"),
    "t-SNE 10" = tsne(x[[name]], "pca", perplexity = 10),
    "UMAP" = if (has_umap) umap_of(x[[name]], "spectral"),
    "Siamese" = maps_siamese[[name]]
  )
  for (method in names(views[[name]])) {
    found <- views[[name]][[method]]
    measured <- c(unrolled = NA, trustworthiness = NA)
    if (!is.null(found)) measured <- unrolled(name, found)
    measured <- named(measured, key_of(paste(name, method)))
    if (method %in% c("PCA", "Siamese")) {
      metrics <- c(metrics, measured)
    } else {
      independent <- c(independent, measured)
    }
  }
}

# ---- sheets ----
points <- lapply(names(views), \(name) {
  along <- take(name)$along / max(take(name)$along)
  sheet <- take(name)$sheet
  # the second sheet takes the bright half of the colours
  shade <- (along + sheet - 1) / max(sheet)
  shown <- Filter(Negate(is.null), views[[name]])
  cbind(layout_of(shown, shade), roll = name)
})
sheets <- do.call(rbind, points)
sheets$roll <- factor(sheets$roll, names(views))
panels(sheets) +
  facet_grid(vars(roll), vars(panel), switch = "y") +
  guides(colour = "none")

# ---- new ----
# Let the nearest known cells vote on the new ones.
name_cells <- function(known, asked) {
  known_group <- factor(group[is_train], names(COLOURS))
  apply(asked, 1, \(cell) {
    near <- order(colSums((t(known) - cell)^2))[1:VOTERS]
    names(which.max(table(known_group[near])))
  })
}

accuracy <- function(known, asked) {
  mean(name_cells(known, asked) == group[is_new])
}

maps$Siamese <- maps_siamese$cells
metrics <- c(metrics, named(judge(maps$Siamese), "siamese"))
new <- list(
  "PCA" = scores_new[, 1:2],
  "Siamese" = encoders$cells |>
    predict(genes[is_new, ], verbose = 0)
)
metrics <- c(metrics, list(
  accuracy_new_siamese = accuracy(maps$Siamese, new$Siamese),
  accuracy_new_pca = accuracy(maps$PCA, new$PCA),
  accuracy_new_components = accuracy(scores, scores_new)
))
for (name in names(new)) {
  measured <- c(
    trustworthiness = trustworthiness(scores_new, new[[name]]),
    silhouette = silhouette(new[[name]], group[is_new])
  )
  key <- paste0("new_", key_of(name))
  metrics <- c(metrics, named(measured, key))
}
str(metrics[grep("^accuracy", names(metrics))])

both <- Map(rbind, maps[names(new)], new)
shade <- c(rep(NA, nrow(scores)), group[is_new])
panels(layout_of(both, shade)) + coloured + large

# ---- results ----
results <- metrics
results <- c(results, independent)
print(round(unlist(results), 4))
