# Keras as the course attaches it, beside the bridge and beside Python itself.

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

#' Attach Keras as a twin does, through r/course.R
attach_keras <- function() {
  before <- setwd(project_root())
  on.exit(setwd(before))
  suppressMessages(source("r/course.R", local = new.env()))
}

#' The environment of the bridge's functions, attached or not
bridge_env <- function() {
  if ("keras_bridge" %in% search()) {
    return(environment(get("fit", "keras_bridge")))
  }
  home <- new.env()
  source(file.path(project_root(), "r/keras_bridge.R"), local = home)
  home
}

#' Where to evaluate the same R code with each implementation there is
#'
#' @return Named list of environments: "bridge", and "keras3" where that is
#'   installed.
implementations <- function() {
  attach_keras()
  homes <- list(bridge = bridge_env())
  if (isNamespaceLoaded("keras3")) {
    tools <- new.env(parent = as.environment("package:keras3"))
    tools$tf <- tensorflow::tf
    homes <- c(homes, list(keras3 = tools))
  }
  homes
}

#' Evaluate R code, given as text, with one implementation
#'
#' @param home One of implementations().
#' @param code R code.
#' @param ... Named values that the code can use.
evaluate_with <- function(home, code, ...) {
  frame <- list2env(list(...), parent = home)
  eval(parse(text = code, keep.source = FALSE), frame)
}

#' Expect that R code has the same value with every implementation
#'
#' @param homes As implementations() gives them.
#' @param code,... As for evaluate_with().
#' @param expected The value.
expect_with_each <- function(homes, code, expected, ...) {
  for (name in names(homes)) {
    testthat::expect_identical(
      evaluate_with(homes[[name]], code, ...), expected,
      info = paste0(name, ": ", code)
    )
  }
}

#' Evaluate Python code in a module that has keras, np and what is given
#'
#' @param code Statements; the value of `result` at their end is returned.
#' @param ... Named values that the code can use.
python_result <- function(code, ...) {
  run <- reticulate::py_run_string("
def run(code, given):
    import json
    import keras
    import numpy as np
    import tensorflow as tf
    names = dict(given, json=json, keras=keras, np=np, tf=tf)
    exec(code, names)
    return names['result']
", local = TRUE)$run
  run(code, list(...))
}

#' What a Keras object was built with, as JSON: 10 and 10.0 differ
#'
#' Names that Keras numbers by itself are left out.
python_facts <- function(object) {
  python_result("
def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != 'name'}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(type(value))

config = object.get_config() if hasattr(object, 'get_config') else {
    k: v for k, v in vars(object).items()
    if v is None or isinstance(v, (bool, int, float, str))}
result = type(object).__name__ + ' ' + json.dumps(plain(config), sort_keys=True)
", object = object)
}
