# Partitions and folds: how to ask a model honestly.

source("r/course.R")

# ---- constants ----
SEED <- seed(1)
SPECIES <- c("setosa", "versicolor", "virginica")
FEATURES <- c(
  "sepal_length", "sepal_width", "petal_length", "petal_width"
)
FOLDS <- c(3, 5, 10)
UNITS <- 10
LEARNING_RATE <- 0.05
BATCH_SIZE <- 4
EPOCHS <- 6
TARGET <- list(accuracy_5_fold = 0.92)

# ---- load ----
folder <- data_dir("iris")
flowers <- read.csv(file.path(folder, "iris.csv"))
x <- as.matrix(flowers[FEATURES])
y <- match(flowers$species, SPECIES) - 1L
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
tuning <- draw(setdiff(all_rows, test), 0.25)
train <- setdiff(all_rows, c(test, tuning))
cat("train", length(train), "tuning", length(tuning),
    "test", length(test), "\n")
table(flowers$species[test])

# ---- shared ----
parts <- read.csv(file.path(folder, "partitions.csv"))
table(parts$partition, flowers$species)
is_test <- parts$partition == "test"
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

networks <- list()
model <- build(length(FEATURES))
start <- get_weights(model)

fit_and_score <- function(name, model, start, x, y, learn, ask) {
  model |> set_weights(start)
  history <- model |> fit(
    x[learn, ], y[learn],
    batch_size = BATCH_SIZE,
    epochs = EPOCHS, verbose = 0
  )
  networks[[name]] <<- list(model, start, history,
                            get_weights(model))
  probability <- model |> predict(x[ask, ], verbose = 0)
  predicted <- max.col(probability, "first") - 1L
  mean(predicted == y[ask])
}

# ---- folds ----
scores <- list()
for (k in FOLDS) {
  fold <- parts[[paste0("fold_", k)]]
  scores[[as.character(k)]] <- sapply(seq_len(k), \(i) {
    fit_and_score(paste("fold", i, "of", k), model, start,
                  x, y, is_rest & fold != i, fold == i)
  })
  cat(sprintf("%2d folds: mean %.3f, sd %.3f\n", k,
              mean(scores[[as.character(k)]]),
              sd(scores[[as.character(k)]])))
}

# ---- spread ----
stack(scores) |>
  ggplot(aes(ind, values)) +
  geom_point(aes(colour = ind), alpha = 0.5, size = 3) +
  stat_summary(fun = mean, geom = "point", shape = "\u2014",
               size = 10) +
  labs(x = "number of folds", y = "accuracy of a fold") +
  guides(colour = "none")
ggsave(result_file("01_partitions-spread.png"),
       width = 6, height = 3.6, dpi = 150, bg = "white")

# ---- final ----
final <- fit_and_score("final", model, start, x, y,
                       is_rest, is_test)
cat(sprintf("trained on %d flowers, tested on %d: %.3f\n",
            sum(is_rest), sum(is_test), final))

# ---- leak ----
noise <- read.csv(file.path(folder, "noise.csv"))
noise <- as.matrix(subset(noise, select = -row))
dice <- match(parts$shuffled_species, SPECIES) - 1L
guesser <- build(ncol(noise))
blank <- get_weights(guesser)
honest <- fit_and_score("honest", guesser, blank, noise, dice,
                        is_rest, is_test)
leaky <- fit_and_score("leaky", guesser, blank, noise, dice,
                       is_rest | is_test, is_test)
cat(sprintf("nothing to learn, test rows kept out: %.3f\n",
            honest))
cat(sprintf("nothing to learn, test rows leaked:   %.3f\n",
            leaky))

# ---- report ----
metrics <- list(accuracy_final = final,
                accuracy_honest = honest, accuracy_leaky = leaky)
for (k in FOLDS) {
  of_k <- scores[[as.character(k)]]
  metrics[[paste0("accuracy_", k, "_fold")]] <- mean(of_k)
  metrics[[paste0("sd_", k, "_fold")]] <- sd(of_k)
}
report(
  "01_partitions",
  data = list(
    x = x, y = y, is_test = is_test,
    fold = as.matrix(parts[paste0("fold_", FOLDS)]),
    noise = noise, dice = dice
  ),
  networks = networks,
  metrics = metrics
)
