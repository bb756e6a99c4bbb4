# Solution: two tests together make fewer errors.

library(ggplot2)

# ---- constants ----
SCREENING <- "shared_data/scores/screening.csv"
COST_MISS <- 20
COST_ALARM <- 1
SEED <- 1 # nothing is random here: any seed gives the same
WEIGHT <- 0.5 # of the second test

# ---- load ----
screening <- read.csv(SCREENING)
screening$both <- screening$score +
  WEIGHT * screening$second_score
val <- subset(screening, part == "val")
test <- subset(screening, part == "test")


# ---- cost ----
count <- function(people, score, cut) {
  ill <- people$label == 1
  called <- people[[score]] >= cut
  c(tp = sum(ill & called), fn = sum(ill & !called),
    fp = sum(!ill & called), tn = sum(!ill & !called))
}

cost <- function(people, score, cut) {
  four <- count(people, score, cut)
  COST_MISS * four[["fn"]] + COST_ALARM * four[["fp"]]
}


# ---- threshold ----
for (score in c("score", "second_score", "both")) {
  cuts <- sort(unique(val[[score]]))
  costs <- sapply(cuts, \(cut) cost(val, score, cut))
  threshold <- cuts[which.min(costs)]
  cat(score, "\n")
  print(c(count(val, score, threshold), cost = min(costs)))
}

# ---- curve ----
ggplot(data.frame(cuts, costs), aes(cuts, costs)) +
  geom_line() +
  geom_vline(xintercept = threshold, linetype = "dotted") +
  labs(x = "threshold of both tests together", y = "cost")

# ---- test ----
four <- as.list(count(test, "both", threshold))
unlist(four)
ill <- four$tp + four$fn
interval <- prop.test(four$tp, ill, correct = FALSE)$conf.int
cat("sensitivity", round(c(four$tp / ill, interval), 3), "\n")
results <- list(
  val_cost = min(costs),
  threshold = threshold,
  test_sensitivity = four$tp / ill,
  test_cost = cost(test, "both", threshold)
)
str(results)
