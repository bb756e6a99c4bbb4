# Data, seeds and tensors.

set_random_seed <- function(seed) {
  set.seed(seed)
  py_set_seed(as_whole(seed))
  keras$utils$set_random_seed(as_whole(seed))
}

to_categorical <- function(x, num_classes = NULL) {
  if (is.factor(x)) {
    return(to_categorical(as.integer(x) - 1L, c(num_classes, nlevels(x))[1]))
  }
  x <- as_whole(as.array(checked(x, "x")))
  keras$utils$to_categorical(x, as_whole(num_classes))
}

adapt <- function(object, data, ...) {
  if (!is_py(data)) checked(data, "data", takes_text = TRUE)
  object$adapt(as_float_array(data), ...)
  invisible(object)
}

get_vocabulary <- function(object, ...) object$get_vocabulary(...)
op_convert_to_array <- function(x) keras$ops$convert_to_numpy(x)

image_to_array <- function(img, ...) {
  py_to_r(import("keras.utils", convert = FALSE)$img_to_array(img, ...))
}

op_argmax <- function(x, axis = NULL, keepdims = FALSE, zero_indexed = FALSE) {
  keras$ops$argmax(x, as_axis(axis), keepdims) + !zero_indexed
}

op_convert_to_tensor <- function(x, dtype = NULL) {
  if (is.character(dtype) && grepl("int", dtype)) x <- as_whole(x)
  if (is.atomic(x) && length(x) > 1) x <- as.array(x)
  keras$ops$convert_to_tensor(x, dtype)
}

SYMBOLIC <- "keras.src.backend.common.keras_tensor.KerasTensor"
TENSOR <- "tensorflow.python.types.core.Tensor"
OPERATORS <- c(
  "+" = "add", "-" = "subtract", "*" = "multiply", "/" = "divide",
  "^" = "power", "==" = "equal", "<" = "less", ">" = "greater"
)

# R's own functions of tensors; the first two also of those without values.
tensor_methods <- list(
  Ops = function(e1, e2) {
    if (missing(e2)) return(keras$ops$negative(e1))
    if (.Generic == "^" && identical(e2, 2)) return(keras$ops$square(e1))
    # An R value beside a tensor is of the tensor's type.
    like <- function(x, tensor) {
      if (is_py(x) || inherits(tensor, SYMBOLIC)) return(x)
      dtype <- keras$backend$standardize_dtype(tensor$dtype)
      keras$ops$convert_to_tensor(if (length(x) > 1) as.array(x) else x, dtype)
    }
    keras$ops[[OPERATORS[[.Generic]]]](like(e1, e2), like(e2, e1))
  },
  Math = function(x, ...) keras$ops[[.Generic]](x),
  dim = function(x) as.integer(unlist(keras$ops$shape(x))),
  as.array = function(x, ...) op_convert_to_array(x),
  as.double = function(x, ...) as.double(op_convert_to_array(x)),
  as.integer = function(x, ...) as.integer(op_convert_to_array(x)),
  "[" = function(x, ...) lacking("`[` for a tensor")
)
