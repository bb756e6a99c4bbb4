# A search as many jobs: of a cluster with SLURM, or of this machine.
#
# Rscript search_cluster.R local      train what is missing, here
# Rscript search_cluster.R submit     train what is missing, by SLURM
# Rscript search_cluster.R collect    show what has been found

TUMOURS <- "shared_data/nuclei/nuclei.csv"
FOLDS_OF <- "shared_data/search/folds.csv"
CONFIGURATIONS <- "shared_data/search/configurations.csv"
FOUND <- "search_found" # a folder that all nodes see
SEED <- 1
FOLDS <- 5
BATCH_SIZE <- 64
EPOCHS <- 15
TRIES <- 2
RESOURCES <- c("--time=00:10:00", "--mem=3G", "--cpus-per-task=1")

configurations <- read.csv(CONFIGURATIONS, row.names = "id")
script <- sub("--file=", "", grep("^--file=", commandArgs(),
                                  value = TRUE))
rscript <- file.path(R.home("bin"), "Rscript")
result <- \(name) file.path(FOUND, paste0(name, ".csv"))
give_up <- function(...) {
  message(...)
  quit(status = 1)
}

# Cross-validate one configuration, and keep its losses.
train <- function(name) {
  library(keras3) # takes seconds, and only a task needs it
  cat(name, ": process ", Sys.getpid(), "\n", sep = "")
  one <- configurations[name, ]
  rows <- merge(read.csv(TUMOURS), read.csv(FOLDS_OF))
  y <- as.integer(rows$diagnosis == "malignant")
  other <- c("row", "diagnosis", "fold")
  x <- as.matrix(rows[setdiff(names(rows), other)])
  losses <- sapply(1:FOLDS, \(left_out) {
    learn <- rows$fold > 0 & rows$fold != left_out
    ask <- rows$fold == left_out
    set_random_seed(SEED)
    scaler <- layer_normalization()
    scaler |> adapt(x[learn, ])
    model <- keras_model_sequential(layers = list(scaler)) |>
      layer_dense(one$units, "relu") |>
      layer_dropout(one$dropout) |>
      layer_dense(1, "sigmoid")
    model |> compile(optimizer_adam(one$learning_rate),
                     "binary_crossentropy")
    model |> fit(x[learn, ], y[learn], batch_size = BATCH_SIZE,
                 epochs = EPOCHS, verbose = 0)
    evaluate(model, x[ask, ], y[ask], verbose = 0)$loss
  })
  # Whole or not at all: a job may be killed while it writes.
  part <- file.path(FOUND, paste0(name, ".part"))
  write.csv(data.frame(fold = 1:FOLDS, loss = losses), part,
            row.names = FALSE)
  stopifnot(file.rename(part, result(name)))
}

# Return the configurations without a result.
missing_ones <- function() {
  dir.create(FOUND, showWarnings = FALSE)
  names <- rownames(configurations)
  done <- names[file.exists(result(names))]
  cat("there already:", done, "\n")
  setdiff(names, done)
}

# Train one configuration after the other, each in a process.
run_here <- function() {
  for (name in missing_ones()) {
    for (attempt in 1:TRIES) {
      cat(name, ": attempt ", attempt, "\n", sep = "")
      status <- system2(rscript, c(script, "train", name))
      if (status == 2) give_up("Stopped by Ctrl-C.")
      if (status == 0) break
    }
    if (status != 0) {
      give_up(name, " failed ", TRIES, " times. Its messages ",
              "stand above.")
    }
  }
}

# Give SLURM a job for each configuration without a result.
submit <- function() {
  if (Sys.which("sbatch") == "") {
    give_up("There is no sbatch here. Run this on the login node ",
            "of a cluster, or run: Rscript search_cluster.R local")
  }
  queue <- system2(
    "squeue", c("--me", "--noheader", "--format=%j"), stdout = TRUE)
  if (length(attr(queue, "status"))) give_up("squeue failed.")
  for (name in setdiff(missing_ones(), trimws(queue))) {
    status <- system2("sbatch", shQuote(c(
      paste0("--job-name=", name), "--requeue",
      paste0("--output=", FOUND, "/", name, ".log"), RESOURCES,
      paste0("--wrap=", rscript, " ", script, " train ", name))))
    if (status != 0) give_up("sbatch refused ", name)
  }
}

# Show mean and standard error of what has been found.
collect <- function() {
  lost <- missing_ones()
  names <- setdiff(rownames(configurations), lost)
  losses <- lapply(names, \(name) read.csv(result(name))$loss)
  table <- transform(
    configurations[names, ], loss = sapply(losses, mean),
    se = sapply(losses, sd) / sqrt(FOLDS))
  print(round(table[order(table$loss), ], 3))
  if (length(lost)) give_up("missing: ", paste(lost, collapse = " "))
}

tasks <- list(local = run_here, submit = submit, collect = collect,
              train = train)
arguments <- commandArgs(trailingOnly = TRUE)
if (!length(arguments) || is.null(tasks[[arguments[1]]])) {
  give_up(paste(readLines(script)[1:5], collapse = "\n"))
}
invisible(do.call(tasks[[arguments[1]]], as.list(arguments[-1])))
