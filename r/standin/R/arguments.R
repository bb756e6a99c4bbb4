# How R's values reach Python.

is_py <- function(x) inherits(x, "python.builtin.object")
as_list <- function(x) if (is.null(x) || is.list(x)) x else list(x)
words <- function(text) scan(text = text, what = "", quiet = TRUE)

#' Whole numbers as integers, for Python does not take 10.0 units
as_whole <- function(x) {
  if (is.list(x)) {
    x[] <- lapply(x, as_whole)
  } else if (is.double(x) && all(is.finite(x) & x == trunc(x))) {
    storage.mode(x) <- "integer"
  }
  x
}

#' Axes and the like: R counts from 1, Python from 0, both from -1 at the end
as_axis <- function(axis) {
  if (is.null(axis)) return(NULL)
  if (length(axis) > 1) return(lapply(axis, as_axis))
  if (axis == 0) stop("R counts from 1, and there is no 0 (it is 1 based).")
  as.integer(axis) - (axis > 0)
}

#' A shape as a tuple of integers; NA or NULL is a dimension left open
as_shape <- function(x, open = NULL) {
  if (is.null(x) || is_py(x)) return(x)
  do.call(tuple, lapply(x, function(n) {
    if (is_py(n)) n else if (is.null(n) || is.na(n)) open else as.integer(n)
  }))
}

#' An R array for NumPy, doubles in Keras' float type
as_float_array <- function(x) {
  if (is.null(x) || is_py(x)) return(x)
  np_array(x, if (is.double(x)) keras$config$floatx())
}

#' What Python can call in place of an R function
as_callable <- function(x, name = "anonymous_R_function") {
  if (!is.function(x) || is_py(x)) return(x)
  callable <- py_func(x)
  py_set_attr(callable, "__name__", name)
  callable
}

# How an argument reaches Python, by its name; others by as_whole().
RULES <- list(
  axis = as_axis, axes = as_axis, initial_epoch = as_axis,
  shape = as_shape, batch_shape = as_shape, input_shape = as_shape,
  output_shape = as_shape, noise_shape = as_shape,
  target_shape = \(x) as_shape(x, -1L), newshape = \(x) as_shape(x, -1L),
  data = as_float_array, targets = as_float_array,
  sequences = \(x) lapply(x, as.list),
  class_weight = \(x) if (length(x)) dict(as.list(x))
)

#' Let each argument reach Python by its rule; `as_is`: names of fractions
by_rule <- function(args, as_is = NULL) {
  unnamed <- length(args) > sum(nzchar(names(args)))
  if (unnamed) lacking("This call, with an argument that has no name,")
  for (name in names(args)) {
    rule <- RULES[[name]]
    if (is.null(rule)) rule <- if (name %in% as_is) identity else as_whole
    args[name] <- list(as_callable(rule(args[[name]])))
  }
  args
}

#' The arguments that the calling function was given, without defaults: Keras'
#' own hold. To be called as a statement of its own. What was piped in comes
#' last, as in keras3: a layer among the arguments takes its seed before that.
given <- function(without = character()) {
  frame <- parent.frame()
  fn <- sys.function(-1)
  call <- match.call(fn, sys.call(-1), expand.dots = FALSE, parent.frame(2))
  known <- setdiff(names(as.list(call))[-1], c("...", without))
  known <- c(setdiff(known, "object"), intersect(known, "object"))
  args <- mget(as.character(known), envir = frame)
  if ("..." %in% names(formals(fn))) c(args, evalq(list(...), frame)) else args
}

#' Refuse data on which Keras fails obscurely or, like keras3, not at all
checked <- function(x, name, takes_text = FALSE) {
  refuse <- function(...) stop("`", name, "` ", ..., call. = FALSE)
  if (is.data.frame(x)) {
    refuse("is a data frame, and Keras takes a matrix: give as.matrix(", name,
           "), of columns of numbers.")
  } else if (is.factor(x)) {
    refuse("is a factor, and Keras takes numbers: give as.integer(", name,
           ") - 1L, the classes counted from 0.")
  } else if (is.character(x) && !takes_text) {
    refuse("is text, and Keras takes numbers: leave columns of text out of ",
           "as.matrix(), or give as.integer(factor(", name, ")) - 1L.")
  } else if (anyNA(x)) {
    refuse("has missing values, with which Keras trains without an error (an ",
           "integer NA becomes -2147483648): fill them or leave them out, ",
           "which(is.na(", name, ")) says where they are.")
  }
  x
}
