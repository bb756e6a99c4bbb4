# The course's stand-in for the R package keras3, where that is missing.
#
# It offers keras3's functions under keras3's names, with the same arguments,
# defaults and pipes, over reticulate (1.28 or later). What Keras itself has is
# not written out here: layer_dense() is made from the signature of
# keras.layers.Dense when it is first touched, so that loading this file does
# not start Python. tests/testthat/test-bridge.R makes the same calls with this
# file, with Keras from Python and, where it is installed, with keras3.
#
# r/course.R loads it, and only where keras3 is missing:
#
#   source("r/keras_bridge.R", local = new.env())
#
# Where keras3 is loaded already, the functions are made but not attached.

if (identical(environment(), globalenv())) {
  stop("Load the bridge by source(\"r/course.R\"), which keeps it apart.")
}
bridge <- environment()
# R looks for S3 methods beside a generic only where a package defines it.
assign(".packageName", "keras_bridge")

PASSED_ON <- c(
  "%as%", "array_reshape", "as_iterator", "import", "iter_next", "iterate",
  "np_array", "py_help", "py_to_r", "r_to_py", "tuple", "use_python",
  "use_virtualenv"
)
for (name in c(PASSED_ON, "py_to_r_wrapper")) {
  assign(name, getExportedValue("reticulate", name))
}

if (!nzchar(Sys.getenv("TF_CPP_MIN_LOG_LEVEL"))) {
  Sys.setenv(TF_CPP_MIN_LOG_LEVEL = "2")
}
check_python <- list(
  # The ABI of NumPy 2 is another; reticulate takes its arrays apart since 1.38.
  on_load = function() {
    numpy <- import("importlib.metadata")$version("numpy")
    reticulate <- packageVersion("reticulate")
    if (package_version(numpy) >= "2" && reticulate < "1.38") {
      stop("reticulate ", reticulate, " does not speak to ",
        "NumPy ", numpy, ", which ", reticulate::py_exe(), " has. ",
        "What to do: .venv/bin/deeptwins doctor",
        call. = FALSE
      )
    }
  },
  on_error = function(condition) {
    stop(conditionMessage(condition), "\nKeras does not load in the Python ",
      "that R uses (RETICULATE_PYTHON is ", Sys.getenv("RETICULATE_PYTHON"),
      "). What to do: .venv/bin/deeptwins doctor",
      call. = FALSE
    )
  }
)
keras <- import("keras", delay_load = check_python)
tf <- import("tensorflow", delay_load = check_python)

# Classes that reticulate gives to Keras' objects. Tensors and variables share
# the last one.
MODEL <- "keras.src.models.model.Model"
SEQUENTIAL <- "keras.src.models.sequential.Sequential"
LAYER <- "keras.src.layers.layer.Layer"
SYMBOLIC <- "keras.src.backend.common.keras_tensor.KerasTensor"
TENSOR <- "tensorflow.python.types.core.Tensor"

# ---- names ----

#' The words of a text; one with # stands for three: 1d, 2d and 3d
words <- function(...) {
  found <- scan(text = c(...), what = "", quiet = TRUE)
  unlist(lapply(found, function(word) {
    ends <- strsplit(paste0(word, "#"), "#", fixed = TRUE)[[1]]
    if (grepl("#", word)) paste0(ends[1], 1:3, "d", ends[-1]) else word
  }))
}

