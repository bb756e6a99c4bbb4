# The functions that a twin writes for itself, taken out of the script for a
# test. tests/helpers.py does the same for the Python twins.

#' Run the named sections of an R twin
#'
#' @param exercise The script's path below r/ without its ending.
#' @param names Names of sections; they run in the script's order.
#' @param ... Names that stand ready for them, in place of earlier sections.
#' @return Environment with all that they define.
twin_names <- function(exercise, names, ...) {
  script <- file.path(project_root(), "r", paste0(exercise, ".R"))
  lines <- readLines(script, encoding = "UTF-8")
  mark <- "^# ---- (.+?) -+$"
  is_mark <- grepl(mark, lines, perl = TRUE)
  found <- c("head", sub(mark, "\\1", lines[is_mark], perl = TRUE))
  if (!all(names %in% found)) {
    stop(exercise, " has no section ", setdiff(names, found)[1])
  }
  home <- list2env(list(...), parent = globalenv())
  wanted <- lines[found[cumsum(is_mark) + 1] %in% names]
  eval(parse(text = wanted, encoding = "UTF-8"), home)
  home
}
