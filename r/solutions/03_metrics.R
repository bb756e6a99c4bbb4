# Solution: choose the threshold by its MCC, on other people.

library(ggplot2)

# ---- constants ----
DATA <- "shared_data/scores/screening.csv"
SEED <- 1 # nothing is drawn here: any seed will do
THRESHOLD <- 0.5

# ---- load ----
screening <- read.csv(DATA)
val <- screening[screening$part == "tuning", ]
test <- screening[screening$part == "test", ]
cat("people:", nrow(val), nrow(test), "\n")


# ---- mcc ----
mcc <- function(people, threshold) {
  ill <- people$label == 1
  called <- people$score >= threshold
  tp <- as.numeric(sum(ill & called))
  tn <- as.numeric(sum(!ill & !called))
  fp <- as.numeric(sum(!ill & called))
  fn <- as.numeric(sum(ill & !called))
  product <- (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
  if (product == 0) {
    return(NA_real_)
  }
  (tp * tn - fp * fn) / sqrt(product)
}


# ---- tune ----
thresholds <- sort(unique(val$score))
values <- sapply(thresholds, mcc, people = val)
best <- which.max(values) # the lowest of equals
threshold <- thresholds[best]
cat("best threshold on the validation set:", threshold, "\n")

# ---- test ----
mcc_half <- mcc(test, THRESHOLD)
mcc_test <- mcc(test, threshold)
cat(sprintf("MCC of the validation set   %.4f\n", values[best]))
cat(sprintf("MCC of the test part     %.4f\n", mcc_test))
cat(sprintf("MCC of the test part at %s: %.4f\n", THRESHOLD,
            mcc_half))

# ---- curve ----
curve <- data.frame(
  threshold = thresholds,
  mcc = c(values, sapply(thresholds, mcc, people = test)),
  part = rep(c("validation", "test"), each = length(thresholds))
)
curve$part <- factor(curve$part, c("validation", "test"))
ggplot(curve, aes(threshold, mcc, colour = part)) +
  geom_line(na.rm = TRUE) +
  geom_vline(xintercept = threshold, linetype = "dotted") +
  labs(y = "MCC", colour = NULL)

# ---- results ----
results <- list(
  mcc_tuning = values[best],
  mcc_test = mcc_test,
  mcc_test_half = mcc_half,
  threshold = threshold
)
print(round(unlist(results), 4))
