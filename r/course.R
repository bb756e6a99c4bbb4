# The course's commands from R: run a twin, compare twins, see where a changed
# twin now stands. The twins themselves do not need this file.
#
#   source("r/course.R")
#   check_twin("01")

#' Run a twin, compare twins, or see where a changed twin now stands
#'
#' The same as the commands `deeptwins run`, `verify` and `check`.
#'
#' @param ... Exercises, as "01_first_network" or "04", and options of the command,
#'   as "--set EPOCHS=30" of run and "--final" of check.
#' @param exercise One exercise.
#' @return The command's exit status, invisibly: 0 where all is well.
run_twin <- function(...) deeptwins("run", ..., "--lang", "r")

#' @rdname run_twin
verify_twins <- function(...) deeptwins("verify", ...)

#' @rdname run_twin
check_twin <- function(exercise, ...) {
  deeptwins("check", exercise, ..., "--lang", "r")
}

#' Call the course's command line with the course's Python
#' @noRd
deeptwins <- function(...) {
  python <- Sys.getenv("RETICULATE_PYTHON")
  if (!file.exists(python)) {
    stop("The course's Python is missing: source(\"r/setup.R\") makes it.")
  }
  words <- unlist(strsplit(c(...), " ", fixed = TRUE))
  invisible(system2(python, c("-m", "deeptwins", shQuote(words))))
}
