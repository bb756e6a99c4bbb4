# Search: many small trainings, shared out among workers.

library(keras3)
library(ggplot2)
has_future <- requireNamespace("future", quietly = TRUE)

# ---- constants ----
SEED <- 1
FEATURES <- c(
  "radius", "texture", "perimeter", "area", "smoothness",
  "compactness", "concavity", "concave_points", "symmetry",
  "fractal_dimension"
)
CONFIGURATIONS <- 6
FOLDS <- 5
BATCH_SIZE <- 32
EPOCHS <- 12
C <- 1.0
SMALLEST <- 1e-7
WORKERS <- 2
TRIES <- 3

# ---- load ----
tumours <- merge(
  read.csv(file.path(data_dir("nuclei"), "nuclei.csv")),
  read.csv(file.path(data_dir("search"), "folds.csv"))
)
x <- as.matrix(tumours[FEATURES])
y <- as.matrix(as.numeric(tumours$diagnosis == "malignant"))
fold <- tumours$fold
cat("tumours for the search:", sum(fold > 0),
    "for the test:", sum(fold == 0), "\n")

# ---- draw ----
configurations <- head(
  read.csv(file.path(data_dir("search"), "configurations.csv")),
  CONFIGURATIONS
)
tasks <- list()
for (number in configurations$configuration) {
  for (one in seq_len(FOLDS)) {
    task <- list(configuration = number, fold = one)
    tasks <- c(tasks, list(task))
  }
}
print(configurations, row.names = FALSE)
cat(length(tasks), "tasks\n")

# ---- task ----
# Others draw from a worker's random numbers, too: each layer
# gets a seed of its own.
drawn <- function(seed) initializer_glorot_uniform(seed = seed)

# Train one network on some of the tumours.
train <- function(configuration, learn) {
  chosen <- configurations[configuration, ]
  clear_session(free_memory = FALSE)
  set_random_seed(SEED)
  scaler <- layer_normalization()
  scaler |> adapt(x[learn, ])
  model <- keras_model_sequential(
    input_shape = length(FEATURES)
  ) |>
    layer_dense(chosen$units, activation = "relu",
                kernel_initializer = drawn(SEED)) |>
    layer_dropout(chosen$dropout, seed = SEED) |>
    layer_dense(1, activation = "sigmoid",
                kernel_initializer = drawn(SEED + 1L))
  model |> compile(
    optimizer = optimizer_adam(chosen$learning_rate),
    loss = "binary_crossentropy"
  )
  start <- get_weights(model)
  history <- model |> fit(
    scaler(x[learn, ]), y[learn, , drop = FALSE],
    batch_size = BATCH_SIZE,
    epochs = EPOCHS, verbose = 0
  )
  list(scaler = scaler, model = model, start = start,
       history = history)
}

cross_entropy <- function(p, y) {
  p <- pmin(pmax(p, SMALLEST), 1 - SMALLEST)
  mean(-log(ifelse(y == 1, p, 1 - p)))
}

# Train without one fold, and ask about that fold.
score_fold <- function(task) {
  ask <- fold == task$fold
  trained <- train(task$configuration, fold > 0 & !ask)
  p <- as.array(trained$model(trained$scaler(x[ask, ])))
  bytes <- get_weights(trained$model) |>
    lapply(\(one) if (is.matrix(one)) t(one) else one) |>
    unlist() |>
    writeBin(raw(), size = 4)
  list(
    loss = cross_entropy(p, y[ask, ]),
    history = trained$history$metrics$loss,
    weights = digest::digest(bytes, "sha256",
                             serialize = FALSE)
  )
}

# ---- keep ----
folder <- "14_search-tasks"
dir.create(folder, showWarnings = FALSE)
# What a worker is sent is all that a result can depend on, so
# it is part of the name of the result's file.
sent <- mget(c(
  "SEED", "FEATURES", "BATCH_SIZE", "EPOCHS", "SMALLEST", "x",
  "y", "fold", "configurations", "drawn", "train",
  "cross_entropy", "score_fold"
))
defined <- digest::digest(list(
  rapply(sent, deparse, "function", how = "replace"),
  import("keras")$`__version__`
), "sha256")

file_of <- function(task) {
  key <- digest::digest(list(task, defined), "sha256")
  file.path(folder, paste0(key, ".rds"))
}

# Write a file whole or not at all.
keep <- function(task, result) {
  part <- sub("rds$", "part", file_of(task))
  saveRDS(result, part)
  file.rename(part, file_of(task))
}

# ---- workers ----
# One thread for each worker: they share the processor.
if (!nzchar(Sys.getenv("TF_NUM_INTRAOP_THREADS"))) {
  Sys.setenv(TF_NUM_INTRAOP_THREADS = "1")
}
where <- Sys.getenv("DEEPTWINS_CLUSTER", "local")
if (!has_future) {
  where <- "here"
  cat("future is not installed (install.packages(\"future\")):",
      "the tasks run one after another.\n")
}

start_workers <- function() {
  if (where == "slurm") {
    options(future.cache.path = folder)
    # batchtools asks SLURM for the jobs of this name.
    Sys.setenv(USER = Sys.info()[["user"]])
    future::plan(
      future.batchtools::batchtools_slurm, workers = WORKERS,
      resources = list(ntasks = 1, mem = "2G")
    )
  } else {
    future::plan("sequential") # ends those of before
    future::plan("multisession", workers = WORKERS)
  }
}

