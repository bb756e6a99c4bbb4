# What a twin calls besides Keras: its data, its seed, its files, its report.
#
# python/deeptwins/course.py has the same functions, written
# independently, so that the agreement of two records says something about
# both. Source this file from the project's folder:
#
#   source("r/course.R")

if (!file.exists("r/course.R")) {
  stop(
    "R's working directory is ", getwd(), ", not the course's folder. ",
    "Open deeptwins.Rproj, or call setwd() with that folder first."
  )
}

# R may have started in another folder, where it did not read this file.
if (is.null(getOption("deeptwins.profile"))) source(".Rprofile")

# What R lacks is named before anything stumbles over it. This file itself
# needs the first four; without another, what does not need it still runs.
local({
  needed <- c("digest", "ggplot2", "jsonlite", "reticulate")
  named <- c(needed, "future", "glmnet", "png", "pROC", "Rtsne", "uwot")
  lacks <- named[!nzchar(vapply(named, \(one) system.file(package = one), ""))]
  if (length(lacks)) {
    text <- paste0(
      "R lacks ", toString(lacks), ". Install with: Rscript r/setup.R"
    )
    if (any(needed %in% lacks)) stop(text, call. = FALSE)
    message(text)
  }
})

suppressPackageStartupMessages(library(keras3))
tf <- reticulate::import("tensorflow", delay_load = TRUE)

source("r/readers.R")

suppressPackageStartupMessages(library(ggplot2))
theme_set(theme_minimal(base_size = 10))
options(
  ggplot2.discrete.colour = c(
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
  ),
  ggplot2.discrete.fill = c(
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
  ),
  ggplot2.continuous.colour = "viridis",
  ggplot2.continuous.fill = "viridis"
)

# State of this file: when the twin began, which data set it opened.
.course <- new.env()
.course$start <- proc.time()[["elapsed"]]
.course$opened <- character()

#' The seed of this run
#'
#' @param default The twin's own seed, an integer.
#' @return `default`, unless `deeptwins run --seed` gave another.
seed <- function(default) {
  as.integer(env_or("DEEPTWINS_SEED", default))
}

#' An environment variable, or a default where it is empty or not set
#' @noRd
env_or <- function(name, default) {
  value <- Sys.getenv(name)
  if (nzchar(value)) value else default
}

#' The folder of a data set that ships whole, once its files were compared
#'
#' @param name Name of the data set.
#' @return The folder's path. An error names a file that is missing or is not
#'   the one that the card describes, and a set without a full variant.
data_dir <- function(name) {
  if (variant() == "full") full_set(name) else mini_set(name)
  file.path("shared_data", name)
}

#' The file or folder in which the data of a set are
#'
#' `mini` lies in shared_data/ and agrees with its card; `full` lies in the
#' data home, under the name that the card gives.
#'
#' @param name Name of the data set.
#' @return The path. Errors as for data_dir(), and where the data home does not
#'   have the set.
data_file <- function(name) {
  if (variant() == "full") full_set(name) else mini_set(name)
}

#' Which data this run uses: "mini" or "full"
variant <- function() env_or("DEEPTWINS_VARIANT", "mini")

#' The card of a data set
#' @noRd
card_of <- function(name) {
  path <- file.path("shared_data", name, "card.json")
  remedy <- message_of("restore", name = name)
  if (!utils::file_test("-f", path)) {
    refuse("missing", path = path, remedy = remedy)
  }
  spoilt <- function(...) refuse("card", path = path, remedy = remedy)
  card <- tryCatch(
    {
      text <- readLines(path, warn = FALSE, encoding = "UTF-8")
      if (!all(validUTF8(text))) stop("not UTF-8")
      jsonlite::fromJSON(paste(text, collapse = "\n"), simplifyVector = FALSE)
    },
    error = spoilt, warning = spoilt
  )
  is_object <- function(one) {
    is.list(one) && (length(one) == 0 || length(names(one)) > 0)
  }
  has_digest <- function(one) is_object(one) && is.character(one[["sha256"]])
  fits <- is_object(card) && is_object(card[["files"]]) &&
    !is.null(card[["files"]]) &&
    all(vapply(card[["files"]], has_digest, logical(1)))
  if (!fits) spoilt()
  card
}

#' Compare a set of shared_data with its card and note that it was opened
#' @noRd
mini_set <- function(name) {
  card <- card_of(name)
  folder <- file.path("shared_data", name)
  remedy <- message_of("restore", name = name)
  digests <- vapply(names(card$files), function(file) {
    path <- file.path(folder, file)
    if (!file.exists(path)) refuse("missing", path = path, remedy = remedy)
    digest <- digest_of(path)
    expected <- card$files[[file]]$sha256
    if (digest != expected) {
      refuse("digest",
        path = path, found = substr(digest, 1, 12),
        expected = substr(expected, 1, 12), remedy = remedy
      )
    }
    digest
  }, character(1))
  .course$opened[[name]] <- listing_digest(digests, names(digests))
  if (is.null(card$path)) folder else file.path(folder, card$path)
}

