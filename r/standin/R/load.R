# What the package offers, and how it says what it is.

#' Stop where keras3 would go on
lacking <- function(what) {
  stop(what, " is part of keras3, not of the course's stand-in for it: get ",
       "keras3 by install.packages(\"keras3\"), then restart R.", call. = FALSE)
}

before_keras <- list(
  on_load = function() { # NumPy 2 has another ABI
    numpy <- import("importlib.metadata")$version("numpy")
    mine <- utils::packageVersion("reticulate")
    if (mine < "1.38" && package_version(numpy) >= "2") {
      stop("reticulate ", mine, " does not speak to NumPy ", numpy, ", which ",
           py_exe(), " has: see .venv/bin/deeptwins doctor", call. = FALSE)
    }
  },
  on_error = \(e) stop(conditionMessage(e), ": see .venv/bin/deeptwins doctor")
)

#' Give the package what names.dcf tells: the names of keras3 by their prefix,
#' after the module in which they are in Python. Those with a star or a path are
#' made when first touched; the rest says how to get keras3.
.onLoad <- function(libname, pkgname) {
  home <- topenv()
  assign("keras", import("keras", delay_load = before_keras), home)
  Sys.setenv(TF_CPP_MIN_LOG_LEVEL = Sys.getenv("TF_CPP_MIN_LOG_LEVEL", "2"))
  here <- c(names(home), names(parent.env(home)))
  provide <- function(name, mark, family, module) {
    unknown <- function(...) lacking(paste0(name, "()"))
    if (mark == "") return(assign(name, unknown, home))
    path <- if (mark != "*") substring(mark, 2)
    delayedAssign(name, make(name, family, module, path), assign.env = home)
  }
  table <- read.dcf(file.path(libname, pkgname, "names.dcf"))[1, ]
  for (family in names(table)) {
    entries <- words(table[[family]])
    marks <- sub("^[^*=]*", "", entries[-1])
    prefix <- if (family == "other") "" else paste0(family, "_")
    names <- paste0(prefix, sub("(\\*|=.*)$", "", entries[-1]))
    new <- !names %in% here
    Map(provide, names[new], marks[new], family, entries[[1]])
    namespaceExport(home, names)
  }
  for (name in names(tensor_methods)) {
    for (class in c(TENSOR, if (name %in% c("Ops", "Math")) SYMBOLIC)) {
      registerS3method(name, class, tensor_methods[[name]], home)
    }
  }
}

.onAttach <- function(libname, pkgname) {
  packageStartupMessage("This keras3 is the course's stand-in, not the real ",
                        "one, which install.packages(\"keras3\") gets.")
}
