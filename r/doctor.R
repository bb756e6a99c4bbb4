# Say what R and its packages are, for `deeptwins doctor`: one line per fact,
# what it is, a tab, its value. It works in an R without any package.
#
# Usage: Rscript r/doctor.R PACKAGE...

local({
  show <- function(name, value) {
    cat(name, "\t", as.character(value), "\n", sep = "")
  }
  show("R", getRversion())
  for (name in commandArgs(TRUE)) {
    if (nzchar(system.file(package = name))) show(name, packageVersion(name))
  }
  # What RETICULATE_PYTHON names after .Rprofile is what reticulate uses;
  # discovery takes seconds.
  python <- Sys.getenv("RETICULATE_PYTHON")
  if (!nzchar(python)) {
    discover <- function() reticulate::py_discover_config()$python
    python <- tryCatch(discover(), error = function(e) "")
  }
  show("python", c(python, "")[[1]])
})