#' Find the original of a set in the data home and note that it was opened
#' @noRd
full_set <- function(name) {
  entry <- card_of(name)$full
  if (is.null(entry)) refuse("no_full", name = name)
  path <- file.path(data_home(), entry$path)
  if (!file.exists(path)) {
    remedy <- message_of("get", home = data_home(), get = entry$get)
    refuse("missing", path = path, remedy = remedy)
  }
  digest <- listing_digest(digest_of(path), entry$path)
  .course$opened[[entry$name]] <- digest
  path
}

#' SHA-256 of a file, or for a folder that of the lines of its files
#' @noRd
digest_of <- function(path) {
  if (!dir.exists(path)) return(digest::digest(path, "sha256", file = TRUE))
  below <- list.files(path, recursive = TRUE) # not the hidden ones
  below <- sort(below, method = "radix")
  digests <- vapply(file.path(path, below), \(one) digest_of(one), character(1))
  listing_digest(digests, below)
}

#' SHA-256 over lines `<sha256>  <file>`
#' @noRd
listing_digest <- function(digests, names) {
  # Without the condition, paste0() makes a line of nothing.
  lines <- if (length(names)) {
    paste0(digests, "  ", names, "\n", collapse = "")
  } else {
    ""
  }
  sha256(charToRaw(enc2utf8(lines)))
}

#' The folder of the full data sets
#' @noRd
data_home <- function() {
  given <- Sys.getenv("DEEPTWINS_DATA")
  if (nzchar(given)) return(given)
  cache <- Sys.getenv("XDG_CACHE_HOME")
  if (!nzchar(cache)) {
    # Under Windows, R's ~ is Documents, and Python's the folder above it.
    home <- Sys.getenv("USERPROFILE", path.expand("~"))
    if (home %in% c("", "~")) refuse("no_home")
    cache <- file.path(home, ".cache")
  }
  file.path(cache, "deeptwins")
}

#' The path for a file that an R twin leaves behind
#'
#' @param name File name, below results/r.
#' @return The path; its folder exists.
result_file <- function(name) {
  path <- file.path(env_or("DEEPTWINS_RESULTS", "results"), "r", name)
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  path
}

#' Write the record of this run to results/r/<exercise>.json
#'
#' The record also holds every constant in capitals that the calling script
#' defined, the versions and the settings; its schema is
#' python/deeptwins/record.schema.json.
#'
#' @param exercise The script's path below r/ without its ending.
#' @param data Named list of the numeric arrays that the twin worked on.
#' @param metrics Named list of results; NA or NULL where undefined.
#' @param independent Named list of results of algorithms that draw their own
#'   random numbers in each language (t-SNE, UMAP, k-means): held to the
#'   expected band alone.
#' @param networks Named list; each trained network as a list of the model,
#'   its weights before training as `get_weights()` gave them, what `fit()`
#'   returned, and fourth the weights after training if the model was used
#'   again since.
#' @return The record's path, invisibly.
report <- function(exercise, data, metrics, networks = list(),
                   independent = list()) {
  seconds <- proc.time()[["elapsed"]] - .course$start
  opened <- .course$opened
  if (length(opened) == 0) {
    stop(exercise, " opened no data set through data_dir() or data_file().")
  }
  networks <- lapply(networks, function(one) {
    if (length(one) == 3) c(one, list(get_weights(one[[1]]))) else one
  })
  caller <- parent.frame()
  constants <- mget(
    grep("^[A-Z][A-Z0-9_]*$", ls(caller), value = TRUE),
    envir = caller
  )
  record <- list(
    schema = 1L,
    id = exercise,
    language = "r",
    data = list(
      name = paste(names(opened), collapse = " + "),
      variant = variant(),
      digest = if (length(opened) == 1) {
        opened[[1]]
      } else {
        listing_digest(opened, names(opened))
      },
      arrays = as_object(lapply(data, function(values) {
        tensor(values, 8L, shape = dim(as.array(values)))
      }))
    ),
    seed = caller$SEED,
    constants = as_object(
      rapply(constants, \(one) exact(one), "numeric", how = "replace")
    ),
    networks = as_object(lapply(networks, \(one) network(one))),
    metrics = results(metrics),
    independent = results(independent),
    seconds = round(seconds, 3),
    settings = list(
      threads = as.integer(
        env_or("TF_NUM_INTRAOP_THREADS", parallel::detectCores())
      ),
      onednn = env_or("TF_ENABLE_ONEDNN_OPTS", "default"),
      deterministic = env_or("TF_DETERMINISTIC_OPS", "default")
    ),
    versions = versions(with_keras = length(networks) > 0),
    machine = paste(Sys.info()[["machine"]], Sys.info()[["sysname"]]),
    script = digest::digest(
      file.path("r", paste0(exercise, ".R")), "sha256",
      file = TRUE
    ),
    finished = format(Sys.time(), "%Y-%m-%dT%H:%M:%SZ", tz = "UTC")
  )
  path <- result_file(paste0(exercise, ".json"))
  if (length(networks)) {
    weights <- unlist(
      lapply(networks, \(one) lapply(c(one[[2]], one[[4]]), row_order)),
      use.names = FALSE
    )
    content <- writeBin(weights, raw(), size = 4L, endian = "little")
    replace_file(sub("json$", "f32", path), content)
  }
  text <- jsonlite::toJSON(
    record,
    auto_unbox = TRUE, null = "null", json_verbatim = TRUE, pretty = 1
  )
  replace_file(path, charToRaw(enc2utf8(paste0(text, "\n"))))
  invisible(path)
}

