# Training, and what comes back from it.

compile <- function(object, ...) UseMethod("compile")
fit <- function(object, ...) UseMethod("fit")
evaluate <- function(object, ...) UseMethod("evaluate")

compile_model <- function(object, optimizer = "rmsprop", loss = NULL,
                          metrics = NULL, ...) {
  args <- given(without = "object")
  args$loss <- as_callable(loss, "custom_loss")
  metrics <- lapply(c(metrics), as_callable, "custom_metric")
  args$metrics <- if (length(metrics)) metrics
  do.call(object$compile, by_rule(args))
  invisible(object)
}

#' The arguments of a training function, its data checked: R's doubles become
#' the float32 in which the model computes; integers stay
training_args <- function(model, args) {
  inputs <- tryCatch(vapply(model$inputs, \(one) one$dtype, ""),
                     error = function(condition) NULL)
  as_input <- function(x, name) {
    if (is.null(x) || is_py(x)) return(x)
    if (is.function(x)) lacking("A function as data")
    if (is.list(x) && !is.data.frame(x)) {
      x[] <- Map(as_input, x, paste0(name, "[[", seq_along(x), "]]"))
      return(x)
    }
    is_x <- grepl("^x|^validation_data\\[\\[1", name)
    texts <- "string" %in% inputs || is.null(inputs) && NCOL(x) == 1
    x <- checked(x, name, takes_text = is_x && texts)
    np_array(x, if (is.double(x)) model$input_dtype)
  }
  data <- intersect(names(args), words("x y sample_weight validation_data"))
  args[data] <- Map(as_input, args[data], data)
  if (is.null(args$verbose)) args$verbose <- getOption("keras.verbose", "auto")
  by_rule(args)
}

fit_model <- function(object, x = NULL, y = NULL, ...) {
  args <- given(without = "object")
  args$view_metrics <- NULL
  history <- do.call(object$fit, training_args(object, args))
  history <- list(params = history$params, metrics = history$history)
  invisible(structure(history, class = "keras_training_history"))
}

evaluate_model <- function(object, x, y = NULL, ...) {
  args <- given(without = "object")
  do.call(object$evaluate, c(training_args(object, args), return_dict = TRUE))
}

predict_model <- function(object, x, ...) {
  args <- given(without = "object")
  do.call(object$predict, training_args(object, args))
}

history_frame <- function(x, ...) {
  names <- names(x$metrics)
  epochs <- x$params$epochs
  measured <- sub("^val_", "", names)
  sets <- ifelse(startsWith(names, "val_"), "validation", "training")
  data.frame(
    epoch = rep(seq_len(epochs), length(names)),
    value = unlist(lapply(x$metrics, `length<-`, epochs), use.names = FALSE),
    metric = factor(rep(measured, each = epochs), unique(measured)),
    data = factor(rep(sets, each = epochs), c("training", "validation"))
  )
}

print_history <- function(x, ...) {
  last <- vapply(x$metrics, function(values) values[[length(values)]], 0)
  values <- prettyNum(last, big.mark = ",", digits = 4, scientific = FALSE)
  names <- formatC(names(last), width = max(nchar(names(last))))
  cat("\nFinal epoch (plot to see history):\n")
  cat(paste0(names, ": ", values, collapse = "\n"), "\n")
}

plot_history <- function(x, y, ..., smooth = TRUE) {
  curve <- as.data.frame(x)
  .data <- ggplot2::.data
  ggplot2::ggplot(curve, ggplot2::aes(.data$epoch, .data$value)) +
    (if ("validation" %in% curve$data) {
      ggplot2::aes(colour = .data$data, fill = .data$data)
    }) +
    ggplot2::geom_point(shape = 21, colour = 1, na.rm = TRUE) +
    (if (smooth && x$params$epochs >= 10) {
      ggplot2::geom_smooth(formula = y ~ x, method = "loess", se = FALSE)
    }) +
    ggplot2::facet_grid(metric ~ ., switch = "y", scales = "free_y") +
    ggplot2::scale_x_continuous(breaks = \(x) pretty(x)[pretty(x) %% 1 == 0]) +
    ggplot2::theme(
      axis.title.y = ggplot2::element_blank(), strip.placement = "outside",
      strip.text = ggplot2::element_text(colour = "black", size = 11),
      strip.background = ggplot2::element_rect(fill = NA, colour = NA)
    )
}