label <- function(task) {
  sprintf("configuration %d, fold %d", task$configuration,
          task$fold)
}

give <- function(task) {
  future <- tryCatch(
    future::future(
      {
        if (!exists("layer_dense")) library(keras3)
library(ggplot2)
        score_fold(task)
      },
      globals = c(sent, list(task = task)), seed = NULL
    ),
    error = identity
  )
  list(task = task, future = future)
}

# The result or the error of a task; NULL while it runs.
look <- function(future) {
  if (inherits(future, "error")) return(future)
  tryCatch(
    if (future::resolved(future)) future::value(future),
    error = identity
  )
}

# Call `ended` with each task and its result, in any order.
run <- function(tasks, ended) {
  start_workers()
  on.exit(future::plan("sequential"))
  running <- list()
  lost <- character()
  while (length(tasks) + length(running)) {
    given <- head(tasks, WORKERS - length(running))
    tasks <- tail(tasks, length(tasks) - length(given))
    running <- c(running, lapply(given, give))
    found <- lapply(running, \(one) look(one$future))
    ready <- !sapply(found, is.null)
    died <- sapply(found, inherits, "FutureError")
    for (place in which(ready)) {
      task <- running[[place]]$task
      if (died[place]) lost <- c(lost, label(task))
      if (died[place] && sum(lost == label(task)) <= TRIES) {
        cat("a worker was lost, its task is tried again:",
            label(task), "\n")
        tasks <- c(list(task), tasks)
      } else {
        ended(task, found[[place]])
      }
    }
    running <- running[!ready]
    if (any(died) && where == "local") {
      # New workers come as a set: the others begin again.
      tasks <- c(lapply(running, \(one) one$task), tasks)
      running <- list()
      start_workers()
    }
    Sys.sleep(0.02)
  }
}

# ---- search ----
left <- Filter(\(task) !file.exists(file_of(task)), tasks)
if (length(left) < length(tasks)) {
  cat(length(tasks) - length(left), "tasks were done before.\n")
}
failed <- 0
ended <- function(task, result) {
  if (inherits(result, "error")) {
    failed <<- failed + 1
    cat(label(task), "failed:", conditionMessage(result), "\n")
  } else {
    keep(task, result)
  }
}

if (where == "here") {
  for (task in left) {
    ended(task, tryCatch(score_fold(task), error = identity))
  }
} else if (length(left)) {
  run(left, ended)
}
if (failed) {
  stop(failed, " tasks failed; the others are kept in ", folder,
       " for the next start.")
}
found <- lapply(tasks, \(task) readRDS(file_of(task)))

# ---- choose ----
loss <- sapply(found, \(one) one$loss)
loss <- matrix(loss, CONFIGURATIONS, FOLDS, byrow = TRUE)
mean_loss <- rowMeans(loss)
best <- which.min(mean_loss)
# How much lower is each fold's own best than the best of all?
optimism <- mean(loss[best, ] - apply(loss, 2, min))
order_of <- order(mean_loss)
cbind(configurations, loss = round(mean_loss, 4))[order_of, ] |>
  print(row.names = FALSE)
cat(sprintf("the best: %.4f, probably %.4f too low\n",
            mean_loss[best], optimism))

# ---- scores ----
numbers <- configurations$configuration
data.frame(
  configuration = factor(rep(numbers, FOLDS),
                         numbers[order_of]),
  loss = c(loss)
) |>
  ggplot(aes(configuration, loss)) +
  geom_point(aes(colour = configuration), alpha = 0.5,
             size = 3) +
  stat_summary(fun = mean, geom = "point", shape = "\u2014",
               size = 10) +
  expand_limits(y = 0) +
  labs(x = "configuration, from the best to the worst",
       y = "cross-entropy of a fold") +
  guides(colour = "none")

# ---- refit ----
is_search <- fold > 0
is_test <- fold == 0
final <- train(best, is_search)
p <- as.array(final$model(final$scaler(x[is_test, ])))
test <- list(
  loss = cross_entropy(p, y[is_test, ]),
  accuracy = mean((p > 0.5) == y[is_test, ]),
  auc = as.numeric(pROC::auc(pROC::roc(
    y[is_test, ], c(p), levels = c(0, 1), direction = "<"
  )))
)
cat("configuration", numbers[best],
    "on all tumours of the search,\ntested once:\n")
str(lapply(test, round, 4))

# ---- baseline ----
z <- as.array(final$scaler(x))
logistic <- glmnet::glmnet(
  z[is_search, ], y[is_search, ], "binomial",
  alpha = 0, lambda = 1 / (C * sum(is_search)),
  standardize = FALSE, thresh = 1e-14
)
p_baseline <- logistic |>
  predict(z[is_test, ], type = "response")
loss_baseline <- cross_entropy(p_baseline, y[is_test, ]) |>
  round(6)
cat(sprintf("logistic regression: test loss %.4f\n",
            loss_baseline))

# ---- results ----
results <- c(test, list(
  loss_best = mean_loss[best], optimism = optimism,
  loss_mean = mean(mean_loss), loss_worst = max(mean_loss),
  loss_baseline = loss_baseline
))
print(round(unlist(results), 4))
# The search is over, and the record has its results.
unlink(sapply(tasks, file_of))