#' Write bytes to a file whole or not at all
#'
#' R says nothing where a disk is full, so that the size has to be looked at.
#' @noRd
replace_file <- function(path, content) {
  temporary <- tempfile(paste0(".", basename(path), "."), dirname(path))
  on.exit(unlink(temporary))
  writeBin(content, temporary)
  whole <- identical(file.size(temporary), as.numeric(length(content)))
  if (!whole || !file.rename(temporary, path)) {
    stop(path, " could not be written. Is the disk full?", call. = FALSE)
  }
}

#' A named list that is {} and not [] in JSON where it is empty
#' @noRd
as_object <- function(values) {
  if (length(values)) values else setNames(list(), character())
}

#' Results by name for the record; what is undefined as null
#' @noRd
results <- function(values) {
  as_object(lapply(values, function(value) {
    exact(if (is.null(value)) NA else as.numeric(value))
  }))
}

#' Numbers as JSON with all 17 digits; jsonlite stops at 15
#' @noRd
exact <- function(values, array = length(values) != 1) {
  numbers <- ifelse(is.na(values), "null", sprintf("%.17g", values))
  if (array) numbers <- paste0("[", paste(numbers, collapse = ", "), "]")
  structure(numbers, class = "json")
}

#' The values of an array as NumPy would store them: the last axis fastest
#' @noRd
row_order <- function(values) {
  if (length(dim(values)) > 1) values <- aperm(values)
  as.double(values)
}

#' Describe an array by its shape and the digest of its values in row order
#'
#' A weight without dim is a single number: its shape is [].
#' @noRd
tensor <- function(values, size, shape = dim(values)) {
  content <- writeBin(
    row_order(values), raw(),
    size = size, endian = "little"
  )
  list(shape = as.list(shape), digest = sha256(content))
}

#' SHA-256 of raw bytes
#' @noRd
sha256 <- function(content) {
  digest::digest(content, "sha256", serialize = FALSE)
}

#' Describe one trained Keras model for the record
#' @noRd
network <- function(trained) {
  model <- trained[[1]]
  list(
    parameters = as.integer(model$count_params()),
    architecture = model$to_json(),
    initial = lapply(trained[[2]], \(one) tensor(one, 4L)),
    final = lapply(trained[[4]], \(one) tensor(one, 4L)),
    history = lapply(trained[[3]]$metrics, \(one) exact(one, array = TRUE))
  )
}

#' Versions of R and of the packages that computed the results
#' @noRd
versions <- function(with_keras) {
  keras_from <- if (packageVersion("keras3") < "0.1") {
    "stand-in"
  } else {
    paste("keras3", packageVersion("keras3"))
  }
  found <- list(r = as.character(getRversion()), keras_from = keras_from)
  if (with_keras) {
    metadata <- reticulate::import("importlib.metadata")
    for (package in c("tensorflow", "keras", "numpy")) {
      found[[package]] <- metadata$version(package)
    }
    found$reticulate <- as.character(packageVersion("reticulate"))
  }
  found
}

#' Run a twin, compare twins, or see where a changed twin now stands
#'
#' The same as the commands `deeptwins run`, `verify` and `check`.
#'
#' @param ... Exercises, as "04_hello_iris" or "04".
#' @param exercise One exercise.
#' @return The command's exit status, invisibly: 0 where all is well.
run_twin <- function(...) deeptwins("run", ..., "--lang", "r")

#' @rdname run_twin
verify_twins <- function(...) deeptwins("verify", ...)

#' @rdname run_twin
check_twin <- function(exercise) {
  deeptwins("check", exercise, "--lang", "r")
}

#' Call the course's command line with the course's Python
#' @noRd
deeptwins <- function(...) {
  python <- Sys.getenv("RETICULATE_PYTHON")
  if (!file.exists(python)) {
    stop("The course's Python is missing: source(\"r/setup.R\") makes it.")
  }
  invisible(system2(python, c("-m", "deeptwins", shQuote(c(...)))))
}
