# The metrics that 02_metrics writes by hand, against pROC, stats and their
# definitions.

twin <- twin_names(
  "02_metrics", c("constants", "counts", "rates", "roc", "errors"),
  seed = identity
)
solution <- twin_names("solutions/02_metrics", "mcc")
expected <- jsonlite::read_json(test_path("../undefined_cases.json"))
cases <- read.csv(file.path(project_root(), "shared_data/scores/cases.csv"))

rates_of <- function(label, predicted) {
  do.call(twin$rates, twin$counts(label, predicted))
}

#' Random people with few different scores, so that they tie
random_people <- function(number) {
  set.seed(number)
  size <- sample(5:60, 1)
  data.frame(
    label = sample(rep_len(c(0, 1), size)),
    score = sample(0:sample(2:9, 1), size, replace = TRUE) / 10
  )
}

test_that("counts and rates are those of pROC, ties or not", {
  for (number in 1:40) {
    people <- random_people(number)
    curve <- pROC::roc(
      people$label, people$score,
      levels = c(0, 1), direction = "<"
    )
    names <- c(
      "tp", "tn", "fp", "fn", "sensitivity", "specificity", "precision",
      "accuracy"
    )
    for (threshold in unique(people$score)) {
      predicted <- people$score >= threshold
      four <- twin$counts(people$label, predicted)
      ours <- c(four, do.call(twin$rates, four))
      theirs <- pROC::coords(curve, threshold, ret = names)
      expect_equal(
        unlist(ours[names]), unlist(theirs[names]),
        tolerance = 1e-12, info = paste(number, threshold)
      )
    }
  }
})

test_that("the area and the ranks give pROC's AUC, ties or not", {
  for (number in 1:40) {
    people <- random_people(number)
    curve <- pROC::roc(
      people$label, people$score,
      levels = c(0, 1), direction = "<"
    )
    theirs <- as.numeric(pROC::auc(curve))
    area <- twin$auc_area(people$label, people$score)
    ranks <- twin$auc_ranks(people$label, people$score)
    expect_equal(area, theirs, tolerance = 1e-12, info = number)
    expect_equal(ranks, theirs, tolerance = 1e-12, info = number)
  }
})

test_that("the ROC curve goes through pROC's points", {
  people <- random_people(1)
  curve <- pROC::roc(
    people$label, people$score,
    levels = c(0, 1), direction = "<"
  )
  ours <- unique(twin$roc(people$label, people$score))
  expect_equal(ours$tpr, rev(curve$sensitivities), tolerance = 1e-12)
  expect_equal(ours$fpr, 1 - rev(curve$specificities), tolerance = 1e-12)
})

test_that("MCC is the correlation of truth and prediction", {
  defined <- 0
  for (number in 1:40) {
    people <- random_people(number)
    predicted <- people$score >= 0.3
    ours <- rates_of(people$label, predicted)$mcc
    expect_identical(ours, solution$mcc(people, 0.3))
    if (length(unique(predicted)) == 2) {
      expect_equal(ours, cor(people$label, predicted), tolerance = 1e-12)
      defined <- defined + 1
    } else {
      expect_identical(ours, NA_real_)
    }
  }
  expect_gt(defined, 20)
})

test_that("F1 is the harmonic mean of precision and sensitivity", {
  people <- random_people(2)
  ours <- rates_of(people$label, people$score >= 0.3)
  mean <- 2 / (1 / ours$precision + 1 / ours$sensitivity)
  expect_equal(ours$f1, mean, tolerance = 1e-12)
})

test_that("counts of a whole country do not overflow", {
  label <- rep(c(1, 0), each = 1e5)
  predicted <- rep(c(1, 0, 1, 0), c(9e4, 1e4, 1e4, 9e4))
  expect_silent(ours <- rates_of(label, predicted))
  expect_equal(ours$mcc, 0.8, tolerance = 1e-12)
  expect_equal(twin$auc_ranks(label, predicted), 0.9, tolerance = 1e-12)
})

test_that("sum of squares and RMSE are those of lm()", {
  set.seed(3)
  observed <- rnorm(50)
  predicted <- observed + rnorm(50)
  fitted <- lm(observed ~ 0, offset = predicted)
  squares <- twin$sum_of_squares(observed, predicted)
  expect_equal(squares, deviance(fitted), tolerance = 1e-12)
  expect_equal(twin$rmse(observed, predicted), sqrt(deviance(fitted) / 50))
})

test_that("without people nothing is defined", {
  none <- numeric()
  values <- c(
    rates_of(none, none),
    auc = twin$auc_area(none, none), ranks = twin$auc_ranks(none, none),
    rmse = twin$rmse(none, none)
  )
  expect_length(values, 9)
  expect_true(all(is.na(values)))
})

test_that("undefined cases are those of the table that Python is held to", {
  expect_identical(names(expected), unique(cases$case))
  for (case in names(expected)) {
    people <- cases[cases$case == case, ]
    values <- c(
      rates_of(people$label, people$score >= twin$THRESHOLD),
      auc = twin$auc_area(people$label, people$score)
    )
    want <- lapply(expected[[case]], function(value) {
      if (is.null(value)) NA_real_ else value
    })
    expect_equal(values, want, tolerance = 1e-12, info = case)
    expect_identical(
      twin$auc_ranks(people$label, people$score), values$auc,
      info = case
    )
  }
})