# Functions to make from Keras' signatures, by their prefix: the Python module,
# and words that have the letters of a class or function in it.
MADE <- list(
  layer = c("layers", words(
    "activation activation_elu activation_leaky_relu
    activation_parametric_relu activation_relu activation_softmax
    activity_regularization add additive_attention alpha_dropout attention
    aug_mix auto_contrast average average_pooling_# batch_normalization
    bidirectional category_encoding center_crop concatenate conv_#
    conv_#_transpose conv_lstm_# cropping_# cut_mix dense depthwise_conv_1d
    depthwise_conv_2d discretization dot dropout einsum_dense embedding
    equalization flatten gaussian_dropout gaussian_noise
    global_average_pooling_# global_max_pooling_# group_normalization
    group_query_attention gru hashed_crossing hashing identity integer_lookup
    lambda layer_normalization lstm masking max_num_bounding_boxes
    max_pooling_# maximum mel_spectrogram minimum mix_up multi_head_attention
    multiply normalization permute rand_augment random_brightness
    random_color_degeneration random_color_jitter random_contrast random_crop
    random_elastic_transform random_erasing random_flip random_gaussian_blur
    random_grayscale random_hue random_invert random_perspective
    random_posterization random_rotation random_saturation random_sharpness
    random_shear random_translation random_zoom repeat_vector rescaling
    reshape resizing rms_normalization rnn separable_conv_1d
    separable_conv_2d simple_rnn solarization spatial_dropout_#
    spectral_normalization stft_spectrogram string_lookup subtract
    text_vectorization time_distributed unit_normalization upsampling_#
    zero_padding_#"
  )),
  rnn_cell = c("layers", words("gru lstm simple")),
  callback = c("callbacks", words(
    "backup_and_restore csv_logger early_stopping lambda
    learning_rate_scheduler model_checkpoint reduce_lr_on_plateau
    remote_monitor swap_ema_weights tensorboard terminate_on_nan"
  )),
  optimizer = c("optimizers", words(
    "adadelta adafactor adagrad adam adam_w adamax ftrl lamb lion loss_scale
    muon nadam rmsprop sgd"
  )),
  learning_rate_schedule = c("optimizers.schedules", words(
    "cosine_decay cosine_decay_restarts exponential_decay inverse_time_decay
    piecewise_constant_decay polynomial_decay"
  )),
  loss = c("losses", words(
    "binary_crossentropy binary_focal_crossentropy categorical_crossentropy
    categorical_focal_crossentropy categorical_generalized_cross_entropy
    categorical_hinge circle cosine_similarity ctc dice hinge huber
    kl_divergence log_cosh mean_absolute_error mean_absolute_percentage_error
    mean_squared_error mean_squared_logarithmic_error poisson
    sparse_categorical_crossentropy squared_hinge tversky"
  )),
  metric = c("metrics", words(
    "auc binary_accuracy binary_crossentropy binary_focal_crossentropy
    binary_iou categorical_accuracy categorical_crossentropy
    categorical_focal_crossentropy categorical_hinge concordance_correlation
    cosine_similarity f1_score false_negatives false_positives fbeta_score
    hinge huber iou kl_divergence log_cosh log_cosh_error mean
    mean_absolute_error mean_absolute_percentage_error mean_iou
    mean_squared_error mean_squared_logarithmic_error mean_wrapper one_hot_iou
    one_hot_mean_iou pearson_correlation poisson precision precision_at_recall
    r2_score recall recall_at_precision root_mean_squared_error
    sensitivity_at_specificity sparse_categorical_accuracy
    sparse_categorical_crossentropy sparse_top_k_categorical_accuracy
    specificity_at_sensitivity squared_hinge sum top_k_categorical_accuracy
    true_negatives true_positives"
  )),
  initializer = c("initializers", words(
    "constant glorot_normal glorot_uniform he_normal he_uniform identity
    lecun_normal lecun_uniform ones orthogonal random_normal random_uniform
    stft truncated_normal variance_scaling zeros"
  )),
  regularizer = c("regularizers", words("l1 l1_l2 l2 orthogonal")),
  constraint = c("constraints", words("maxnorm minmaxnorm nonneg unitnorm")),
  activation = c("activations", words(
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu
    hard_swish hard_tanh leaky_relu linear log_sigmoid log_softmax mish relu
    relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus
    sparse_sigmoid sparsemax squareplus tanh tanh_shrink threshold"
  )),
  application = c("applications", words(
    "convnext_base convnext_large convnext_small convnext_tiny
    convnext_xlarge densenet121 densenet169 densenet201 efficientnet_b0
    efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4
    efficientnet_b5 efficientnet_b6 efficientnet_b7 efficientnet_v2b0
    efficientnet_v2b1 efficientnet_v2b2 efficientnet_v2b3 efficientnet_v2l
    efficientnet_v2m efficientnet_v2s inception_resnet_v2 inception_v3
    mobilenet mobilenet_v2 mobilenet_v3_large mobilenet_v3_small nasnet_large
    nasnet_mobile resnet101 resnet101_v2 resnet152 resnet152_v2 resnet50
    resnet50_v2 vgg16 vgg19 xception"
  )),
  random = c("random", words(
    "beta binomial categorical dropout gamma integer normal seed_generator
    shuffle truncated_normal uniform"
  )),
  config = c("config", words(
    "backend disable_flash_attention disable_interactive_logging
    disable_traceback_filtering dtype_policy enable_flash_attention
    enable_interactive_logging enable_traceback_filtering
    enable_unsafe_deserialization epsilon floatx image_data_format
    is_flash_attention_enabled is_interactive_logging_enabled is_nnx_enabled
    is_traceback_filtering_enabled max_epochs max_steps_per_epoch set_backend
    set_dtype_policy set_epsilon set_floatx set_image_data_format
    set_max_epochs set_max_steps_per_epoch"
  )),
  op_image = c("ops.image", words(
    "hsv_to_rgb resize rgb_to_grayscale rgb_to_hsv"
  )),
  op = c("ops", words(
    "abs add all any append arccos arccosh arcsin arcsinh arctan arctan2
    arctanh argmax argmin argsort average average_pool binary_crossentropy
    broadcast_to cast categorical_crossentropy ceil celu cholesky clip
    concatenate cond conv conv_transpose copy corrcoef cos cosh count_nonzero
    cross cumprod cumsum depthwise_conv det diag diagflat diff divide
    divide_no_nan dot dot_product_attention dtype eig eigh elu empty equal erf
    erfinv exp expand_dims expm1 eye flip floor floor_divide full full_like
    gelu glu greater greater_equal hard_shrink hard_sigmoid hard_silu
    hard_swish hard_tanh identity in_top_k inner inv is_tensor isclose
    isfinite isinf isnan leaky_relu less less_equal linspace log log10 log1p
    log2 log_sigmoid log_softmax logaddexp logdet logical_and logical_not
    logical_or logical_xor logspace logsumexp lstsq max max_pool maximum mean
    median min minimum mod moments moveaxis multiply nan_to_num ndim negative
    norm normalize not_equal one_hot ones ones_like outer pad pmax pmin power
    prod qr quantile ravel reciprocal relu relu6 repeat rms_normalization roll
    rot90 round rsqrt saturate_cast selu separable_conv sigmoid sign silu sin
    sinh size slogdet soft_shrink softmax softplus softsign solve
    solve_triangular sort sparse_categorical_crossentropy sparse_plus
    sparse_sigmoid sparsemax sqrt square squareplus squeeze stack std
    stop_gradient subtract sum svd swapaxes take take_along_axis tan tanh
    tanh_shrink tensordot threshold tile top_k trace transpose tri tril triu
    trunc unstack var vdot where while_loop zeros zeros_like"
  ))
)

# Functions to make whose Python name has other letters.
ELSEWHERE <- c(
  layer_activation_elu = "layers.ELU",
  layer_activation_leaky_relu = "layers.LeakyReLU",
  layer_activation_parametric_relu = "layers.PReLU",
  layer_activation_relu = "layers.ReLU",
  layer_activation_softmax = "layers.Softmax",
  rnn_cell_gru = "layers.GRUCell",
  rnn_cell_lstm = "layers.LSTMCell",
  rnn_cell_simple = "layers.SimpleRNNCell",
  callback_lambda = "callbacks.LambdaCallback",
  optimizer_loss_scale = "optimizers.LossScaleOptimizer",
  metric_mean_wrapper = "metrics.MeanMetricWrapper",
  regularizer_orthogonal = "regularizers.OrthogonalRegularizer",
  random_integer = "random.randint",
  random_seed_generator = "random.SeedGenerator",
  op_pmax = "ops.maximum",
  op_pmin = "ops.minimum",
  keras_input = "Input",
  keras_variable = "Variable",
  clone_model = "models.clone_model",
  clear_session = "utils.clear_session",
  get_source_inputs = "utils.get_source_inputs",
  normalize = "utils.normalize",
  pad_sequences = "utils.pad_sequences",
  image_from_array = "utils.array_to_img",
  image_load = "utils.load_img",
  image_smart_resize = "preprocessing.image.smart_resize",
  image_dataset_from_directory = "utils.image_dataset_from_directory",
  text_dataset_from_directory = "utils.text_dataset_from_directory",
  timeseries_dataset_from_array = "utils.timeseries_dataset_from_array"
)

# What keras3 offers besides.
LACKING <- words(
  "%<-active% %<>% %py_class% active_property all_dims
  application_decode_predictions application_nasnetlarge
  application_nasnetmobile as_tensor audio_dataset_from_directory Callback
  Constraint dataset_boston_housing dataset_california_housing
  dataset_cifar100 dataset_fashion_mnist dataset_imdb_word_index dataset_mnist
  dataset_reuters dataset_reuters_word_index deserialize_keras_object
  export_savedmodel feature_cross feature_custom feature_float
  feature_float_discretized feature_float_normalized feature_float_rescaled
  feature_integer_categorical feature_integer_hashed
  feature_string_categorical feature_string_hashed flag_boolean flag_integer
  flag_numeric flag_string flags generate get_custom_objects get_file
  get_registered_name get_registered_object get_state_tree image_array_save
  imagenet_decode_predictions imagenet_preprocess_input install_keras Layer
  layer_feature_space layer_flax_module_wrapper layer_jax_model_wrapper
  layer_pipeline layer_tfsm layer_torch_module_wrapper load_model_config Loss
  mark_active Metric Model named_list new_callback_class new_layer_class
  new_learning_rate_schedule_class new_loss_class new_metric_class
  new_model_class op_angle op_arange op_argpartition op_array
  op_associative_scan op_bartlett op_batch_normalization op_bincount
  op_bitwise_and op_bitwise_invert op_bitwise_left_shift op_bitwise_not
  op_bitwise_or op_bitwise_right_shift op_bitwise_xor op_blackman op_cbrt
  op_conj op_correlate op_ctc_decode op_ctc_loss op_custom_gradient op_deg2rad
  op_diagonal op_digitize op_einsum op_exp2 op_extract_sequences op_fft
  op_fft2 op_fori_loop op_get_item op_hamming op_hanning op_heaviside
  op_histogram op_hstack op_ifft2 op_imag op_image_affine_transform
  op_image_crop op_image_elastic_transform op_image_extract_patches
  op_image_gaussian_blur op_image_map_coordinates op_image_pad
  op_image_perspective_transform op_irfft op_istft op_kaiser
  op_layer_normalization op_left_shift op_lu_factor op_map op_meshgrid
  op_multi_hot op_nonzero op_polar op_psnr op_real op_rearrange op_rfft
  op_right_shift op_scan op_scatter op_scatter_update op_searchsorted
  op_segment_max op_segment_sum op_select op_signbit op_slice op_slice_update
  op_split op_stft op_subset op_subset<- op_subset_set op_switch
  op_unravel_index op_vectorize op_vectorized_map op_view_as_complex
  op_view_as_real op_vstack predict_on_batch py_require quantize_weights
  register_keras_serializable rnn_cells_stack run_dir save_model_config
  serialize_keras_object set_custom_objects set_state_tree split_dataset
  tensorboard test_on_batch train_on_batch use_backend
  with_custom_object_scope"
)

