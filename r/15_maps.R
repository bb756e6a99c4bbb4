# Maps: drawing many dimensions in two.

library(keras3)
library(ggplot2)

# ---- constants ----
CELLS <- "shared_data/pbmc/cells.csv"
ROLLS <- "shared_data/rolls/rolls.csv"
CLUSTERS <- "shared_data/rolls/clusters.csv"
SEED <- 1
COLOURS <- c(
  "B" = "#0072B2", "CD34+" = "#000000", "CD4 T" = "#D55E00",
  "CD8 T" = "#E69F00", "NK" = "#CC79A7",
  "dendritic" = "#56B4E9", "monocyte" = "#009E73"
)
SIZES <- c(
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
EPOCHS <- 10

# ---- load ----
cells <- read.csv(CELLS, check.names = FALSE)
genes <- setdiff(
  names(cells), c("cell", "partition", "type", "group")
)
train <- subset(cells, partition == "train")
new <- subset(cells, partition == "new")
x_train <- as.matrix(train[genes])
y_train <- train$group
x_new <- as.matrix(new[genes])
y_new <- new$group

rolls <- read.csv(ROLLS)
rolls <- split(rolls, rolls$roll)
clusters <- read.csv(CLUSTERS)

# Lay the sheets on a table, far from each other.
lay_flat <- function(roll) {
  cbind(roll$along + 1000 * roll$sheet, roll$across)
}

x <- list(
  single = as.matrix(rolls$single[c("x", "y", "z")]),
  double = as.matrix(rolls$double[c("x", "y", "z")]),
  cells = x_train
)
paper <- lapply(rolls, lay_flat)
str(lapply(x, dim))
cat("new cells:", nrow(x_new), "\n")
table(cells$group, cells$partition)

# ---- pca ----
# A component may point either way: let its largest weight be
# positive, as scikit-learn does.
run_pca <- function(x, components = 2) {
  pca <- prcomp(x, rank. = components)
  way <- apply(pca$rotation, 2, \(w) sign(w[which.max(abs(w))]))
  pca$rotation <- sweep(pca$rotation, 2, way, "*")
  pca$x <- sweep(pca$x, 2, way, "*")
  pca
}

pca <- run_pca(x_train, COMPONENTS)
scores <- pca$x
scores_new <- predict(pca, x_new)
maps <- list("PCA" = scores[, 1:2])
share <- pca$sdev^2 / sum(pca$sdev^2)
cat(sprintf("two components keep %.3f of the variance, ",
            sum(share[1:2])))
cat(sprintf("%d keep %.3f\n", COMPONENTS,
            sum(share[1:COMPONENTS])))

# ---- measures ----
# How near each point feels to each other, as in t-SNE.
find_affinities <- function(x, perplexity) {
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
find_kl <- function(affinity, found) {
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
  diag(from) <- diag(to) <- Inf
  rank_of <- apply(from, 1, rank, ties.method = "first")
  near <- apply(to, 1, order)[1:k, ]
  ranks <- rank_of[cbind(c(near), rep(seq_len(n), each = k))]
  1 - sum(pmax(ranks - k, 0)) * 2 / (n * k * (2 * n - 3 * k - 1))
}

# How much nearer is the own group than the next one?
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

find_centres <- function(x) {
  sums <- rowsum(x, y_train)
  sums / c(table(y_train)[rownames(sums)])
}

# Are neighbours, types and their arrangement kept?
judge <- function(found) {
  c(
    trustworthiness = trustworthiness(scores, found),
    silhouette = silhouette_score(found, y_train),
    arrangement = cor(c(dist(find_centres(scores))),
                      c(dist(find_centres(found))))
  )
}

results <- list()

# Print results and keep them, named after their map.
note <- function(title, found) {
  key <- gsub("[ -]", "_", tolower(title))
  cat(sprintf("%-15s", key),
      sprintf("%s %.3f", names(found), found), "\n")
  results[paste0(names(found), "_", key)] <<- found
}

note("PCA", judge(maps$PCA))

# ---- tsne ----
run_tsne <- function(x, start, theta = 0.5,
                     perplexity = PERPLEXITY, number = SEED) {
  set.seed(number)
  first <- NULL
  if (start == "pca") {
    first <- run_pca(x)$x
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

maps <- c(maps, list(
  "exact" = run_tsne(scores, "pca", theta = 0),
  "Barnes-Hut" = run_tsne(scores, "pca"),
  "perplexity 10" = run_tsne(scores, "pca", perplexity = 10),
  "random start" = run_tsne(scores, "random"),
  "another start" = run_tsne(scores, "random",
                             number = SEED + 100)
))
near_30 <- find_affinities(scores, PERPLEXITY)
near_10 <- find_affinities(scores, 10)
for (name in names(maps)[-1]) {
  near <- if (name == "perplexity 10") near_10 else near_30
  note(name, c(kl = find_kl(near, maps[[name]]),
               judge(maps[[name]])))
}

# ---- groups ----
# Lay out maps, each centred and as large as its panel.
lay_out <- function(maps, colour) {
  points <- lapply(names(maps), \(name) {
    found <- scale(maps[[name]], scale = FALSE)
    found <- found / max(abs(found))
    data.frame(first = found[, 1], second = found[, 2],
               colour = colour,
               panel = factor(name, names(maps)))
  })
  do.call(rbind, points)
}

draw <- function(points, rows = 1) {
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
  values = COLOURS, na.value = "#d9d9d9",
  breaks = names(COLOURS)
)
draw(lay_out(maps, y_train), rows = 2) + coloured + large

# ---- sizes ----
x_clusters <- as.matrix(subset(clusters, select = -cluster))

# How many times as wide, and as far away, is the third?
measure_sizes <- function(found) {
  points <- split(as.data.frame(found), clusters$cluster)
  middle <- t(sapply(points, colMeans))
  wide <- sapply(points, \(one) sqrt(sum(sapply(one, var))))
  far <- as.matrix(dist(middle))["small left", ]
  c(times_wide = wide[["wide"]] / wide[["small left"]],
    times_far = far[["wide"]] / far[["small right"]])
}

maps_clusters <- list(
  "PCA" = run_pca(x_clusters)$x,
  "t-SNE" = run_tsne(x_clusters, "pca")
)
cat("the third cluster, times as wide and as far away:\n")
note("data", measure_sizes(x_clusters))
note("tsne", measure_sizes(maps_clusters[["t-SNE"]]))
draw(lay_out(maps_clusters, clusters$cluster)) +
  scale_colour_manual(values = SIZES) + large

# ---- umap ----
run_umap <- function(x, start, number = SEED) {
  set.seed(number)
  uwot::umap(
    x, n_neighbors = NEIGHBOURS, min_dist = MIN_DIST,
    init = start, n_epochs = UMAP_EPOCHS, n_threads = 1
  )
}

maps_umap <- list(
  "spectral" = run_umap(scores, "spectral"),
  "another seed" = run_umap(scores, "spectral", SEED + 100),
  "random" = run_umap(scores, "random"),
  "another random" = run_umap(scores, "random", SEED + 100)
)
for (name in c("spectral", "random")) {
  note(paste("umap", name), judge(maps_umap[[name]]))
}
draw(lay_out(maps_umap, y_train)) + coloured +
  guides(colour = "none")

# ---- triplets ----
# An anchor, one of its neighbours, and a stranger.
choose_triplets <- function(x) {
  nearest <- t(apply(as.matrix(dist(x)), 1, order))
  anchor <- rep(seq_len(nrow(x)), each = ROUNDS)
  turn <- rep(seq_len(ROUNDS) - 1, nrow(x))
  near <- 2 + turn %% NEIGHBOURS
  strangers <- nrow(x) - 1 - NEIGHBOURS
  far <- 2 + NEIGHBOURS +
    ((anchor - 1) * 7919 + turn * 104729) %% strangers
  cbind(anchor, nearest[cbind(anchor, near)],
        nearest[cbind(anchor, far)])
}

triplets <- list(single = choose_triplets(x$single),
                 double = choose_triplets(x$double),
                 cells = choose_triplets(scores))
str(lapply(triplets, nrow))

# ---- model ----
measure_distance <- function(a, b) {
  squares <- op_square(op_subtract(a, b))
  total <- op_sum(squares, axis = 2, keepdims = TRUE)
  op_sqrt(op_add(total, 1e-6))
}

build_siamese <- function(inputs) {
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
  gap <- op_subtract(
    measure_distance(here, encoder(far)),
    measure_distance(here, close)
  )
  model <- keras_model(list(anchor, near, far), gap,
                       name = "siamese")
  # hinge: no loss once the stranger is 1 farther away
  model |> compile(optimizer = optimizer_adam(STEP_SIZE),
                   loss = "hinge")
  list(encoder = encoder, model = model)
}

# ---- fit ----
encoders <- maps_siamese <- list()
for (name in names(triplets)) {
  of <- triplets[[name]]
  built <- build_siamese(ncol(x[[name]]))
  history <- built$model |> fit(
    lapply(1:3, \(one) x[[name]][of[, one], ]),
    rep(1, nrow(of)),
    batch_size = BATCH_SIZE, epochs = EPOCHS, verbose = 0
  )
  encoders[[name]] <- built$encoder
  maps_siamese[[name]] <- built$encoder |>
    predict(x[[name]], verbose = 0)
  loss <- history$metrics$loss
  cat(sprintf("%s: triplet loss %.3f -> %.3f\n", name,
              loss[1], loss[length(loss)]))
}
encoders$cells |>
  save_model("encoder.keras", overwrite = TRUE)

# ---- rolls ----
# Do distances on the paper survive, and neighbours?
judge_unrolled <- function(name, found) {
  first <- rolls[[name]]$sheet == 1
  c(unrolled = cor(c(dist(paper[[name]][first, ])),
                   c(dist(found[first, ]))),
    trustworthiness = trustworthiness(paper[[name]], found))
}

maps_rolls <- list()
for (name in c("single", "double")) {
  maps_rolls[[name]] <- list(
    "PCA" = run_pca(x[[name]])$x,
    "t-SNE 30" = run_tsne(x[[name]], "pca"),
    "t-SNE 10" = run_tsne(x[[name]], "pca", perplexity = 10),
    "UMAP" = run_umap(x[[name]], "spectral"),
    "Siamese" = maps_siamese[[name]]
  )
  for (method in names(maps_rolls[[name]])) {
    note(paste(name, method),
         judge_unrolled(name, maps_rolls[[name]][[method]]))
  }
}

# ---- sheets ----
points <- lapply(names(maps_rolls), \(name) {
  along <- rolls[[name]]$along / max(rolls[[name]]$along)
  sheet <- rolls[[name]]$sheet
  # the second sheet takes the bright half of the colours
  shade <- (along + sheet - 1) / max(sheet)
  cbind(lay_out(maps_rolls[[name]], shade), roll = name)
})
sheets <- do.call(rbind, points)
sheets$roll <- factor(sheets$roll, names(maps_rolls))
draw(sheets) +
  facet_grid(vars(roll), vars(panel), switch = "y") +
  guides(colour = "none")

# ---- new ----
# Let the nearest known cells vote on the new ones.
score_votes <- function(known, asked) {
  votes <- factor(y_train, names(COLOURS))
  y_pred <- apply(asked, 1, \(cell) {
    near <- order(colSums((t(known) - cell)^2))[1:VOTERS]
    names(which.max(table(votes[near])))
  })
  mean(y_pred == y_new)
}

maps$Siamese <- maps_siamese$cells
note("Siamese", judge(maps$Siamese))
maps_new <- list(
  "PCA" = scores_new[, 1:2],
  "Siamese" = encoders$cells |> predict(x_new, verbose = 0)
)
for (name in names(maps_new)) {
  found <- maps_new[[name]]
  note(paste("new", name), c(
    trustworthiness = trustworthiness(scores_new, found),
    silhouette = silhouette_score(found, y_new),
    accuracy = score_votes(maps[[name]], found)
  ))
}
note("new components",
     c(accuracy = score_votes(scores, scores_new)))

both <- Map(rbind, maps[names(maps_new)], maps_new)
shade <- c(rep(NA, nrow(scores)), y_new)
draw(lay_out(both, shade)) + coloured + large

# ---- results ----
results[grep("siamese", names(results))] |>
  lapply(round, 4) |>
  str()
