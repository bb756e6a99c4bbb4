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
# with, in JSON, where 10 and 10.0 differ; names that Keras numbers are left out.
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
    names = dict(given, keras=keras, np=np, tf=tf)
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
