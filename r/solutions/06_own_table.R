# Solution: your own table with a penalty on large weights.

library(keras3)

# ---- constants ----
DATA <- "shared_data/breast_cancer/samples.csv"
TARGET_COLUMN <- "diagnosis"
POSITIVE <- "" # the class to find; empty: the rarer one
ID_COLUMN <- "id" # rows with the same id stay together
CATEGORIES <- character() # columns whose numbers are codes
MISSING <- c("", "?", ".", "NA", "N/A", "NaN")
COST_MISS <- 10 # false alarms that are as bad as one miss
SPLIT_SEED <- 1
SEED <- 1
UNITS <- 16
EPOCHS <- 40

# ---- read ----
lines <- sub("^\ufeff", "", readLines(DATA, encoding = "UTF-8"))
stopifnot("The file is not UTF-8." = validUTF8(lines))
seps <- c(",", ";", "\t")
# the separator: whichever cuts the headings most often
fields <- lengths(strsplit(rep(lines[1], 3), seps))
rows <- read.csv(text = lines, sep = seps[which.max(fields)],
  na = MISSING, colClasses = "character", strip.white = TRUE,
  check.names = FALSE)
rows <- rows[rowSums(!is.na(rows)) > 0, ]
for (name in c(TARGET_COLUMN, ID_COLUMN))
  # a file without a column "id" is all right
  if (!name %in% c(names(rows), "id")) stop(
    "There is no column ", name, ", but: ",
    toString(names(rows)), call. = FALSE)

# ---- classes ----
target <- rows[[TARGET_COLUMN]]
new <- rows[is.na(target), names(rows) != TARGET_COLUMN]
rows <- rows[!is.na(target), names(rows) != TARGET_COLUMN]
target <- target[!is.na(target)]
classes <- unique(target)
if (length(classes) != 2) stop(
  TARGET_COLUMN, " has not 2 classes but ", length(classes),
  ": ", toString(head(classes, 5)), call. = FALSE)
rarer <- classes[which.min(tabulate(match(target, classes)))]
positive <- if (POSITIVE == "") rarer else POSITIVE
y <- as.integer(target == positive)

# ---- split ----
# a row without an id gets one of its own; without a column
# ID_COLUMN, rows[[ID_COLUMN]] is NULL, and no row has one
ids <- c(rows[[ID_COLUMN]], rep(NA, length(y)))[seq_along(y)]
ids <- ifelse(is.na(ids), paste(seq_along(y), "row"), ids)
ill <- tapply(y, factor(ids, unique(ids)), max) # 1: any row
if (sum(ill) < 10 || sum(ill) > length(ill) - 10) stop(
  sum(ill), " of ", length(ill), " ids are ", positive,
  ". Each class needs 10.", call. = FALSE)
draw <- as.array(random_uniform(length(ill), seed = SPLIT_SEED))
# Sorted by their numbers, the ids have places from 0 to 1.
share <- ave(c(draw), ill, FUN = \(u) rank(u) / length(u))
share <- share[match(ids, names(ill))]
train <- share <= 0.6
val <- share > 0.6 & share <= 0.8 & !duplicated(ids)
test <- share > 0.8 & !duplicated(ids)
cat("rows:", sum(train), sum(val), sum(test), "- of them",
    positive, sum(y[train]), sum(y[val]), sum(y[test]), "\n")


# ---- columns ----
# NA where it is text
numbers <- \(x) suppressWarnings(as.numeric(gsub(",", ".", x)))

medians <- levels <- list()
for (name in setdiff(names(rows), ID_COLUMN)) {
  values <- numbers(rows[[name]])
  seen <- unique(na.omit(rows[[name]][train]))
  # text: a filled cell that is no number; `why` is NULL, of
  # length 0, if none of the three reasons holds
  is_text <- any(is.na(values) & !is.na(rows[[name]]))
  why <- if (length(seen) < 2) "constant or missing" else
    if (is_text && length(seen) > 20) "free text" else
    if (!is_text && isTRUE(all(diff(values) > 0))) "a row number"
  is_text <- is_text || name %in% CATEGORIES
  if (length(why)) cat("not used:", name, "-", why, "\n")
  else if (is_text) levels[[name]] <- seen
  else medians[[name]] <- median(values[train], na.rm = TRUE)
}
if (length(c(medians, levels)) == 0)
  stop("There is no column to learn from.", call. = FALSE)


# ---- encode ----
encode <- function(rows) {
  x <- lapply(rows[names(medians)], numbers)
  x <- Map(\(one, m) replace(one, is.na(one), m), x, medians)
  y <- Map(\(one, level) outer(one, level, "==") & !is.na(one),
           rows[names(levels)], levels)
  unname(do.call(cbind, c(x, y))) * 1
}

x_train <- encode(rows[train, ])
x_val <- encode(rows[val, ])
y_train <- y[train]
y_val <- y[val]

# ---- model ----
scaler <- layer_normalization() |> adapt(x_train)
set_random_seed(SEED)
model <- keras_model_sequential(layers = list(
  # "l2" is the penalty of chapter 4 with its default, 0.01.
  scaler, layer_dense(units = UNITS, activation = "relu",
                      kernel_regularizer = "l2"),
  layer_dense(units = 1, activation = "sigmoid")))

# ---- fit ----
weights <- list("0" = 1, "1" = sum(1 - y_train) / sum(y_train))
model |> compile(optimizer_adam(0.01), "binary_crossentropy")
history <- model |> fit(
  x_train, y_train, validation_data = list(x_val, y_val),
  epochs = EPOCHS, class_weight = weights, verbose = 0,
  callbacks = callback_early_stopping(
    patience = 10, restore_best_weights = TRUE))

# ---- baseline ----
# glmnet refuses a single column, which your table may have.
# So we add one of zeros, which changes nothing.
scaled <- \(x) cbind(0, as.array(scaler(x)))
each <- ifelse(y_train == 1, weights[["1"]], 1)
logistic <- glmnet::glmnet(
  scaled(x_train), y_train, "binomial", each, alpha = 0,
  lambda = 1 / sum(each), standardize = FALSE, thresh = 1e-10)
p_logistic <- predict(logistic, scaled(x_val), type = "response")


# ---- threshold ----
scores <- \(x) predict(model, x, verbose = 0)[, 1]

costs <- function(y_prob) { # of each threshold
  cut <- sort(unique(y_prob))
  data.frame(cut, cost = sapply(cut, \(one) sum(ifelse(
    y_val == 1, COST_MISS * (y_prob < one), y_prob >= one))))
}

y_prob <- scores(x_val)
cost <- costs(y_prob)
# the first, so the lowest, of equals
threshold <- cost$cut[which.min(cost$cost)]
table(y_val, call = y_prob >= threshold)

# ---- predict ----
if (nrow(new)) new$score <- scores(encode(new))
if (nrow(new)) t(cbind(new, predicted = ifelse(
  new$score >= threshold, positive, "other")))

# ---- test ----
y_test <- y[test]
y_pred <- scores(encode(rows[test, ])) >= threshold
table(y_test, call = y_pred)
sapply(split(y_pred == y_test, y_test), \(right) prop.test(
  sum(right), length(right), correct = FALSE)$conf.int)
results <- list(
  threshold = threshold, val_cost = min(cost$cost),
  val_loss = min(history$metrics$val_loss),
  val_cost_logistic = min(costs(p_logistic)$cost),
  test_sensitivity = mean(y_pred[y_test == 1]),
  test_specificity = 1 - mean(y_pred[y_test == 0]))
str(results)
