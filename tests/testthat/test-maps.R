# What the R twin of 12_maps measures maps by, against scikit-learn and Rtsne,
# and its triplets by definition.

old <- setwd(project_root())
invisible(capture.output({
  suppressMessages(source("r/course.R"))
  twin <- twin_names(
    "12_maps",
    c("constants", "load", "pca", "measures", "triplets"),
    has_umap = FALSE
  )
}))
setwd(old)

#' Maps with known faults: good, mirrored, shuffled in part, ties
some_maps <- function() {
  set.seed(1)
  good <- twin$scores[, 1:2]
  shuffled <- good
  shuffled[1:50, ] <- good[sample(50), ]
  list(good, -good[, 2:1], shuffled, matrix(rnorm(840), 420), round(good))
}

test_that("trustworthiness is that of scikit-learn on the same map", {
  theirs <- reticulate::import("sklearn.manifold")$trustworthiness
  for (found in some_maps()[1:4]) {
    for (k in c(5L, 10L, 15L)) {
      expect_equal(
        twin$trustworthiness(twin$scores, found, k),
        theirs(twin$scores, found, n_neighbors = k),
        tolerance = 1e-12
      )
    }
  }
  expect_identical(twin$trustworthiness(twin$scores, twin$scores), 1)
})

test_that("silhouette is that of scikit-learn, ties or not", {
  theirs <- reticulate::import("sklearn.metrics")$silhouette_score
  known <- twin$group[twin$is_train]
  for (found in some_maps()) {
    expect_equal(
      twin$silhouette(found, known), theirs(found, known),
      tolerance = 1e-12
    )
  }
})

test_that("the divergence is that of Rtsne", {
  set.seed(2)
  x <- matrix(rnorm(240), 60)
  found <- Rtsne::Rtsne(
    x,
    theta = 0, perplexity = 10, pca = FALSE, normalize = FALSE,
    max_iter = 300
  )
  ours <- twin$kl(twin$affinities(x, 10), found$Y)
  expect_equal(ours, sum(found$costs), tolerance = 1e-3)
  expect_gt(twin$kl(twin$affinities(x, 10), matrix(rnorm(120), 60)), ours)
})

test_that("affinities are symmetric and sum to 1", {
  set.seed(3)
  affinity <- twin$affinities(matrix(rnorm(120), 40), 7)
  expect_equal(affinity, t(affinity), ignore_attr = TRUE)
  expect_equal(sum(affinity), 1)
  expect_equal(unname(diag(affinity)), rep(0, 40))
})

test_that("each component points where its largest weight is positive", {
  weights <- twin$pca$rotation
  largest <- weights[cbind(max.col(t(abs(weights))), seq_len(ncol(weights)))]
  expect_true(all(largest > 0))
  plain <- prcomp(twin$x$cells, rank. = twin$COMPONENTS)
  expect_equal(abs(plain$x), abs(twin$pca$x), tolerance = 1e-12)
  again <- predict(twin$pca, twin$x$cells)
  expect_equal(again, twin$pca$x, tolerance = 1e-12, ignore_attr = TRUE)
})

test_that("triplets hold a neighbour and a stranger", {
  for (name in names(twin$triples)) {
    x <- if (name == "cells") twin$scores else twin$x[[name]]
    apart <- as.matrix(dist(x))
    kth <- apply(apart, 1, \(d) sort(d)[twin$NEIGHBOURS + 1])
    of <- twin$triples[[name]]
    expect_identical(nrow(of), as.integer(nrow(x) * twin$ROUNDS))
    expect_true(all(of[, 1] != of[, 2] & of[, 1] != of[, 3]))
    expect_true(all(apart[of[, 1:2]] <= kth[of[, 1]]))
    expect_true(all(apart[of[, c(1, 3)]] >= kth[of[, 1]]))
  }
})

test_that("the nearest cells vote as scikit-learn lets them", {
  source_of <- readLines(file.path(project_root(), "r/12_maps.R"))
  first <- grep("^name_cells <- ", source_of)
  last <- first - 1 + which(source_of[first:length(source_of)] == "}")[1]
  eval(parse(text = source_of[first:last]), twin)
  theirs <- reticulate::import("sklearn.neighbors")$KNeighborsClassifier(
    as.integer(twin$VOTERS),
    algorithm = "brute"
  )
  known <- twin$group[twin$is_train]
  theirs$fit(twin$scores, known)
  expect_identical(
    unname(twin$name_cells(twin$scores, twin$scores_new)),
    as.character(theirs$predict(twin$scores_new))
  )
})

test_that("without uwot its results are undefined and the rest is there", {
  stand_in <- function(x, ...) x[, 1:2]
  output <- capture.output(
    after <- twin_names(
      "12_maps", c("umap", "rolls"),
      has_umap = FALSE, tsne = stand_in, independent = list(),
      metrics = list(), maps_siamese = lapply(twin$x, stand_in),
      judge = \(found) c(trustworthiness = 1, silhouette = 1, arrangement = 1),
      SEED = 1, NEIGHBOURS = twin$NEIGHBOURS, scores = twin$scores,
      named = twin$named, key_of = twin$key_of, maps = twin$maps,
      x = twin$x, paper = twin$paper, take = twin$take,
      pca_of = twin$pca_of, trustworthiness = twin$trustworthiness
    )
  )
  expect_match(output, "uwot is not installed.*left out", all = FALSE)
  left_out <- names(Filter(is.na, after$independent))
  expect_setequal(
    left_out, grep("umap", names(after$independent), value = TRUE)
  )
  expect_length(left_out, 10)
  expect_false(is.na(after$independent$unrolled_double_t_sne_10))
  expect_false(is.na(after$metrics$unrolled_double_siamese))
})
