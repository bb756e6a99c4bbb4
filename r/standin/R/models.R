# Models: how they are made, shown, looked into and kept.

keras_model_sequential <- function(input_shape = NULL, name = NULL, ...,
                                   layers = list()) {
  args <- given()
  for_input <- !names(args) %in% c("layers", "name", "trainable")
  input <- by_rule(args[for_input])
  names(input) <- sub("^input_", "", names(input))
  args <- args[!for_input]
  first <- if (length(input)) list(do.call(keras$layers$InputLayer, input))
  args$layers <- c(first, as_list(args$layers))
  do.call(keras$models$Sequential, args)
}

keras_model <- function(inputs = NULL, outputs = NULL, ...) {
  single <- \(x) if (is.list(x) && length(x) == 1) x[[1]] else x
  keras$models$Model(inputs = single(inputs), outputs = single(outputs), ...)
}

show_model <- function(object, ...) {
  text <- py_capture_output(object$summary(
    line_length = as.integer(min(getOption("width"), 180)),
    show_trainable = object$built && length(object$non_trainable_weights) > 0
  ))
  writeLines(gsub("\\n\\s*\\n", "\n", trimws(text)))
  invisible(object)
}

get_layer <- function(object, name = NULL, index = NULL) {
  object$get_layer(name = name, index = as_axis(index))
}

count_params <- function(object) object$count_params()
get_weights <- function(object) object$get_weights()
set_weights <- function(object, weights) {
  object$set_weights(weights)
  invisible(object)
}

freeze_weights <- function(object, from = NULL, to = NULL, which = NULL) {
  set_trainable(object, from, to, which, FALSE)
}

unfreeze_weights <- function(object, from = NULL, to = NULL, which = NULL) {
  set_trainable(object, from, to, which, TRUE)
}

#' Let layers learn, or not, that are chosen by their names or by positions
#' from 1 or, from the end, from -1; all others do the opposite
set_trainable <- function(object, from, to, which, trainable) {
  whole <- is.null(c(from, to, which))
  object$trainable <- trainable || !whole
  if (whole) return(invisible(object))
  layers <- object$layers
  position <- function(x) {
    if (is.character(x)) x <- match(x, vapply(layers, \(one) one$name, ""))
    x <- ifelse(x < 0, length(layers) + x + 1, x)
    if (all(x %in% seq_along(layers))) return(x)
    stop("The model has no such layer; summary() shows its layers.")
  }
  chosen <- if (is.null(which)) {
    seq(position(c(from, 1)[1]), position(c(to, -1)[1]))
  } else {
    position(which)
  }
  for (i in seq_along(layers)) {
    layers[[i]]$trainable <- (i %in% chosen) == trainable
  }
  invisible(object)
}

save_model <- function(model, filepath, overwrite = FALSE, ...) {
  if (!overwrite && file.exists(filepath)) {
    stop(filepath, " already exists (overwrite = TRUE replaces it).")
  }
  keras$saving$save_model(model, filepath, overwrite = overwrite, ...)
  invisible(model)
}

load_model <- function(model, ...) keras$saving$load_model(model, ...)
