# Keras' R packages, each in a process of its own, beside Python itself.

# With its output sent through R, Python crashes where R itself runs inside
# Python, as it does under pytest.
Sys.unsetenv("RETICULATE_REMAP_OUTPUT_STREAMS")

#' The project's folder
project_root <- local({
  # Found once, before a test changes the working directory.
  root <- Sys.getenv("DEEPTWINS_ROOT", testthat::test_path("../.."))
  root <- normalizePath(root, mustWork = TRUE)
  function() root
})

# What such a process does. Python objects come back as what they were built
# with, in JSON, without the names that Keras numbers.
APART <- quote({
  job <- readRDS(commandArgs(trailingOnly = TRUE)[1])
  suppressPackageStartupMessages(library(keras3, lib.loc = job$library))
  python <- reticulate::py_run_string("
import json
import keras
import numpy as np
import tensorflow as tf

def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != 'name'}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float) and value == int(value):
        return int(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(type(value))

def facts(built):
    config = built.get_config() if hasattr(built, 'get_config') else {
        k: v for k, v in vars(built).items() if not k.startswith('_')
        and (v is None or isinstance(v, (bool, int, float, str)))}
    config = json.dumps(plain(config), sort_keys=True)
    return type(built).__name__ + ' ' + config

def run(code, given):
    names = dict(given, keras=keras, L=keras.layers, np=np, tf=tf)
    exec(code, names)
    return names['result']
")
  told <- function(value) {
    if (inherits(value, "python.builtin.object")) python$facts(value) else value
  }
  evaluate_here <- function(code) {
    frame <- list2env(job$given, parent = globalenv())
    tryCatch(told(eval(parse(text = code, keep.source = FALSE), frame)),
             error = conditionMessage)
  }
  saveRDS(list(
    r = lapply(job$r, evaluate_here),
    python = lapply(job$python, function(code) {
      told(python$run(code, job$given))
    })
  ), job$answer)
})

#' Evaluate R code with one keras3, and Python code, in a process of its own
#'
#' @param library The library in which keras3 is.
#' @param r,python Character vectors of code; the value of R code is its last,
#'   that of Python code is `result`.
#' @param given Named list of values that all code can use.
#' @return list(r, python) of their values; that of an error is its message.
evaluate_apart <- function(library, r, python = character(), given = list()) {
  files <- tempfile(c("code", "job", "answer"))
  on.exit(unlink(files))
  writeLines(deparse(APART), files[1])
  saveRDS(list(
    library = library, r = r, python = python, given = given,
    answer = files[3]
  ), files[2])
  before <- setwd(project_root())
  on.exit(setwd(before), add = TRUE)
  said <- suppressWarnings(system2(
    file.path(R.home("bin"), "Rscript"), shQuote(files[1:2]),
    stdout = TRUE, stderr = TRUE
  ))
  if (!file.exists(files[3])) stop(paste(said, collapse = "\n"))
  readRDS(files[3])
}

#' Libraries with a keras3: the stand-in, installed anew, and the real one
#'
#' @return Named list of paths: "standin", and "keras3" where that is installed.
implementations <- function() {
  dir.create(standin <- tempfile("library"))
  system2(file.path(R.home("bin"), "R"), c(
    "CMD", "INSTALL", "--no-docs", "--no-byte-compile", "--no-test-load",
    paste0("--library=", standin), file.path(project_root(), "r/standin")
  ), stdout = FALSE, stderr = FALSE)
  real <- Filter(function(library) {
    dir.exists(file.path(library, "keras3")) &&
      packageVersion("keras3", library) > "0.1"
  }, .libPaths())
  c(list(standin = standin), keras3 = as.list(head(real, 1)))
}

#' Those of the known functions that the course's files below a folder call
called_in <- function(folder, pattern, known) {
  files <- list.files(file.path(project_root(), folder), pattern,
                      recursive = TRUE, full.names = TRUE)
  # The tables of migration.yml name more than the course calls.
  files <- grep("r/standin/|migration[.]", files, invert = TRUE, value = TRUE)
  text <- sub("#.*", "", unlist(lapply(files, readLines, warn = FALSE)))
  own <- sub(" <- function.*", "", grep("<- function", text, value = TRUE))
  name <- "(?<![\\w.$:])[A-Za-z]\\w*(?=\\()"
  calls <- unlist(regmatches(text, gregexpr(name, text, perl = TRUE)))
  setdiff(intersect(calls, known), own)
}
