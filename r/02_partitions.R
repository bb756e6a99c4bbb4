# Partitions and folds: how to evaluate a model honestly.

library(keras3)
library(ggplot2)

# ---- constants ----
FLOWERS <- "shared_data/iris/iris.csv"
PARTITIONS <- "shared_data/iris/partitions.csv"
PATIENTS <- "shared_data/patients/samples.csv"
SEED <- 1
SPECIES <- c("setosa", "versicolor", "virginica")
FEATURES <- c(
  "sepal_length", "sepal_width", "petal_length", "petal_width"
)
UNITS <- c(4, 10)
WAYS <- c("validation", "fold_3", "fold_5", "fold_10")
LEARNING_RATE <- 1.0
EPOCHS <- 80
GENES <- 20

# ---- load ----
flowers <- read.csv(FLOWERS)
partitions <- read.csv(PARTITIONS)
stopifnot(setequal(flowers$row, partitions$row))
flowers <- merge(flowers, partitions, by = "row")
x <- as.matrix(flowers[FEATURES])
y <- match(flowers$species, SPECIES) - 1L
stopifnot(!anyNA(y))
is_test <- flowers$partition == "test"
flowers$validation <- as.integer(flowers$partition == "val")
table(flowers$partition, flowers$species)

# ---- stratify ----
set.seed(SEED)
drawn <- split(seq_len(nrow(flowers)), flowers$species) |>
  lapply(\(rows) sample(rows, round(0.2 * length(rows)))) |>
  unlist()
table(flowers$species[drawn])

# ---- network ----
build <- function(inputs, units, classes) {
  keras_model_sequential(input_shape = inputs) |>
    layer_dense(units, activation = "relu") |>
    layer_dense(classes, activation = "softmax")
}

compiled <- function(...) {
  starts <- list()
  for (seed in c(SEED, 100 * SEED + 1:10)) {
    set_random_seed(seed)
    starts[[paste(seed)]] <- get_weights(build(...))
  }
  model <- build(...)
  model |> compile(optimizer = optimizer_sgd(LEARNING_RATE),
                   loss = "sparse_categorical_crossentropy",
                   steps_per_execution = as.integer(EPOCHS))
  list(model = model, starts = starts)
}

train <- function(network, seed, x, y, learn) {
  model <- network$model
  scaler <- layer_normalization() |> adapt(x[learn, ])
  model |> set_weights(network$starts[[paste(seed)]])
  rows <- rep(which(learn), EPOCHS)
  model |> fit(scaler(x[rows, ]), y[rows], shuffle = FALSE,
               batch_size = sum(learn), verbose = 0)
  \(x) max.col(as.array(model(scaler(x))), "first") - 1L
}

score <- function(network, seed, x, y, learn, ask) {
  predict <- train(network, seed, x, y, learn)
  mean(predict(x[ask, ]) == y[ask])
}

# ---- choose ----
networks <- lapply(UNITS, \(n) compiled(length(FEATURES), n, 3))
names(networks) <- UNITS
spread <- data.frame()
for (units in names(networks)) {
  for (way in WAYS) {
    fold <- flowers[[way]]
    own <- sapply(seq_len(max(fold)), \(i) {
      score(networks[[units]], 100 * SEED + i, x, y,
            !is_test & fold != i, fold == i)
    })
    spread <- rbind(spread, data.frame(units, way, own))
  }
}
spread$units <- factor(spread$units, UNITS)
spread$way <- factor(spread$way, WAYS)
means <- tapply(spread$own, spread[c("units", "way")], mean)
round(means, 3)

# ---- spread ----
ggplot(subset(spread, way != "validation"), aes(way, own)) +
  stat_summary(fun = mean, geom = "point", shape = "-",
               size = 20) +
  geom_count(aes(colour = way), alpha = 0.6,
             show.legend = FALSE) +
  facet_wrap(~ units, labeller = label_both) +
  labs(x = NULL, y = "accuracy of a fold")

# ---- final ----
# A tie goes to the first, which is the smaller network.
chosen <- names(which.max(round(means[, "fold_10"], 3)))
final <- train(networks[[chosen]], SEED, x, y, !is_test)
cat(chosen, "units, trained on", sum(!is_test), "flowers\n")

# ---- leaks ----
patients <- read.csv(PATIENTS) |> subset(partition == "rest")
genes <- as.matrix(patients[grepl("^gene_", names(patients))])
ill <- patients$ill
places <- unique(patients[c("patient", "fold_patients")])
stopifnot(!anyDuplicated(places$patient))
guesser <- compiled(GENES, 10, 2)

guess <- function(by, leak) {
  fold <- patients[[by]]
  mean(sapply(seq_len(max(fold)), \(i) {
    seen <- fold != i | leak
    r <- drop(cor(genes[seen, ], ill[seen]))
    best <- sort(order(-abs(r))[seq_len(GENES)])
    score(guesser, 100 * SEED + i, genes[, best], ill,
          fold != i, fold == i)
  }))
}

leaks <- c(honest = guess("fold_patients", leak = FALSE),
           rows = guess("fold_rows", leak = FALSE),
           genes = guess("fold_patients", leak = TRUE))
print(round(leaks, 3))

# ---- test ----
correct <- sum(final(x[is_test, ]) == y[is_test])
interval <- prop.test(
  correct, sum(is_test), correct = FALSE
)$conf.int
cat(sprintf("95 %% interval %.4f to %.4f\n",
            interval[1], interval[2]))

label <- outer(UNITS, WAYS, paste, sep = "_units_")
results <- as.list(c(t(means)))
names(results) <- paste0("val_accuracy_", t(label))
names(leaks) <- paste0("val_accuracy_", names(leaks))
results <- c(results, leaks)
results$test_accuracy <- correct / sum(is_test)
str(results)
