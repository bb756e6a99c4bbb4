# The course's commands from R: run a twin, compare twins, see where a changed
# twin now stands. The twins themselves do not need this file.
#
#   source("r/course.R")
#   run_twin("01", UNITS = 20)
#   check_twin("01")

#' Run a twin, compare twins, or see where a changed twin now stands
#'
#' The same as the commands `deeptwins run`, `verify` and `check`.
#'
#' @param ... Exercises, as "01_first_network" or "04". For `run_twin()` also
#'   new values of the twin's constants by name, as `EPOCHS = 30`, and
#'   `data = "full"`.
#' @param exercise One exercise.
#' @param final Whether to show the test results too.
#' @return The command's exit status, invisibly: 0 where all is well.
run_twin <- function(...) {
  given <- list(...)
  named <- nzchar(names(given) %||% character(length(given)))
  options <- Map(function(name, value) {
    if (name == "data") return(c("--data", value))
    # The command reads Python's True, lists and quoted texts.
    if (is.logical(value)) value <- ifelse(value, "True", "False")
    if (length(value) > 1 && is.character(value)) {
      value <- encodeString(value, quote = "\"")
    }
    if (length(value) > 1) value <- paste0("[", toString(value), "]")
    c("--set", paste0(name, "=", value))
  }, names(given)[named], given[named])
  deeptwins("run", given[!named], options, "--lang", "r")
}

#' @rdname run_twin
verify_twins <- function(...) deeptwins("verify", ...)

#' @rdname run_twin
check_twin <- function(exercise, final = FALSE) {
  deeptwins("check", exercise, if (final) "--final", "--lang", "r")
}

`%||%` <- function(x, y) if (is.null(x)) y else x

#' Call the course's command line with the course's Python
#' @noRd
deeptwins <- function(...) {
  python <- Sys.getenv("RETICULATE_PYTHON")
  if (!file.exists(python)) {
    stop("The course's Python is missing: source(\"r/setup.R\") makes it.")
  }
  words <- unlist(list(...))
  invisible(system2(python, c("-m", "deeptwins", shQuote(words))))
}
