# Functions made from Keras' own signatures: layer_dense() is made from that of
# keras.layers.Dense when somebody first touches its name.

SEQUENTIAL <- "keras.src.models.sequential.Sequential"
MERGES <- "^layer_(add|average|concatenate|dot|maximum|multiply|subtract)$"

#' What Keras has at a dotted path
at <- function(path) Reduce(`[[`, strsplit(path, "[.]")[[1]], keras)
nothing <- function() formals(\(x) NULL)$x # of an argument without a default

#' The class, or function, in a Python module with the letters of a word
look_up <- function(module, word, is_class) {
  members <- import_builtins()$dir(at(module))
  letters <- gsub("_", "", tolower(members)) == gsub("_", "", word)
  found <- members[letters & grepl("^[[:upper:]]", members) == is_class]
  if (!length(found)) stop("Keras has no ", word, " among its ", module, ".")
  at(paste0(module, ".", found[1]))
}

#' The arguments of a Python class or function as R formals
signature_of <- function(callable) {
  parameters <- py_run_string("
def parameters(f):
    import inspect
    plain = (type(None), bool, int, float, str, list, tuple)
    return [(p.name, p.kind.name, p.default is not p.empty,
             p.default if isinstance(p.default, plain) else None)
            for p in inspect.signature(f).parameters.values()]
", local = TRUE)$parameters(callable)
  args <- lapply(parameters, function(p) {
    if (!p[[3]]) return(nothing())
    at_one <- p[[1]] == "axis" && is.integer(p[[4]]) && p[[4]] >= 0L
    if (at_one) p[[4]] + 1L else p[[4]]
  })
  names(args) <- vapply(parameters, function(p) {
    if (p[[2]] == "VAR_KEYWORD") "..." else p[[1]]
  }, "")
  args
}

#' Make a function of keras3, as layer_dense of the family layer, from what the
#' Python module has at the path or, without one, under the same letters
make <- function(name, family, module, path = NULL) {
  target <- if (is.null(path)) {
    is_class <- !family %in% c("activation", "op")
    look_up(module, substring(name, nchar(family) + 2), is_class)
  } else {
    at(path)
  }
  args <- signature_of(target)
  # In these a whole number may be a fraction, and stays one.
  as_is <- names(args)[family == "op" | vapply(args, is.double, NA) |
                         grepl("^rate$|scale$|factor$|stddev$", names(args))]
  body <- quote({
    args <- given()
    do.call(target, by_rule(args, as_is))
  })
  if (grepl(MERGES, name)) {
    args <- c(list(inputs = nothing(), "..." = nothing()), args)
    body <- quote({
      args <- given()
      into <- names(args) %in% c("", "inputs")
      layer <- do.call(target, by_rule(args[!into], as_is))
      into <- unlist(lapply(unname(args[into]), as_list), FALSE)
      if (length(into)) layer(into) else layer
    })
  } else if (name == "layer_multi_head_attention") {
    args <- c(list(inputs = nothing()), args)
    body <- quote({
      args <- given(without = "inputs")
      layer <- do.call(target, by_rule(args, as_is))
      if (missing(inputs)) layer else do.call(layer, as_list(inputs))
    })
  } else if (family == "layer") {
    args <- c(list(object = nothing()), args)
    body <- quote({
      args <- given()
      into <- args[["object"]]
      layer <- do.call(target, by_rule(args[names(args) != "object"], as_is))
      if (is.null(into)) layer else compose(into, layer)
    })
  } else if (family %in% c("loss", "metric")) {
    args <- c(list("..." = nothing()), args)
  }
  home <- list2env(list(target = target, as_is = as_is), parent = topenv())
  as.function(c(args[!duplicated(names(args))], body), envir = home)
}

#' Add a layer to a sequential model, or call it on what a layer returned
compose <- function(object, layer, ...) {
  if (!inherits(object, SEQUENTIAL)) return(layer(object, ...))
  object$add(layer)
  invisible(object)
}

callable_layer <- function(x) {
  force(x)
  function(object, ...) {
    if (missing(object)) x(...) else compose(object, x, ...)
  }
}