# ---- from R values to Python's ----

is_py <- function(x) inherits(x, "python.builtin.object")

#' Whole numbers as integers, for Python does not take 10.0 units
#'
#' A fraction is cut off, as keras3 does it, but with a warning.
as_int <- function(x) {
  if (is.list(x)) return(lapply(x, as_int))
  if (!is.numeric(x)) return(x)
  if (any(x != trunc(x), na.rm = TRUE)) {
    warning("Only whole numbers reach Keras here, as in keras3: ", toString(x),
            " becomes ", toString(trunc(x)), ".", call. = FALSE)
  }
  storage.mode(x) <- "integer"
  x
}

#' Axes: R counts them from 1, Python from 0, both from -1 at the end
as_axis <- function(axis) {
  if (is.null(axis)) return(NULL)
  if (length(axis) > 1) return(lapply(axis, as_axis))
  axis <- as.integer(axis)
  if (axis == 0L) stop("`axis` argument is 1 based, received 0", call. = FALSE)
  axis - (axis > 0L)
}

#' Positions: R counts them from 1, Python from 0
as_index <- function(x) {
  if (is_py(x)) return(keras$ops$where(x > 0L, x - 1L, x))
  if (!is.numeric(x)) return(x)
  storage.mode(x) <- "integer"
  x <- x - (x > 0L)
  if (length(x) > 1) as.array(x) else x
}

#' A shape as a tuple of integers; NA or NULL is a dimension left open
as_shape <- function(x, open = NULL) {
  if (is.null(x) || is_py(x)) return(x)
  do.call(tuple, lapply(unclass(x), function(n) {
    if (is_py(n)) n else if (is.null(n) || is.na(n)) open else as.integer(n)
  }))
}

#' An R array for NumPy, doubles in Keras' float type
as_float_array <- function(x) {
  if (is.null(x) || is_py(x)) return(x)
  np_array(x, if (is.double(x)) keras$config$floatx())
}

as_r_array <- function(x) if (is.null(x) || is_py(x)) x else as.array(x)

as_list <- function(x) if (is.null(x) || is.list(x)) x else list(x)

#' What Python can call in place of an R function
#'
#' @param x An R function; anything else is returned as it is.
#' @param side What a function made by this file stands for: "target", the
#'   class, or "plain", the function of the same name.
as_callable <- function(x, name = "anonymous_R_function", side = "target") {
  if (!is.function(x) || is_py(x)) return(x)
  made <- get0("made", environment(x), inherits = FALSE)
  if (inherits(made, "made_by_bridge")) return(made[[side]])
  callable <- reticulate::py_func(x)
  reticulate::py_set_attr(callable, "__name__", name)
  callable
}

