# Search: how to choose a learning rate, units and dropout.

library(keras3)
library(ggplot2)
library(future)

# ---- constants ----
TUMOURS <- "shared_data/nuclei/nuclei.csv"
FOLDS_OF <- "shared_data/search/folds.csv"
CONFIGURATIONS <- "shared_data/search/configurations.csv"
OTHER <- c("row", "diagnosis", "fold")
LABELS <- c("benign", "malignant")
SEED <- 1
FOLDS <- 5
BATCH_SIZE <- 64
EPOCHS <- 15
PATIENCE <- 3
FEW <- 30 # tumours for the section luck
CANDIDATES <- 200 # each has a network for each fold
WORKERS <- 1

# ---- load ----
tumours <- merge(read.csv(TUMOURS), read.csv(FOLDS_OF))
stopifnot(tumours$diagnosis %in% LABELS)
is_test <- tumours$fold == 0
features <- as.matrix(tumours[setdiff(names(tumours), OTHER)])
label <- match(tumours$diagnosis, LABELS) - 1L
x <- features[!is_test, ]
y <- label[!is_test]
fold <- tumours$fold[!is_test]
cat("search:", nrow(x), "test:", sum(is_test), "\n")

# ---- draw ----
(configurations <- read.csv(CONFIGURATIONS, row.names = "id"))


# ---- scale ----
# A column of `learn` says from which rows a network learns.
scale_by <- function(new, x, learn) {
  apply(learn, 2, simplify = FALSE, \(rows) {
    (t(new) - colMeans(x[rows, ])) / sqrt(diag(var(x[rows, ])))
  }) |> simplify2array() |> aperm(c(2, 3, 1))
}


# ---- train ----
dense <- \(object, n, units, activation, seed)
  layer_einsum_dense(
    object, "bnf,nfu->bnu", c(n, units), activation, "nu",
    initializer_random_normal(0, 0.3, seed))

train <- function(name, x, y, learn, epochs, early = NULL) {
  one <- configurations[name, ]
  n <- ncol(learn)
  set_random_seed(SEED)
  model <- keras_model_sequential() |>
    dense(n, one$units, "relu", SEED) |>
    layer_dropout(one$dropout, seed = SEED) |>
    dense(n, 1, "sigmoid", SEED + 1)
  model |> compile(optimizer_adam(one$learning_rate),
                   "binary_crossentropy")
  inputs <- scale_by(x, x, learn)
  target <- array(y, c(length(y), n, 1))
  left_out <- list(inputs, target, (!learn) * 1.0)
  model |> fit(
    inputs, target, sample_weight = learn * 1.0,
    validation_data = if (!is.null(early)) left_out,
    validation_batch_size = nrow(x), batch_size = BATCH_SIZE,
    epochs = epochs, verbose = 0, callbacks = early)
  model
}


# ---- validate ----
predict_with <- \(model, inputs) # a row for each tumour
  array(as.array(model(inputs)), dim(inputs)[1:2])

cross_entropy <- \(y, p)
  -log(pmax(ifelse(y == 1, p, 1 - p), 1e-7))

learn <- outer(fold, 1:FOLDS, "!=")

cross_validate <- function(name) {
  early <- callback_early_stopping(
    patience = PATIENCE, restore_best_weights = TRUE)
  model <- train(name, x, y, learn, EPOCHS, early)
  p <- predict_with(model, scale_by(x, x, learn))
  # From row i the network that did not learn from tumour i.
  loss <- cross_entropy(y, p[cbind(seq_along(fold), fold)])
  c(early$best_epoch + 1, tapply(loss, fold, mean))
}


# ---- search ----
plan(multisession, workers = WORKERS)
found <- rownames(configurations) |>
  lapply(\(name) future(cross_validate(name), seed = NULL)) |>
  value() |> do.call(what = rbind)
plan(sequential)

# ---- choose ----
losses <- found[, -1]
table <- transform(
  configurations, loss = rowMeans(losses), epochs = found[, 1],
  se = apply(losses, 1, sd) / sqrt(FOLDS))
table <- table[order(table$loss), ]
best <- rownames(table)[1]
limit <- table$loss[1] + table$se[1]
near <- subset(table, loss <= limit)
chosen <- rownames(near)[which.min(near$units)]
print(table, digits = 4)
cat("limit", round(limit, 4), "chosen", chosen, "\n")

# ---- edge ----
sapply(configurations, rank)[rownames(configurations) == best, ]
ggplot(table, aes(learning_rate, loss, colour = units)) +
  geom_pointrange(aes(ymin = loss - se, ymax = loss + se)) +
  geom_hline(yintercept = limit, linetype = "dotted") +
  scale_x_log10() + labs(y = "cross-entropy")

# ---- luck ----
draw <- as.array(random_uniform(nrow(x), seed = SEED))
shuffled <- x[order(draw), ]
coin <- (seq_along(y) - 1L) %% 2L # 0, 1, 0, 1: nothing to learn
few <- shuffled[1:FEW, ]
part <- ceiling(1:FEW * FOLDS / FEW)
# The first CANDIDATES networks leave out part 1, and so on.
known <- outer(part, rep(1:FOLDS, each = CANDIDATES), "!=")
model <- train(best, few, coin[1:FEW], known, EPOCHS)
p <- predict_with(model, scale_by(shuffled, few, known))
# By tumour, candidate and left-out part: is it right?
right <- array((p > 0.5) == coin, c(nrow(p), CANDIDATES, FOLDS))
scores <- rowMeans(sapply(1:FEW, \(i) right[i, , part[i]]))
fresh <- mean(right[-(1:FEW), which.max(scores), ])
c(mean = mean(scores), best = max(scores), fresh = fresh)

# ---- baseline ----
logit <- glmnet::cv.glmnet(x, y, family = "binomial", alpha = 0,
  foldid = fold, lambda = c(1, FOLDS / sum(learn)), keep = TRUE)
p <- plogis(logit$fit.preval[, 2])
cat("logistic loss:", round(mean(cross_entropy(y, p)), 3), "\n")

# ---- refit ----
every <- matrix(TRUE, nrow(x))
final <- train(chosen, x, y, every, table[chosen, "epochs"])
new <- t(c(15, 20, 97, 700, .1, .1, .1, .05, .18, .06))
p <- predict_with(final, scale_by(new, x, every))[1]
cat(chosen, "says:", round(p, 2), LABELS[1 + (p > 0.5)], "\n")

# ---- test ----
p <- predict_with(final, scale_by(features[is_test, ], x, every))
hits <- sum((p > 0.5) == label[is_test])
ci <- prop.test(hits, length(p), correct = FALSE)$conf.int
results <- list(
  val_loss_best = table$loss[1],
  val_loss_chosen = table[chosen, "loss"],
  val_accuracy_luck = max(scores), val_accuracy_fresh = fresh,
  test_accuracy = hits / length(p),
  test_low = ci[1], test_high = ci[2])
str(results)
