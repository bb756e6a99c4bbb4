# Metrics: what they say, and what errors cost.

library(ggplot2)

# ---- constants ----
FOLDER <- "shared_data/scores"
COST_MISS <- 20 # what an ill person costs who is not found
COST_ALARM <- 1 # what a healthy person costs who is called ill
SEED <- 1 # nothing is random here: any seed gives the same

# ---- load ----
balanced <- read.csv(file.path(FOLDER, "balanced.csv"))
screening <- read.csv(file.path(FOLDER, "screening.csv"))
doses <- read.csv(file.path(FOLDER, "doses.csv"))
cells <- read.csv(file.path(FOLDER, "cells.csv"))
val <- subset(screening, part == "val")
test <- subset(screening, part == "test")
samples <- list(balanced = balanced, screening = val)
sapply(samples, \(people) table(people$label))


# ---- rates ----
count <- function(people, cut) {
  ill <- people$label == 1
  called <- people$score >= cut
  c(tp = sum(ill & called), fn = sum(ill & !called),
    fp = sum(!ill & called), tn = sum(!ill & !called))
}

rates <- function(four) {
  four <- as.list(four * 1.0) # integers would overflow
  with(four, c(
    accuracy = (tp + tn) / (tp + fn + fp + tn),
    sensitivity = tp / (tp + fn),
    specificity = tn / (tn + fp),
    precision = tp / (tp + fp),
    f1 = 2 * tp / (2 * tp + fp + fn),
    mcc = (tp * tn - fp * fn) /
      sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
  ))
}

auc <- function(people) {
  ill <- people$label == 1
  n <- sum(ill)
  # U: pairs that the ill person wins. The ranks of n people
  # sum to n (n + 1) / 2 at least. What is above it: pairs won.
  u <- sum(rank(people$score)[ill]) - n * (n + 1) / 2
  u / (n * sum(!ill))
}

four <- count(balanced, 0.5)
four

# ---- errors ----
observed <- doses$observed
predicted <- doses$predicted
squares <- sum((observed - predicted)^2)
total <- sum((observed - mean(observed))^2)
errors <- c(
  sum_of_squares = squares, mse = squares / nrow(doses),
  rmse = sqrt(squares / nrow(doses)), r2 = 1 - squares / total)

# ---- library ----
curve <- pROC::roc(label ~ score, balanced,
                   levels = 0:1, direction = "<")
at <- unlist(pROC::coords(curve, 0.5, ret = c(
  "accuracy", "sensitivity", "specificity", "precision")))
fitted <- lm(observed ~ 0, offset = predicted)
library <- c(
  at,
  f1 = 2 / sum(1 / at[c("precision", "sensitivity")]),
  mcc = cor(balanced$label, balanced$score >= 0.5),
  auc = c(pROC::auc(curve)),
  sum_of_squares = deviance(fitted),
  mse = mean(residuals(fitted)^2),
  rmse = sqrt(mean(residuals(fitted)^2)),
  r2 = 1 - deviance(fitted) / deviance(lm(observed ~ 1))
)
hand <- c(rates(four), auc = auc(balanced), errors)
round(cbind(hand, library), 3)

# ---- prevalence ----
# in each group, the share with each answer
share <- four / 100 # 100 people of each kind
at <- c(0.5, 0.1, 0.025, 0.001)
shares <- sapply(at, \(p) rates(share * c(p, p, 1 - p, 1 - p)))
colnames(shares) <- at
round(shares, 3)

# ---- curves ----
panels <- lapply(names(samples), \(name) {
  people <- samples[[name]]
  cuts <- sort(unique(people$score))
  at <- sapply(cuts, \(cut) rates(count(people, cut)))
  # ten bins: scores from 0 to 0.1, from 0.1 to 0.2, ...
  bin <- floor(people$score * 10)
  rbind(
    data.frame(name, panel = "1. sensitivity vs 1 - specificity",
               x = 1 - at["specificity", ],
               y = at["sensitivity", ]),
    data.frame(name, panel = "3. precision vs sensitivity",
               x = at["sensitivity", ], y = at["precision", ]),
    data.frame(name, panel = "2. share of ill vs mean score",
               x = c(tapply(people$score, bin, mean)),
               y = c(tapply(people$label, bin, mean))))
})
ggplot(do.call(rbind, panels), aes(x, y, colour = name)) +
  geom_path() + facet_wrap(~panel) +
  labs(x = NULL, y = NULL, colour = NULL) +
  theme(panel.spacing = unit(1.5, "lines"))

# ---- classes ----
table <- table(true = cells$true, predicted = cells$predicted)
table
f1 <- 2 * diag(table) / (rowSums(table) + colSums(table))
macro_f1 <- mean(f1)
micro_f1 <- sum(diag(table)) / nrow(cells)
round(f1, 3)
cat("macro:", round(macro_f1, 3), "micro:", micro_f1, "\n")


# ---- threshold ----
cost <- function(people, cut) {
  four <- count(people, cut)
  COST_MISS * four[["fn"]] + COST_ALARM * four[["fp"]]
}

cuts <- sort(unique(val$score))
threshold <- cuts[which.min(sapply(cuts, cost, people = val))]
# nobody has a score of 2, so nobody is called ill there
mccs <- sapply(cuts, \(cut) rates(count(val, cut))[["mcc"]])
sapply(c("one half" = 0.5, cheapest = threshold,
         "best MCC" = cuts[which.max(mccs)], "nobody ill" = 2),
       \(cut) c(count(val, cut), cost = cost(val, cut)))

# ---- test ----
four <- as.list(count(test, threshold))
unlist(c(four, cost = cost(test, threshold)))
of <- with(four, list(
  sensitivity = c(tp, fn), specificity = c(tn, fp),
  precision = c(tp, fp)))
round(sapply(of, \(k) c(k[1] / sum(k), prop.test(
  k[1], sum(k), correct = FALSE)$conf.int)), 3)
results <- list(
  mcc = hand[["mcc"]], auc = hand[["auc"]],
  rmse = hand[["rmse"]], r2 = hand[["r2"]],
  macro_f1 = macro_f1, micro_f1 = micro_f1,
  threshold = threshold, val_auc = auc(val),
  val_cost = cost(val, threshold),
  test_sensitivity = four$tp / (four$tp + four$fn),
  test_cost = cost(test, threshold))
str(results)