#' Two Python functions that this file needs
#'
#' `parameters` lists name, kind, whether there is a default, and the default;
#' `from_one` calls a function with its first argument counted from 1.
delayedAssign("python", reticulate::py_run_string("
def parameters(f):
    import inspect
    plain = (type(None), bool, int, float, str, list, tuple)
    return [(p.name, p.kind.name, p.default is not p.empty,
             p.default if isinstance(p.default, plain) else None)
            for p in inspect.signature(f).parameters.values()]

def from_one(f):
    return lambda index, logs=None: f(index + 1, logs)
", local = TRUE))

# How an argument reaches Python, by its name, or by function:name where the
# name means different things.
RULES <- local({
  on <- paste0("on_", outer(
    c("epoch", "train_batch", "test_batch", "predict_batch"),
    c("begin", "end"), paste, sep = "_"
  ))
  rules <- list(
    list(as_axis, words(
      "axis axes axis1 axis2 source destination shared_axes"
    )),
    list(as_shape, words(
      "shape batch_shape input_shape batch_input_shape noise_shape
      output_shape"
    )),
    list(function(x) as_shape(x, open = -1L), "target_shape"),
    list(as_index, words("indices initial_epoch op_one_hot:x")),
    list(as_int, words(
      "attention_axes axisa axisb axisc base batch_size chain_depth class_id
      classes cooldown cropping decay_steps decimals depth_multiplier
      dilation_rate dims dynamic_growth_steps ema_overwrite_frequency
      embeddings_freq end_index epochs fft_length filters first_decay_steps
      frame_length frame_step gradient_accumulation_steps groups height
      histogram_freq ignore_class image_size index_from input_dim k kernel_size
      key_dim lora_alpha lora_rank M mask_token max_length max_tokens maxlen N
      n ngrams ns_steps num num_bins num_chains num_classes num_heads
      num_mel_bins num_oov_indices num_ops num_regressors num_samples
      num_thresholds num_tokens num_words oov_char order output_dim
      output_padding output_sequence_length pad_width padding patience
      pool_size power_iterations profile_batch ref_labels sampling_rate
      save_freq seed sequence_length sequence_stride shift size skip_top
      start_char start_from_epoch start_index steps steps_per_epoch
      steps_per_execution strides target_class_ids target_size top_k units
      update_freq validation_batch_size validation_freq validation_steps
      value_dim verbose vocabulary warmup_steps width
      callback_early_stopping:min_delta constraint_maxnorm:max_value
      layer_equalization:bins layer_integer_lookup:oov_token
      layer_max_num_bounding_boxes:fill_value layer_random_posterization:factor
      loss_circle:gamma op_trace:offset random_integer:maxval
      random_integer:minval"
    )),
    list(as_float_array, words(
      "y_true y_pred timeseries_dataset_from_array:data targets"
    )),
    list(as_r_array, words("op_argmax:x op_top_k:x")),
    list(function(x) lapply(x, as.list), "sequences"),
    list(function(f) python$from_one(f), on)
  )
  names <- lapply(rules, `[[`, 2)
  stats::setNames(rep(lapply(rules, `[[`, 1), lengths(names)), unlist(names))
})

#' Let each argument of a call reach Python by its rule
#'
#' @param args Named list.
#' @param caller The R function that they were given to.
#' @param as_is Names that no rule applies to.
by_rule <- function(args, caller, as_is = NULL) {
  if (length(args) && !all(nzchar(names(args)) & !is.null(names(args)))) {
    stop("All arguments in `...` of ", caller, "() need names.", call. = FALSE)
  }
  for (name in setdiff(names(args), as_is)) {
    rule <- RULES[[paste0(caller, ":", name)]]
    if (is.null(rule)) rule <- RULES[[name]]
    if (!is.null(rule)) args[name] <- list(rule(args[[name]]))
  }
  lapply(args, as_callable)
}

#' The arguments that the calling function was given, in a list
#'
#' To be called as a statement of its own: as an argument it would look at the
#' wrong caller.
#'
#' Defaults are left out, so that Keras' own hold. What was piped in is
#' evaluated after the other arguments, as in keras3: in
#' `x |> bidirectional(layer_lstm(units = 2))` the LSTM is built before x, and
#' takes its seed before x does.
#'
#' @param without Names to leave out.
given <- function(without = character()) {
  frame <- parent.frame()
  fn <- sys.function(-1)
  call <- match.call(fn, sys.call(-1), expand.dots = FALSE, parent.frame(2))
  known <- setdiff(names(as.list(call))[-1], c("...", without))
  known <- c(setdiff(known, "object"), intersect(known, "object"))
  args <- mget(as.character(known), envir = frame)
  if ("..." %in% names(formals(fn))) {
    args <- c(args, eval(quote(list(...)), frame))
  }
  args
}

# ---- functions from signatures ----

# Arguments that are younger than keras3 1.5 and not in its signatures.
YOUNGER <- words(
  "adam_weight_decay format gptq_unpacked_column_size input_axes layout
  oov_method output_axes quantization_config raise_error renorm
  renorm_clipping renorm_momentum rms_rate sliding_window use_gate
  layer_integer_lookup:salt layer_string_lookup:salt op_cholesky:upper"
)

# Arguments that stand behind `...` in keras3.
BEHIND_DOTS <- list(
  "^optimizer_(?!lamb|muon)" = words(
    "loss_scale_factor gradient_accumulation_steps"
  ),
  "^layer_(concatenate|dot)$" = c("axis", "axes", "normalize"),
  "^layer_resizing$" = "antialias",
  "^loss_(dice|tversky)$" = c("alpha", "beta", "reduction", "name", "axis",
                              "dtype"),
  "^metric_sparse_top_k" = "from_sorted_ids"
)

MERGING <- paste0("layer_", words(
  "add average concatenate dot maximum minimum multiply subtract"
))
TAKES_INDEX <- paste0("op_", words("one_hot take take_along_axis"))
GIVES_INDEX <- c(
  paste0("op_", words("argmax argmin argsort top_k")), "random_categorical"
)
#' The value of a formal argument without a default
nothing <- function() formals(function(x) NULL)$x

#' What Keras has at a dotted path
at <- function(path) {
  Reduce(function(x, name) x[[name]], strsplit(path, ".", fixed = TRUE)[[1]],
         keras)
}

#' The class and the function in a Python module with the letters of a word
look_up <- function(module, word) {
  members <- reticulate::import_builtins()$dir(at(module))
  same <- members[gsub("_", "", tolower(members)) == gsub("_", "", word)]
  capital <- grepl("^[[:upper:]]", same)
  lapply(list(target = same[capital], plain = same[!capital]), function(name) {
    if (length(name)) at(paste0(module, ".", name[1]))
  })
}

#' The arguments of a Python class or function as R formals
signature_of <- function(callable) {
  literal <- function(x) {
    if (length(x) < 2 && !is.list(x)) return(x)
    as.call(c(quote(list), lapply(x, literal)))
  }
  from_one <- function(x) {
    if (is.list(x)) lapply(x, from_one) else x + (x >= 0L)
  }
  parameters <- python$parameters(callable)
  args <- lapply(parameters, function(p) {
    if (!p[[3]]) return(nothing())
    if (identical(RULES[[p[[1]]]], as_axis) && !is.null(p[[4]])) {
      p[[4]] <- from_one(p[[4]])
    }
    literal(p[[4]])
  })
  names(args) <- vapply(parameters, function(p) {
    if (p[[2]] == "VAR_KEYWORD") "..." else p[[1]]
  }, "")
  args[names(args) != "self"]
}

#' Make keras3's function from Keras' signatures
#'
#' @param name Its name, as layer_dense.
#' @param family Its prefix, as layer; "" where it has none.
#' @param module The Python module, as layers.
#' @param word The name without its prefix, as dense.
make <- function(name, family = "", module = NULL, word = NULL) {
  made <- if (name %in% names(ELSEWHERE)) {
    list(target = at(ELSEWHERE[[name]]))
  } else {
    look_up(module, word)
  }
  is_plain <- family %in% c("activation", "config", "op", "op_image", "random")
  if (is.null(made$target) || is_plain && !is.null(made$plain)) {
    made["target"] <- made["plain"]
  }
  if (is.null(made$target)) {
    stop("Keras ", keras$`__version__`, " has nothing for ", name, "().",
         call. = FALSE)
  }
  made <- structure(c(made, name = name, family = family),
                    class = "made_by_bridge")
  body <- quote({
    args <- given()
    call_made(made, args)
  })
  if (name == "layer_multi_head_attention") {
    body <- quote({
      args <- given(without = "inputs")
      layer <- call_made(made, args)
      if (missing(inputs)) layer else do.call(layer, as_list(inputs))
    })
  }
  as.function(c(formals_of(made), body),
              envir = list2env(list(made = made), parent = bridge))
}

#' The formals that keras3 has for a function, from Keras' signatures
formals_of <- function(made) {
  args <- signature_of(made$target)
  dots <- list("..." = nothing())
  if (made$family == "layer") {
    args <- if (made$name %in% MERGING) {
      c(list(inputs = nothing()), dots, args)
    } else if (made$name == "layer_multi_head_attention") {
      c(list(inputs = nothing()), args)
    } else {
      c(list(object = nothing()), args)
    }
  } else if (made$family %in% c("loss", "metric")) {
    if (is.null(made$plain)) {
      args <- c(dots, args)
    } else if (!identical(made$plain, made$target)) {
      args <- c(signature_of(made$plain), dots, args)
    }
  } else if (made$name %in% c(TAKES_INDEX, GIVES_INDEX)) {
    args <- c(args, list(zero_indexed = FALSE))
  }
  unknown <- names(args) %in% YOUNGER |
    paste0(made$name, ":", names(args), recycle0 = TRUE) %in% YOUNGER
  args <- args[!duplicated(names(args)) & !unknown]
  for (pattern in names(BEHIND_DOTS)) {
    if (grepl(pattern, made$name, perl = TRUE)) {
      later <- intersect(BEHIND_DOTS[[pattern]], names(args))
      args <- c(args[setdiff(names(args), later)], args[later])
    }
  }
  names(args)[names(args) == "function"] <- "f"
  args
}

#' Call the Python side of a made function
call_made <- function(made, args) {
  name <- made$name
  if (made$family == "layer") return(call_layer(made, args))
  from_zero <- isTRUE(args[["zero_indexed"]])
  args[["zero_indexed"]] <- NULL
  as_is <- if (from_zero && name %in% TAKES_INDEX) c("indices", "x")
  args <- by_rule(args, name, as_is)
  has_values <- any(c("y_true", "y_pred") %in% names(args))
  side <- if (has_values && !is.null(made$plain)) "plain" else "target"
  result <- do.call(made[[side]], args)
  if (made$family == "application") {
    attr(result, "application") <- made$target$`__module__`
  }
  if (name %in% GIVES_INDEX) count_from_one(result, !from_zero) else result
}

#' What an operation returned, with its positions counted from 1 where wanted
#'
#' op_top_k() returns a named tuple of values and positions.
count_from_one <- function(result, wanted) {
  one <- if (wanted) 1L else 0L
  if (inherits(result, TENSOR)) return(result + one)
  if (is_py(result)) result <- iterate(result, simplify = FALSE)
  list(values = result[[1]], indices = result[[2]] + one)
}

#' Build a layer and, where it was piped to something, put it there
call_layer <- function(made, args) {
  if (is.null(names(args))) names(args) <- rep("", length(args))
  merges <- made$name %in% MERGING
  piped <- names(args) %in% c("object", "inputs") | (merges & names(args) == "")
  into <- args[piped]
  args <- by_rule(args[!piped], made$name)
  names(args)[names(args) == "f"] <- "function"
  layer <- do.call(made$target, args)
  if (merges) {
    into <- unlist(lapply(unname(into), as_list), recursive = FALSE)
    if (length(into)) layer(into) else layer
  } else if (length(into) == 0 || is.null(into[[1]])) {
    layer
  } else {
    compose(into[[1]], layer)
  }
}

#' Add a layer to a sequential model, or call it on what a layer returned
compose <- function(object, layer, ...) {
  if (!inherits(object, SEQUENTIAL)) return(layer(object, ...))
  object$add(layer)
  invisible(object)
}

#' Promise to make a function once somebody touches its name
promise <- function(name, ...) {
  force(list(...))
  delayedAssign(name, make(name, ...), assign.env = bridge)
  name
}

OFFERED <- c(PASSED_ON, unlist(lapply(names(MADE), function(family) {
  vapply(MADE[[family]][-1], function(word) {
    promise(paste0(family, "_", word), family, MADE[[family]][1], word)
  }, "")
})))
OFFERED <- c(OFFERED, vapply(setdiff(names(ELSEWHERE), OFFERED), promise, ""))
delayedAssign("layer_input", keras_input)
delayedAssign("bidirectional", layer_bidirectional)
delayedAssign("time_distributed", layer_time_distributed)

# ---- models ----

METHODS <- list()

#' Define a method for a class; attach_bridge() registers it
method <- function(generic, class, definition) {
  name <- paste0(generic, ".", class)
  assign(name, definition, envir = bridge)
  METHODS[[name]] <<- list(generic, class)
}

keras_model_sequential <- function(input_shape = NULL, name = NULL, ...,
                                   input_dtype = NULL,
                                   input_batch_size = NULL,
                                   input_sparse = NULL, input_ragged = NULL,
                                   input_batch_shape = NULL,
                                   input_name = NULL, input_tensor = NULL,
                                   input_optional = FALSE, trainable = TRUE,
                                   layers = list()) {
  args <- given()
  for_input <- !names(args) %in% c("layers", "name", "trainable")
  input <- args[for_input]
  args <- args[!for_input]
  args$layers <- as_list(args$layers)
  if (length(input)) {
    if (inherits(input_shape, LAYER)) {
      stop("`layers` must be passed in as a named argument.")
    }
    names(input) <- sub("^input_", "", names(input))
    input <- by_rule(input, "keras_input")
    args$layers <- c(do.call(keras$layers$InputLayer, input), args$layers)
  }
  do.call(keras$models$Sequential, args)
}

keras_model <- function(inputs = NULL, outputs = NULL, ...) {
  single <- function(x) {
    if (is.list(x) && length(x) == 1 && is.null(names(x))) x[[1]] else x
  }
  keras$models$Model(inputs = single(inputs), outputs = single(outputs), ...)
}

# A layer or model that was made before can be piped to like layer_dense().
method("py_to_r_wrapper", LAYER, function(x) {
  force(x)
  function(object, ...) {
    if (missing(object)) x(...) else compose(object, x, ...)
  }
})

method("format", MODEL, function(x, line_length = min(getOption("width"), 180),
                                 positions = NULL, expand_nested = FALSE,
                                 show_trainable = NA, ..., layer_range = NULL,
                                 compact = TRUE) {
  args <- given()
  args <- args[!names(args) %in% c("x", "compact")]
  args$line_length <- as_int(line_length)
  args$show_trainable <- if (is.na(show_trainable)) {
    x$built && length(x$non_trainable_weights) > 0
  } else {
    show_trainable
  }
  out <- trimws(reticulate::py_capture_output(do.call(x$summary, args)))
  if (compact) gsub("\\n\\s*\\n", "\n", out) else out
})

method("print", MODEL, function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
})

method("summary", MODEL, function(object, ...) {
  text <- format(object, ...)
  writeLines(text)
  invisible(text)
})

get_layer <- function(object, name = NULL, index = NULL) {
  if (identical(as_int(index), 0L)) {
    stop("`index` for get_layer() is 1-based (0 was passed as the index)")
  }
  object$get_layer(name = name, index = as_index(index))
}

pop_layer <- function(object, rebuild = TRUE) object$pop(rebuild = rebuild)

count_params <- function(object) object$count_params()

reset_state <- function(object) {
  object$reset_state()
  invisible(object)
}

get_config <- function(object) {
  structure(object$get_config(), "__class__" = object$`__class__`)
}

from_config <- function(config, custom_objects = NULL) {
  args <- list(config, custom_objects = custom_objects)
  class <- attr(config, "__class__", exact = TRUE)
  do.call(class$from_config, Filter(Negate(is.null), args))
}

#' @param trainable NA for all weights, TRUE or FALSE for those alone.
get_weights <- function(object, trainable = NA) {
  if (is.na(trainable)) return(object$get_weights())
  side <- if (trainable) "trainable_weights" else "non_trainable_weights"
  lapply(object[[side]], as.array)
}

set_weights <- function(object, weights) {
  object$set_weights(weights)
  invisible(object)
}

freeze_weights <- function(object, from = NULL, to = NULL, which = NULL) {
  set_trainable(object, from, to, which, trainable = FALSE)
}

unfreeze_weights <- function(object, from = NULL, to = NULL, which = NULL) {
  set_trainable(object, from, to, which, trainable = TRUE)
}

#' Let the chosen layers learn, or not, and all others do the opposite
#'
#' @param from,to,which Layers by name, by position from 1 or, from the end,
#'   -1, or themselves; `which` may also be a function of a layer.
set_trainable <- function(object, from, to, which, trainable) {
  layers <- object$layers
  in_range <- !is.null(from) || !is.null(to)
  if (!in_range && is.null(which)) {
    object$trainable <- trainable
    return(invisible(object))
  }
  if (in_range && !is.null(which)) {
    stop("both `which` and `from`/`to` can not be supplied", call. = FALSE)
  }
  chosen <- if (in_range) {
    seq(layer_position(if (is.null(from)) 1 else from, layers),
        layer_position(if (is.null(to)) -1 else to, layers))
  } else {
    chosen_layers(which, layers)
  }
  object$trainable <- TRUE
  for (i in seq_along(layers)) {
    layer <- layers[[i]]
    layer$trainable <- (i %in% chosen) == trainable
  }
  invisible(object)
}

#' The positions of the layers that `which` means
chosen_layers <- function(which, layers) {
  if (inherits(which, "formula")) which <- rlang::as_function(which)
  if (is.function(which) && !is_py(which)) which <- vapply(layers, which, TRUE)
  if (is.logical(which)) return(base::which(which))
  if (is_py(which)) which <- list(which)
  vapply(which, layer_position, 0, layers)
}

#' The position of a layer that is given by itself, its name or its position
layer_position <- function(x, layers) {
  names <- vapply(layers, function(layer) layer$name, "")
  if (inherits(x, LAYER)) x <- x$name
  if (is.character(x)) x <- match(x, names)
  if (is.na(x) || x == 0 || abs(x) > length(layers)) {
    stop("The model has no such layer. Its ", length(layers), " layers are ",
         toString(names), ".", call. = FALSE)
  }
  if (x < 0) length(layers) + x + 1 else as.numeric(x)
}

# ---- training ----

compile <- function(object, ...) UseMethod("compile")
fit <- function(object, ...) UseMethod("fit")
evaluate <- function(object, ...) UseMethod("evaluate")

#' The arguments of a training function, its data in the model's float type
#'
#' R's doubles become float32, as the model computes; integers stay integers,
#' factors become codes from 0.
training_args <- function(model, args, caller, verbose) {
  floats <- model$input_dtype
  as_input <- function(x) {
    if (is.null(x) || is_py(x)) return(x)
    if (is.list(x)) return(lapply(x, as_input))
    if (is.function(x)) lacking("A function as data")
    if (is.factor(x)) x <- array(as.integer(x) - 1L, dim = length(x))
    wanted <- if (is.double(x)) "float" else if (is.integer(x)) "int" else NA
    np_array(x, if (grepl(wanted, floats) %in% TRUE) floats)
  }
  args$object <- NULL
  data <- intersect(names(args),
                    c("x", "y", "sample_weight", "validation_data"))
  args[data] <- lapply(args[data], as_input)
  args$verbose <- if (!identical(verbose, "auto")) {
    verbose
  } else if (isTRUE(getOption("knitr.in.progress"))) {
    2L
  } else if (identical(Sys.getenv("TESTTHAT"), "true")) {
    0L
  } else {
    "auto"
  }
  by_rule(args, caller)
}

method("compile", MODEL, function(object, optimizer = "rmsprop", loss = NULL,
                                  metrics = NULL, ..., loss_weights = NULL,
                                  weighted_metrics = NULL,
                                  run_eagerly = FALSE,
                                  steps_per_execution = 1L,
                                  jit_compile = "auto",
                                  auto_scale_loss = TRUE) {
  named <- function(x, name) {
    if (is.list(x)) return(lapply(x, named, name))
    if (is.character(x) && length(x) > 1) return(as.list(x))
    as_callable(x, name, side = "plain")
  }
  args <- given()
  args$object <- NULL
  args$loss <- named(loss, "custom_loss")
  args$metrics <- as_list(named(metrics, "custom_metric"))
  args$weighted_metrics <- as_list(named(weighted_metrics, "custom_metric"))
  if (!is.null(loss_weights)) args$loss_weights <- as.list(loss_weights)
  do.call(object$compile, by_rule(args, "compile"))
  invisible(object)
})

method("fit", MODEL, function(object, x = NULL, y = NULL, ...,
                              batch_size = NULL, epochs = 1L, callbacks = NULL,
                              validation_split = 0, validation_data = NULL,
                              shuffle = TRUE, class_weight = NULL,
                              sample_weight = NULL, initial_epoch = 1L,
                              steps_per_epoch = NULL, validation_steps = NULL,
                              validation_batch_size = NULL,
                              validation_freq = 1L,
                              verbose = getOption("keras.verbose",
                                                  default = "auto"),
                              view_metrics = getOption("keras.view_metrics",
                                                       default = "auto")) {
  args <- given()
  args$view_metrics <- NULL
  if (isTRUE(view_metrics)) lacking("view_metrics = TRUE")
  if (!is.null(class_weight)) {
    args$class_weight <- reticulate::dict(as.list(class_weight))
  }
  args <- training_args(object, args, "fit", verbose)
  history <- do.call(object$fit, args)
  invisible(structure(
    list(params = history$params, metrics = history$history),
    class = "keras_training_history"
  ))
})

method("evaluate", MODEL, function(object, x = NULL, y = NULL, ...,
                                   batch_size = NULL,
                                   verbose = getOption("keras.verbose",
                                                       default = "auto"),
                                   sample_weight = NULL, steps = NULL,
                                   callbacks = NULL) {
  args <- given()
  args <- training_args(object, args, "evaluate", verbose)
  do.call(object$evaluate, c(args, return_dict = TRUE))
})

method("predict", MODEL, function(object, x, ..., batch_size = NULL,
                                  verbose = getOption("keras.verbose",
                                                      default = "auto"),
                                  steps = NULL, callbacks = NULL) {
  args <- given()
  do.call(object$predict, training_args(object, args, "predict", verbose))
})

method("as.data.frame", "keras_training_history", function(x, ...) {
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
})

method("print", "keras_training_history", function(x, ...) {
  last <- vapply(x$metrics, function(values) values[[length(values)]], 0)
  cat("\nFinal epoch (plot to see history):\n")
  cat(paste0(formatC(names(last), width = max(nchar(names(last)))), ": ",
             prettyNum(last, big.mark = ",", digits = 4, scientific = FALSE),
             collapse = "\n"), "\n")
})

method("plot", "keras_training_history", function(
  x, y, metrics = NULL, method = c("auto", "ggplot2", "base"),
  smooth = getOption("keras.plot.history.smooth", TRUE),
  theme_bw = getOption("keras.plot.history.theme_bw", FALSE), ...
) {
  if (match.arg(method) == "base") lacking("plot(method = \"base\")")
  curve <- as.data.frame(x)
  if (!is.null(metrics)) curve <- curve[curve$metric %in% metrics, ]
  .data <- ggplot2::.data
  aesthetics <- ggplot2::aes(.data$epoch, .data$value)
  if ("validation" %in% curve$data) {
    aesthetics$colour <- aesthetics$fill <- quote(data)
  }
  points <- ggplot2::geom_point(shape = 21, colour = 1, na.rm = TRUE)
  ggplot2::ggplot(curve, aesthetics) +
    (if (theme_bw) ggplot2::theme_bw()) +
    points +
    (if (smooth && x$params$epochs >= 10) {
      ggplot2::geom_smooth(se = FALSE, method = "loess", formula = y ~ x,
                           na.rm = TRUE)
    }) +
    ggplot2::facet_grid(metric ~ ., switch = "y", scales = "free_y") +
    ggplot2::scale_x_continuous(breaks = function(limits) {
      Filter(function(n) n %% 1 == 0, pretty(limits))
    }) +
    ggplot2::theme(axis.title.y = ggplot2::element_blank(),
                   strip.placement = "outside",
                   strip.background = ggplot2::element_blank())
})

# ---- files ----

#' Stop where a file would be overwritten that nobody said may be
may_overwrite <- function(path, overwrite) {
  if (!isTRUE(overwrite) && file.exists(path)) {
    stop("File '", path, "' already exists (pass overwrite = TRUE to force ",
         "save).", call. = FALSE)
  }
  overwrite
}

save_model <- function(model, filepath = NULL, overwrite = FALSE,
                       zipped = NULL, ...) {
  path <- filepath
  if (is.null(path)) {
    path <- tempfile(fileext = ".keras")
    on.exit(unlink(path))
  }
  args <- list(model, path, overwrite = may_overwrite(path, overwrite))
  if (isFALSE(zipped)) args$zipped <- FALSE
  do.call(keras$saving$save_model, args)
  if (is.null(filepath)) {
    readBin(path, "raw", file.size(path))
  } else {
    invisible(model)
  }
}

load_model <- function(model, custom_objects = NULL, compile = TRUE,
                       safe_mode = TRUE) {
  if (is.raw(model)) {
    path <- tempfile(fileext = ".keras")
    on.exit(unlink(path))
    writeBin(model, path)
    model <- path
  }
  if (is.function(custom_objects)) lacking("An unnamed custom object")
  keras$saving$load_model(
    model, custom_objects = lapply(custom_objects, as_callable),
    compile = compile, safe_mode = safe_mode
  )
}

save_model_weights <- function(model, filepath, overwrite = FALSE,
                               max_shard_size = NULL) {
  model$save_weights(filepath, overwrite = may_overwrite(filepath, overwrite),
                     max_shard_size = max_shard_size)
  invisible(model)
}

load_model_weights <- function(model, filepath, skip_mismatch = FALSE, ...) {
  model$load_weights(filepath, skip_mismatch = skip_mismatch, ...)
  invisible(model)
}

# ---- data ----

set_random_seed <- function(seed) {
  seed <- as_int(seed)
  set.seed(seed)
  reticulate::py_set_seed(seed)
  keras$utils$set_random_seed(seed)
}

to_categorical <- function(x, num_classes = NULL) {
  if (is.factor(x)) {
    x <- array(as.integer(x) - 1L, dim = length(x))
  } else if (is.double(x)) {
    x <- as.array(as_int(x))
  }
  keras$utils$to_categorical(x, as_int(num_classes))
}

adapt <- function(object, data, ..., batch_size = NULL, steps = NULL) {
  args <- given()
  args <- by_rule(args[!names(args) %in% c("object", "data")], "adapt")
  do.call(object$adapt, c(list(as_float_array(data)), args))
  invisible(object)
}

get_vocabulary <- function(object, include_special_tokens = TRUE) {
  object$get_vocabulary(include_special_tokens = include_special_tokens)
}

set_vocabulary <- function(object, vocabulary, idf_weights = NULL, ...) {
  object$set_vocabulary(vocabulary, idf_weights = idf_weights, ...)
  invisible(object)
}

#' One of Keras' data sets, as list(train = list(x, y), test = list(x, y))
#'
#' @param convert Whether the arrays become R's or stay NumPy's.
data_set <- function(name, convert, args = list()) {
  module <- import(paste0("keras.datasets.", name), convert = FALSE)
  found <- iterate(do.call(module$load_data, args), simplify = FALSE)
  lapply(stats::setNames(found, c("train", "test")), function(part) {
    part <- stats::setNames(iterate(part, simplify = FALSE), c("x", "y"))
    if (convert) lapply(part, py_to_r) else part
  })
}

dataset_cifar10 <- function(convert = TRUE) data_set("cifar10", convert)

dataset_imdb <- function(path = "imdb.npz", num_words = NULL, skip_top = 0L,
                         maxlen = NULL, seed = 113L, start_char = 1L,
                         oov_char = 2L, index_from = 3L, convert = TRUE) {
  args <- given(without = "convert")
  found <- data_set("imdb", convert, by_rule(args, "dataset_imdb"))
  if (!convert) return(found)
  lapply(found, function(part) {
    list(x = lapply(part$x, identity), y = as.integer(part$y))
  })
}

image_to_array <- function(img, data_format = NULL, dtype = NULL) {
  type <- if (is.null(dtype)) "double" else dtype
  utils <- import("keras.utils", convert = FALSE)
  array <- utils$img_to_array(
    img, data_format = data_format,
    dtype = switch(type, double = "float64", integer = "int32", type)
  )
  if (type %in% c("double", "integer")) py_to_r(array) else array
}

method("as.array", "PIL.Image.Image", function(x, ...) image_to_array(x, ...))

application_preprocess_inputs <- function(model, x, ..., data_format = NULL) {
  module <- attr(model, "application", exact = TRUE)
  if (is.null(module)) {
    stop("The model was not made by an application_ function, so that how it ",
         "wants its input is not known.", call. = FALSE)
  }
  preprocess <- import(module, convert = FALSE)$preprocess_input
  run <- function(x, ..., data_format = NULL) {
    x <- as_float_array(x)
    if (inherits(x, "numpy.ndarray")) x <- x$copy()
    preprocess(x, data_format = data_format, ...)
  }
  if (missing(x)) run else run(x, ..., data_format = data_format)
}

# ---- tensors ----

custom_metric <- function(name, metric_fn) as_callable(metric_fn, name)

#' Dimensions as keras3 holds them: integers, and NULL for an open one
#'
#' @param ... Integers, NA or NULL for an open dimension, vectors, lists, or
#'   one array or tensor, whose shape this is.
shape <- function(...) {
  dims <- function(x) {
    if (is_py(x)) {
      lapply(keras$ops$shape(x), dims)
    } else if (is.array(x)) {
      as.list(dim(x))
    } else if (is.null(x)) {
      list(NULL)
    } else if (length(x) != 1 || is.list(x)) {
      lapply(x, dims)
    } else if (is.na(x) || x == -1) {
      list(NULL)
    } else {
      list(as.integer(x))
    }
  }
  flat <- function(x) if (is.list(x)) do.call(c, lapply(x, flat)) else list(x)
  structure(flat(lapply(list(...), dims)), class = "keras_shape")
}

op_shape <- function(x) shape(x)

method("format", "keras_shape", function(x, ...) {
  dims <- vapply(unclass(x), function(n) {
    if (is.null(n)) "NA" else format(n)
  }, "")
  paste0("shape(", paste(dims, collapse = ", "), ")")
})
method("print", "keras_shape", function(x, ...) {
  writeLines(format(x))
  invisible(x)
})
method("==", "keras_shape", function(e1, e2) identical(shape(e1), shape(e2)))
method("r_to_py", "keras_shape", function(x, convert = FALSE) as_shape(x))

op_convert_to_tensor <- function(x, dtype = NULL, sparse = NULL,
                                 ragged = NULL) {
  if (is.character(dtype) && is.double(x) && grepl("int", dtype)) {
    storage.mode(x) <- "integer"
  }
  if (is.atomic(x) && length(x) > 1) x <- as.array(x)
  keras$ops$convert_to_tensor(x, dtype, sparse)
}

op_convert_to_array <- function(x) keras$ops$convert_to_numpy(x)

op_convert_to_numpy <- function(x) {
  import("keras.ops", convert = FALSE)$convert_to_numpy(x)
}

op_reshape <- function(x, newshape) {
  keras$ops$reshape(as_float_array(x), as_shape(shape(newshape), open = -1L))
}

op_matmul <- function(x1, x2) keras$ops$matmul(like(x1, x2), like(x2, x1))

zip_lists <- function(...) {
  lists <- list(...)
  if (length(lists) == 1) lists <- lists[[1]]
  names <- names(lists[[1]])
  lists <- lapply(lists, function(x) {
    if (!setequal(names(x), names) || length(x) != length(lists[[1]])) {
      stop("All names of arguments provided to `zip_lists()` must match.",
           call. = FALSE)
    }
    if (is.null(names)) x else x[names]
  })
  zipped <- lapply(seq_along(lists[[1]]), function(i) lapply(lists, `[[`, i))
  stats::setNames(zipped, names)
}

#' An R value beside a tensor, in the tensor's type
like <- function(x, tensor) {
  if (is_py(x) || !inherits(tensor, TENSOR)) return(x)
  keras$ops$convert_to_tensor(
    if (length(x) > 1) as.array(x) else x,
    dtype = keras$backend$standardize_dtype(tensor$dtype)
  )
}

OPERATORS <- c(
  "+" = "add", "-" = "subtract", "*" = "multiply", "/" = "divide",
  "^" = "power", "%%" = "mod", "%/%" = "floor_divide", "==" = "equal",
  "!=" = "not_equal", "<" = "less", "<=" = "less_equal", ">" = "greater",
  ">=" = "greater_equal", "&" = "logical_and", "|" = "logical_or"
)

tensor_operator <- function(e1, e2) {
  if (missing(e2)) {
    return(switch(.Generic,
                  "-" = keras$ops$negative(e1),
                  "!" = keras$ops$logical_not(e1),
                  e1))
  }
  if (.Generic == "^" && identical(as.numeric(e2), 2)) {
    return(keras$ops$square(e1))
  }
  keras$ops[[OPERATORS[[.Generic]]]](like(e1, e2), like(e2, e1))
}

tensor_function <- function(x, ...) {
  if (...length()) lacking(paste0(.Generic, "(<tensor>, <more>)"))
  name <- switch(.Generic, abs = "absolute", ceiling = "ceil",
                 acos = "arccos", asin = "arcsin", atan = "arctan", .Generic)
  keras$ops[[name]](x)
}

tensor_summary <- function(x, ..., axis = NULL, keepdims = FALSE) {
  # R adds na.rm = FALSE to every call of these functions.
  if (!identical(list(...), list(na.rm = FALSE))) {
    lacking(paste0(.Generic, "() of several tensors"))
  }
  keras$ops[[.Generic]](x, axis = as_axis(axis), keepdims = keepdims)
}

for (class in c(TENSOR, SYMBOLIC)) {
  method("Ops", class, tensor_operator)
  method("Math", class, tensor_function)
  method("Summary", class, tensor_summary)
}
method("mean", TENSOR, function(x, ..., axis = NULL, keepdims = FALSE) {
  keras$ops$mean(x, axis = as_axis(axis), keepdims = keepdims)
})
method("dim", TENSOR, function(x) as.integer(unlist(keras$ops$shape(x))))
method("length", TENSOR, function(x) as.integer(keras$ops$size(x)))
method("as.array", TENSOR, function(x, ...) op_convert_to_array(x))
method("as.double", TENSOR, function(x, ...) as.double(as.array(x)))
method("as.integer", TENSOR, function(x, ...) as.integer(as.array(x)))
method("[", TENSOR, function(x, ...) lacking("`[` for a tensor"))

#' c(a, c(b, d)) %<-% list(1, list(2, 3)) gives a, b and d their values
`%<-%` <- function(x, value) {
  frame <- parent.frame()
  give <- function(names, values) {
    if (!is.call(names)) return(assign(as.character(names), values, frame))
    parts <- as.list(names)[-1]
    if (length(values) < length(parts)) {
      stop("Only ", length(values), " values for ", deparse1(names),
           call. = FALSE)
    }
    Map(give, parts, as.list(values)[seq_along(parts)])
  }
  give(substitute(x), value)
  invisible(value)
}

# ---- what is lacking ----

#' Stop where keras3 would go on
lacking <- function(what) {
  stop(
    what, " is part of keras3, not of the bridge that stands in for it here. ",
    "Get keras3 by install.packages(\"keras3\"), then restart R.",
    call. = FALSE
  )
}

if (requireNamespace("magrittr", quietly = TRUE)) {
  assign("%>%", getExportedValue("magrittr", "%>%"))
  OFFERED <- c(OFFERED, "%>%")
} else {
  LACKING <- c(LACKING, "%>%")
}
newaxis <- NULL
OFFERED <- c(OFFERED, LACKING, words(
  "%<-% adapt application_preprocess_inputs bidirectional compile count_params
  custom_metric dataset_cifar10 dataset_imdb evaluate fit freeze_weights
  from_config get_config get_layer get_vocabulary get_weights image_to_array
  keras keras_model keras_model_sequential layer_input load_model
  load_model_weights newaxis op_convert_to_array op_convert_to_numpy
  op_convert_to_tensor op_matmul op_reshape op_shape pop_layer reset_state
  save_model save_model_weights set_random_seed set_vocabulary set_weights
  shape tf time_distributed to_categorical unfreeze_weights zip_lists"
))
for (name in LACKING) {
  local({
    what <- paste0(name, "()")
    assign(name, function(...) lacking(what), envir = bridge)
  })
}

# ---- attaching ----

#' Attach keras3's names, and only those, as a package would
attach_bridge <- function() {
  if ("keras_bridge" %in% search()) detach("keras_bridge")
  attached <- attach(NULL, name = "keras_bridge")
  for (name in OFFERED) {
    local({
      name <- name
      delayedAssign(name, get(name, bridge), assign.env = attached)
    })
  }
  for (name in names(METHODS)) {
    of <- METHODS[[name]]
    registerS3method(of[[1]], of[[2]], get(name, bridge), envir = bridge)
  }
  options(deeptwins.keras = "bridge")
  packageStartupMessage(
    "keras3 is not installed: its functions come from r/keras_bridge.R."
  )
}

if (!isNamespaceLoaded("keras3")) attach_bridge()
