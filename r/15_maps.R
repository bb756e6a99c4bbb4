# Maps: many dimensions drawn in two.

library(ggplot2)

# ---- constants ----
CELLS <- "shared_data/pbmc/cells.csv"
ROLL <- "shared_data/roll/roll.csv"
SEED <- 1
MARKERS <- 5
COMPONENTS <- 10
PERPLEXITIES <- c(5, 30)
ITERATIONS <- 500
NEIGHBOURS <- 10
NEAR <- 40
MIN_DIST <- 0.1
VOTERS <- 5

# ---- load ----
cells <- read.csv(CELLS, check.names = FALSE)
train <- subset(cells, partition == "train")
val <- subset(cells, partition == "tuning")
test <- subset(cells, partition == "new")
types <- sort(unique(train$group), method = "radix")
y_train <- factor(train$group, types)
table(factor(cells$group, types), cells$partition)

# ---- markers ----
x <- train[-(1:4)]
markers <- sapply(types, \(kind) {
  own <- y_train == kind
  lead <- colMeans(x[own, ]) - colMeans(x[!own, ])
  names(x)[order(-lead / sapply(x, sd))[1:MARKERS]]
})
print(t(markers), quote = FALSE)
chosen <- unique(c(t(markers))) # each gene once
x_train <- as.matrix(train[chosen])
x_val <- as.matrix(val[chosen])

# ---- pca ----
for (n in c(1, 2, 5, COMPONENTS)) {
  pca <- prcomp(x_train, rank. = n)
  back <- predict(pca, x_val) %*% t(pca$rotation)
  # t(): a column is a cell; R subtracts along the columns
  error <- sqrt(mean((t(x_val) - t(back) - pca$center)^2))
  cat(n, "components: validation error", round(error, 3), "\n")
}
# the last pca of the loop has COMPONENTS components
scores <- pca$x
scores_val <- predict(pca, x_val)

# ---- tsne ----
run_tsne <- function(x, perplexity) {
  set.seed(SEED)
  start <- prcomp(x, rank. = 2)$x
  Rtsne::Rtsne(x, perplexity = perplexity, pca = FALSE,
               Y_init = 1e-4 * start / sd(start[, 1]),
               max_iter = ITERATIONS, stop_lying_iter = 250,
               mom_switch_iter = 250, normalize = FALSE)$Y
}

# a column for each new row: the k nearest rows of known
nearest <- \(k, known, new)
  apply(new, 1, \(one) order(colSums((t(known) - one)^2))[1:k])

near <- nearest(NEIGHBOURS, scores, scores_val)
maps <- list(pca = list(scores[, 1:2], scores_val[, 1:2]))
for (perplexity in PERPLEXITIES) {
  found <- run_tsne(scores, perplexity)
  places <- t(apply(near, 2, \(rows) colMeans(found[rows, ])))
  maps[[paste0("tsne_", perplexity)]] <- list(found, places)
}

# ---- umap ----
run_umap <- function(x) {
  set.seed(SEED)
  uwot::umap(x, n_neighbors = NEIGHBOURS, min_dist = MIN_DIST,
             n_threads = 1, ret_model = TRUE)
}

mapper <- run_umap(scores)
places <- uwot::umap_transform(scores_val, mapper)
maps$umap <- list(mapper$embedding, places)

# ---- draw ----
draw <- function(at, type) {
  map <- factor(rep(names(at), sapply(at, nrow)), names(at))
  at <- do.call(rbind, at)
  ggplot(data.frame(x = at[, 1], y = at[, 2], map, type)) +
    geom_point(aes(x, y, colour = type), size = 0.8) +
    facet_wrap(vars(map), nrow = 1, scales = "free") +
    theme(axis.text = element_blank(), title = element_blank())
}

draw(lapply(maps, \(map) do.call(rbind, map)),
     c(y_train, factor(rep("validation", nrow(val))))) +
  aes(shape = type) + scale_colour_brewer(palette = "Dark2") +
  scale_shape_manual(values = c(rep(20, length(types)), 1))

# ---- neighbours ----
# Rank of each point among the neighbours of each point.
rank_all <- function(x) apply(as.matrix(dist(x)), 1, rank) - 1

# Share of the neighbours in one that are far in the other.
lost <- function(one, other) {
  near <- rank_all(one) <= NEIGHBOURS
  diag(near) <- FALSE # not the point itself
  mean(rank_all(other)[near] > NEAR)
}

# ---- compare ----
vote <- \(known, new)
  nearest(VOTERS, known, new) |>
    apply(2, \(rows) names(which.max(table(y_train[rows]))))

adjusted_rand <- function(a, b) {
  count_pairs <- \(...) sum(choose(table(...), 2))
  own <- c(count_pairs(a), count_pairs(b))
  chance <- prod(own) / choose(length(a), 2)
  (count_pairs(a, b) - chance) / (mean(own) - chance)
}

spaces <- c(list(scores = list(scores, scores_val)), maps)
compared <- sapply(spaces, \(space) {
  known <- space[[1]]
  set.seed(SEED)
  # at most 100 steps for each of the 10 starts
  clusters <- kmeans(known, length(types), 100, nstart = 10)
  c(mixed = lost(known, scores), torn = lost(scores, known),
    rand = adjusted_rand(y_train, clusters$cluster),
    val_accuracy = mean(vote(known, space[[2]]) == val$group))
})
round(t(compared), 3)

# ---- roll ----
roll <- read.csv(ROLL)
paper <- roll[c("along", "across")]
x_roll <- as.matrix(roll[c("x", "y", "z")])
unrolled <- list(pca = prcomp(x_roll, rank. = 2)$x,
                 tsne = run_tsne(x_roll, tail(PERPLEXITIES, 1)),
                 umap = run_umap(x_roll)$embedding)
draw(unrolled, roll$along) + guides(colour = "none")
rolls <- sapply(unrolled, \(found)
  c(mixed = lost(found, paper), torn = lost(paper, found)))
round(t(rolls), 3)

# ---- predict ----
vote(scores, scores_val[1, , drop = FALSE])

# ---- test ----
y_pred <- vote(scores, predict(pca, as.matrix(test[chosen])))
right <- sum(y_pred == test$group)
ci <- prop.test(right, nrow(test), correct = FALSE)$conf.int
# c() puts a point between two names
results <- c(val_accuracy = compared["val_accuracy", ],
             rand = compared["rand", ],
             mixed = rolls["mixed", ], torn = rolls["torn", ],
             test_accuracy = right / nrow(test),
             test_low = ci[1], test_high = ci[2]) |> as.list()
names(results) <- sub(".", "_", names(results), fixed = TRUE)
str(results)
