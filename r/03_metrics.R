# Metrics: what they say, and when they say nothing.

library(ggplot2)

# ---- constants ----
FOLDER <- "shared_data/scores"
SEED <- 1 # nothing is drawn here: any seed will do
THRESHOLD <- 0.5
TOLERANCE <- 1e-12

# ---- load ----
balanced <- read.csv(file.path(FOLDER, "balanced.csv"))
screening <- read.csv(file.path(FOLDER, "screening.csv"))
doses <- read.csv(file.path(FOLDER, "doses.csv"))
cases <- read.csv(file.path(FOLDER, "cases.csv"))
samples <- list(balanced = balanced, screening = screening)
for (name in names(samples)) {
  people <- samples[[name]]
  cat(name, ": ", nrow(people), " people, ",
      sum(people$label), " ill, ",
      length(unique(people$score)), " different scores\n",
      sep = "")
}


# ---- counts ----
counts <- function(label, predicted) {
  four <- list(
    tp = sum(label == 1 & predicted == 1),
    tn = sum(label == 0 & predicted == 0),
    fp = sum(label == 0 & predicted == 1),
    fn = sum(label == 1 & predicted == 0)
  )
  lapply(four, as.numeric) # integers overflow in products
}


# ---- rates ----
ratio <- function(a, b) {
  if (b != 0) a / b else NA_real_ # undefined, not 0
}

rates <- function(tp, tn, fp, fn) {
  product <- (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
  list(
    sensitivity = ratio(tp, tp + fn),
    specificity = ratio(tn, tn + fp),
    precision = ratio(tp, tp + fp),
    accuracy = ratio(tp + tn, tp + tn + fp + fn),
    f1 = ratio(2 * tp, 2 * tp + fp + fn),
    mcc = ratio(tp * tn - fp * fn, sqrt(product))
  )
}


# ---- roc ----
roc <- function(label, score) {
  ill <- score[label == 1]
  healthy <- score[label == 0]
  cuts <- c(Inf, sort(unique(score), decreasing = TRUE), -Inf)
  data.frame(
    fpr = sapply(cuts, function(cut) {
      ratio(sum(healthy >= cut), length(healthy))
    }),
    tpr = sapply(cuts, function(cut) {
      ratio(sum(ill >= cut), length(ill))
    })
  )
}

auc_area <- function(label, score) {
  curve <- roc(label, score)
  n <- nrow(curve)
  height <- (curve$tpr[-1] + curve$tpr[-n]) / 2
  sum(diff(curve$fpr) * height)
}

auc_ranks <- function(label, score) {
  ranks <- rank(score) # people who tie share their mean rank
  n1 <- as.numeric(sum(label == 1))
  n0 <- as.numeric(sum(label == 0))
  u <- sum(ranks[label == 1]) - n1 * (n1 + 1) / 2
  ratio(u, n1 * n0)
}


# ---- errors ----
sum_of_squares <- function(observed, predicted) {
  sum((observed - predicted)^2)
}

rmse <- function(observed, predicted) {
  squares <- sum_of_squares(observed, predicted)
  sqrt(ratio(squares, length(observed)))
}


# ---- balanced ----
by_hand <- function(label, score) {
  four <- counts(label, score >= THRESHOLD)
  c(
    four,
    do.call(rates, four),
    auc = auc_area(label, score),
    auc_ranks = auc_ranks(label, score)
  )
}

hand <- by_hand(balanced$label, balanced$score)
errors <- list(
  sum_of_squares =
    sum_of_squares(doses$observed, doses$predicted),
  rmse = rmse(doses$observed, doses$predicted)
)
print(cbind(hand = unlist(c(hand, errors))), digits = 6)

# ---- library ----
curve <- pROC::roc(
  balanced$label, balanced$score,
  levels = c(0, 1), direction = "<"
)
found <- pROC::coords(curve, THRESHOLD, ret = c(
  "tp", "tn", "fp", "fn", "sensitivity", "specificity",
  "precision", "accuracy"
))
predicted <- balanced$score >= THRESHOLD
auc <- as.numeric(pROC::auc(curve))
fitted <- lm(observed ~ 0, doses, offset = predicted)
by_library <- c(
  unlist(found),
  f1 = 2 / (1 / found$precision + 1 / found$sensitivity),
  mcc = cor(balanced$label, predicted),
  auc = auc, auc_ranks = auc,
  sum_of_squares = deviance(fitted),
  rmse = sqrt(mean(residuals(fitted)^2))
)
both <- data.frame(
  hand = unlist(c(hand, errors)), library = by_library
)
both$agree <- abs(both$hand - both$library) <= TOLERANCE
print(both, digits = 6)

# ---- screening ----
useful <- by_hand(screening$label, screening$score)
healthy <- by_hand(screening$label, 0 * screening$score)
print(round(cbind(
  useful = unlist(useful), healthy = unlist(healthy)
), 4))

# ---- curve ----
curves <- do.call(rbind, lapply(names(samples), function(name) {
  people <- samples[[name]]
  cbind(sample = name, roc(people$label, people$score))
}))
at <- do.call(rbind, lapply(names(samples), function(name) {
  people <- samples[[name]]
  data.frame(sample = name, by_hand(people$label, people$score))
}))
ggplot(curves, aes(fpr, tpr, colour = sample)) +
  geom_abline(linetype = "dotted", colour = "grey50") +
  geom_path() +
  geom_point(aes(1 - specificity, sensitivity), at, size = 2) +
  coord_equal() +
  labs(x = "1 - specificity", y = "sensitivity", colour = NULL)

# ---- undefined ----
edge <- lapply(
  split(cases, factor(cases$case, unique(cases$case))),
  function(people) {
    values <- by_hand(people$label, people$score)
    values[setdiff(names(values),
                   c("tp", "tn", "fp", "fn", "auc_ranks"))]
  }
)
print(round(t(sapply(edge, unlist)), 2))

# ---- test ----
test <- screening[screening$part == "test", ]
mcc_test <- by_hand(test$label, test$score)$mcc
cat(sprintf("MCC of the test part: %.4f\n", mcc_test))

# ---- results ----
tables <- c(
  list(balanced = hand, screening = useful, healthy = healthy),
  edge
)
results <- c(
  list(mcc_test = mcc_test),
  errors,
  list(library_agrees = all(both$agree))
)
for (where in names(tables)) {
  names <- paste0(names(tables[[where]]), "_", where)
  results[names] <- tables[[where]]
}
cat(length(results), "results\n")
