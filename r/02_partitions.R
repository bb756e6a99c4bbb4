# Partitions and folds: how to ask a model honestly.

library(keras3)
library(ggplot2)

# ---- constants ----
FLOWERS <- "shared_data/iris/iris.csv"
PARTITIONS <- "shared_data/iris/partitions.csv"
NOISE <- "shared_data/iris/noise.csv"
SEED <- 1
SPECIES <- c("setosa", "versicolor", "virginica")
FEATURES <- c(
  "sepal_length", "sepal_width", "petal_length", "petal_width"
)
FOLDS <- c(3, 5, 10)
UNITS <- 10
LEARNING_RATE <- 0.05
BATCH_SIZE <- 4
EPOCHS <- 6

# ---- load ----
flowers <- read.csv(FLOWERS)
table(flowers$species)

# ---- partition ----
set.seed(SEED)
draw <- function(rows, share) {
  rows |>
    split(flowers$species[rows]) |>
    lapply(\(of_one) sample(of_one, share * length(of_one))) |>
    unlist(use.names = FALSE)
}
all_rows <- seq_len(nrow(flowers))
test <- draw(all_rows, 0.2)
val <- draw(setdiff(all_rows, test), 0.25)
train <- setdiff(all_rows, c(test, val))
cat("train", length(train), "validation", length(val),
    "test", length(test), "\n")
table(flowers$species[test])

# ---- shared ----
flowers <- merge(flowers, read.csv(PARTITIONS), by = "row")
table(flowers$partition, flowers$species)
x <- as.matrix(flowers[FEATURES])
y <- match(flowers$species, SPECIES) - 1L
is_test <- flowers$partition == "test"
is_rest <- !is_test

# ---- network ----
build <- function(inputs) {
  set_random_seed(SEED)
  model <- keras_model_sequential(input_shape = inputs) |>
    layer_dense(UNITS, activation = "relu") |>
    layer_dense(3, activation = "softmax")
  model |> compile(
    optimizer = optimizer_sgd(LEARNING_RATE),
    loss = "sparse_categorical_crossentropy"
  )
  model
}

fit_and_score <- function(model, weights, x, y, learn, ask) {
  model |> set_weights(weights)
  model |> fit(x[learn, ], y[learn], batch_size = BATCH_SIZE,
               epochs = EPOCHS, verbose = 0)
  y_prob <- model |> predict(x[ask, ], verbose = 0)
  mean(max.col(y_prob, "first") - 1L == y[ask])
}

model <- build(length(FEATURES))
weights <- get_weights(model)

# ---- folds ----
scores <- list()
for (k in FOLDS) {
  fold <- flowers[[paste0("fold_", k)]]
  of_k <- sapply(seq_len(k), \(i) {
    fit_and_score(model, weights, x, y,
                  is_rest & fold != i, fold == i)
  })
  scores[[as.character(k)]] <- of_k
  cat(sprintf("%2d folds: mean %.3f, sd %.3f\n", k,
              mean(of_k), sd(of_k)))
}

# ---- spread ----
stack(scores) |>
  ggplot(aes(ind, values)) +
  geom_point(aes(colour = ind), alpha = 0.5, size = 3) +
  stat_summary(fun = mean, geom = "point", shape = "-",
               size = 20) +
  labs(x = "number of folds", y = "accuracy of a fold") +
  guides(colour = "none")

# ---- final ----
final <- fit_and_score(model, weights, x, y, is_rest, is_test)
cat(sprintf("trained on %d flowers, tested on %d: %.3f\n",
            sum(is_rest), sum(is_test), final))

# ---- leak ----
noise <- merge(flowers["row"], read.csv(NOISE), by = "row")
x_noise <- as.matrix(subset(noise, select = -row))
y_noise <- match(flowers$shuffled_species, SPECIES) - 1L
guesser <- build(ncol(x_noise))
weights <- get_weights(guesser)
honest <- fit_and_score(guesser, weights, x_noise, y_noise,
                        is_rest, is_test)
leaky <- fit_and_score(guesser, weights, x_noise, y_noise,
                       is_rest | is_test, is_test)
cat(sprintf("nothing to learn, test rows kept out: %.3f\n",
            honest))
cat(sprintf("nothing to learn, test rows leaked:   %.3f\n",
            leaky))

# ---- results ----
results <- list(accuracy_final = final,
                accuracy_honest = honest, accuracy_leaky = leaky)
for (k in as.character(FOLDS)) {
  results[[paste0("accuracy_", k, "_fold")]] <- mean(scores[[k]])
  results[[paste0("sd_", k, "_fold")]] <- sd(scores[[k]])
}
print(round(unlist(results), 3))
