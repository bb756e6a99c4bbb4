# The contract of r/standin: the same calls with it, with Keras from Python
# and, where it is installed, with the real keras3.

local_edition(3)
standin <- tempfile("library")
dir.create(standin)
system2(
  file.path(R.home("bin"), "R"),
  c("CMD", "INSTALL", "--no-docs", "--no-byte-compile", "--no-test-load",
    paste0("--library=", standin), file.path(project_root(), "r/standin")),
  stdout = FALSE, stderr = FALSE
)
libraries <- Filter(function(library) {
  found <- system.file("DESCRIPTION", package = "keras3", lib.loc = library)
  nzchar(found) && package_version(read.dcf(found, "Version")[[1]]) > "0.1"
}, .libPaths())
homes <- c(standin = standin, keras3 = libraries[1])
homes <- homes[!is.na(homes)]

# All names of keras3, as the stand-in has them; the offered ones are marked.
table <- read.dcf(file.path(project_root(), "r/standin/inst/names.dcf"))[1, ]
entries <- unlist(lapply(names(table), function(family) {
  words <- scan(text = table[[family]], what = "", quiet = TRUE)[-1]
  paste0(if (family != "other") paste0(family, "_"), words)
}))
known <- sub("(\\*|=.*)$", "", entries)
made <- known[grepl("\\*$|=", entries)]

# R code, and Python code for the same value.
BUILT <- c(
  "layer_dense(units = 10)" = "layers.Dense(10)",
  "layer_dense(, 3, 'softmax', kernel_regularizer = regularizer_l2(0.01))" =
    "layers.Dense(3, 'softmax', kernel_regularizer=keras.regularizers.L2(.01))",
  "layer_conv_1d(filters = 8, kernel_size = 5)" = "layers.Conv1D(8, 5)",
  "layer_conv_2d(filters = 32, kernel_size = c(3, 3), strides = 2,
     padding = 'same', activation = 'relu')" =
    "layers.Conv2D(32, (3, 3), strides=2, padding='same', activation='relu')",
  "layer_max_pooling_2d(pool_size = c(2, 2))" = "layers.MaxPooling2D((2, 2))",
  "layer_average_pooling_2d(pool_size = 2, strides = 1)" =
    "layers.AveragePooling2D(2, strides=1)",
  "layer_global_average_pooling_1d()" = "layers.GlobalAveragePooling1D()",
  "layer_dropout(rate = 0.5, seed = 1)" = "layers.Dropout(0.5, seed=1)",
  "layer_batch_normalization(axis = -1, momentum = 0.9)" =
    "layers.BatchNormalization(axis=-1, momentum=0.9)",
  "layer_layer_normalization(axis = 2)" = "layers.LayerNormalization(axis=1)",
  "layer_embedding(input_dim = 1000, output_dim = 16, mask_zero = TRUE)" =
    "layers.Embedding(1000, 16, mask_zero=True)",
  "layer_lstm(units = 16, return_sequences = TRUE, dropout = 0.2)" =
    "layers.LSTM(16, return_sequences=True, dropout=0.2)",
  "layer_bidirectional(layer = layer_gru(units = 4), merge_mode = 'sum')" =
    "layers.Bidirectional(keras.layers.GRU(4), merge_mode='sum')",
  "layer_masking(mask_value = 0)" = "layers.Masking(0.0)",
  "layer_text_vectorization(max_tokens = 9, output_sequence_length = 6)" =
    "layers.TextVectorization(9, output_sequence_length=6)",
  "layer_rescaling(scale = 1 / 255, offset = -1)" =
    "layers.Rescaling(1 / 255, offset=-1.0)",
  "layer_random_flip(mode = 'horizontal', seed = 2)" =
    "layers.RandomFlip('horizontal', seed=2)",
  "layer_random_zoom(height_factor = c(-0.2, 0), fill_mode = 'nearest')" =
    "layers.RandomZoom((-0.2, 0.0), fill_mode='nearest')",
  "layer_reshape(target_shape = c(2, NA))" = "layers.Reshape((2, -1))",
  "layer_multi_head_attention(num_heads = 2, key_dim = 8)" =
    "layers.MultiHeadAttention(2, 8)",
  "layer_concatenate(axis = 2)" = "layers.Concatenate(axis=1)",
  "keras_model_sequential(input_shape = c(28, 28, 1), layers =
     list(layer_flatten(), layer_dense(units = 2)))" =
    "Sequential([keras.layers.InputLayer((28, 28, 1)), keras.layers.Flatten(),
      keras.layers.Dense(2)])",
  "optimizer_sgd(learning_rate = 0.1, momentum = 0.9, nesterov = TRUE)" =
    "optimizers.SGD(0.1, momentum=0.9, nesterov=True)",
  "optimizer_adam(learning_rate_schedule_exponential_decay(0.1, 100, 0.9))" =
    "optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(.1, 100, .9))",
  "callback_early_stopping(patience = 3, restore_best_weights = TRUE)" =
    "callbacks.EarlyStopping(patience=3, restore_best_weights=True)",
  "callback_reduce_lr_on_plateau(factor = 0.5, patience = 2, min_lr = 1e-4)" =
    "callbacks.ReduceLROnPlateau(factor=0.5, patience=2, min_lr=1e-4)",
  "loss_binary_crossentropy(from_logits = TRUE)" =
    "losses.BinaryCrossentropy(from_logits=True)",
  "metric_auc(curve = 'PR')" = "metrics.AUC(curve='PR')",
  "initializer_random_normal(stddev = 0.1, seed = 4)" =
    "initializers.RandomNormal(stddev=0.1, seed=4)"
)

DONE <- list(
  iris = c("
    set_random_seed(7)
    model <- keras_model_sequential(input_shape = 4) |>
      layer_normalization() |> layer_dense(10, activation = 'relu') |>
      layer_dropout(0.25) |> layer_dense(3, activation = 'softmax')
    model |> get_layer(index = 1) |> adapt(x)
    model |> compile(optimizer_adam(0.01), 'sparse_categorical_crossentropy',
                     metrics = 'accuracy')
    history <- model |> fit(
      x, y, epochs = 3, batch_size = 16, validation_split = 0.2, verbose = 0,
      class_weight = list('0' = 1, '1' = 2, '2' = 1)
    )
    list(get_weights(model), history$metrics, predict(model, x, verbose = 0),
         evaluate(model, x, y, verbose = 0), count_params(model))", "
x, y = np.array(x, 'float32', order='C'), np.array(y)
keras.utils.set_random_seed(7)
model = keras.Sequential([
    keras.layers.InputLayer((4,)), keras.layers.Normalization(),
    keras.layers.Dense(10, 'relu'), keras.layers.Dropout(0.25),
    keras.layers.Dense(3, 'softmax')])
model.layers[0].adapt(x)
model.compile(keras.optimizers.Adam(0.01), 'sparse_categorical_crossentropy',
              metrics=['accuracy'])
history = model.fit(x, y, epochs=3, batch_size=16, validation_split=0.2,
                    verbose=0, class_weight={0: 1.0, 1: 2.0, 2: 1.0})
result = [model.get_weights(), history.history, model.predict(x, verbose=0),
          model.evaluate(x, y, verbose=0, return_dict=True),
          model.count_params()]"),
  images = c("
    x <- array_reshape(seq_len(720) / 720, c(8, 6, 5, 3))
    set_random_seed(3)
    inputs <- keras_input(shape = c(6, 5, 3))
    base <- keras_model_sequential(input_shape = c(6, 5, 3)) |>
      layer_conv_2d(4, c(3, 3)) |> layer_dense(2)
    freeze_weights(base, to = 1)
    features <- inputs |> layer_random_flip('horizontal', seed = 5) |> base()
    left <- features |> layer_global_average_pooling_2d()
    right <- features |> layer_flatten() |> layer_dense(2)
    model <- keras_model(inputs, layer_concatenate(left, right) |>
                           layer_dense(1, activation = 'sigmoid'))
    model |> compile('sgd', 'binary_crossentropy', metric_auc(name = 'auc'))
    history <- model |> fit(
      x, rep(c(0, 1), 4), epochs = 2, batch_size = 4, verbose = 0,
      validation_data = list(x, rep(c(1, 0), 4))
    )
    list(get_weights(model), history$metrics)", "
x = (np.arange(1, 721) / 720).reshape(8, 6, 5, 3).astype('float32')
zeros, ones = np.tile([0., 1.], 4), np.tile([1., 0.], 4)
keras.utils.set_random_seed(3)
inputs = keras.Input((6, 5, 3))
base = keras.Sequential([keras.layers.InputLayer((6, 5, 3)),
                         keras.layers.Conv2D(4, (3, 3)),
                         keras.layers.Dense(2)])
base.layers[0].trainable = False
features = base(keras.layers.RandomFlip('horizontal', seed=5)(inputs))
left = keras.layers.GlobalAveragePooling2D()(features)
right = keras.layers.Dense(2)(keras.layers.Flatten()(features))
outputs = keras.layers.Concatenate()([left, right])
model = keras.Model(inputs, keras.layers.Dense(1, 'sigmoid')(outputs))
model.compile('sgd', 'binary_crossentropy',
              metrics=[keras.metrics.AUC(name='auc')])
history = model.fit(x, zeros, epochs=2, batch_size=4, verbose=0,
                    validation_data=(x, ones))
result = [model.get_weights(), history.history]"),
  attention = c("
    set_random_seed(5)
    inputs <- keras_input(c(3, 4))
    outputs <- inputs |>
      layer_dense(4, kernel_initializer = initializer_he_normal()) |>
      (function(x) list(x, x))() |>
      layer_multi_head_attention(2, 3) |>
      layer_flatten() |>
      layer_dense(1, kernel_initializer = initializer_he_uniform())
    get_weights(keras_model(inputs, outputs))", "
keras.utils.set_random_seed(5)
last = keras.initializers.HeUniform()  # R's pipe: what is piped in comes last
attention = keras.layers.MultiHeadAttention(2, 3)
first = keras.initializers.HeNormal()
inputs = keras.Input((3, 4))
x = keras.layers.Dense(4, kernel_initializer=first)(inputs)
x = keras.layers.Flatten()(attention(x, x))
outputs = keras.layers.Dense(1, kernel_initializer=last)(x)
result = keras.Model(inputs, outputs).get_weights()"),
  words = c("
    x <- pad_sequences(list(c(1, 2), 3:6, c(7, 8, 9, 10, 11)), maxlen = 4)
    words <- layer_text_vectorization(output_sequence_length = 7)
    words |> adapt(c('the cat ran to the park', 'The dog ran!'))
    list(x, get_vocabulary(words), as.array(words('the dog')),
         to_categorical(c(0, 2, 1)), to_categorical(iris$Species[c(1, 150)]))",
    "
x = np.array([[0, 0, 1, 2], [3, 4, 5, 6], [8, 9, 10, 11]], 'int32')
words = keras.layers.TextVectorization(output_sequence_length=7)
words.adapt(['the cat ran to the park', 'The dog ran!'])
result = [x, words.get_vocabulary(), words('the dog').numpy(),
          np.eye(3)[[0, 2, 1]], np.eye(3)[[0, 2]]]"),
  numbers = c("
    with(reticulate::import('tensorflow')$GradientTape() %as% tape, {
      point <- op_convert_to_tensor(c(3, 1))
      tape$watch(point)
      value <- (point + 1)^2 * 2 - point / 4
    })
    m <- matrix(c(5, 2, 1, 4, 3, 0), 2)
    lapply(list(
      tape$gradient(value, point), op_sum(m, axis = 2, keepdims = TRUE),
      op_argmax(m, axis = 2), op_concatenate(list(m, m), axis = 1),
      op_sqrt(op_square(op_subtract(m, 1))), op_expand_dims(m, 3)
    ), function(one) as.numeric(as.array(one)))", "
m = np.array([[5, 1, 3], [2, 4, 0]], 'float64')
result = [a.ravel('F') for a in (
    np.array([15.75, 7.75]), m.sum(1), np.array([1., 2.]),
    np.concatenate([m, m]), abs(m - 1), m)]"),
  shown = c("
    history <- structure(list(params = list(epochs = 12L), metrics = list(
      loss = 12:1 / 7, val_loss = 1:9 / 3
    )), class = 'keras_training_history')
    figure <- ggplot2::ggplot_build(plot(history))
    model <- keras_model_sequential(input_shape = 4, name = 'm') |>
      layer_dense(2, name = 'd')
    list(as.data.frame(history), capture.output(print(model)), figure$data,
         capture.output(summary(model)), figure$layout$panel_params[[1]]$x$breaks)"
  )
)
codes <- c(names(BUILT), vapply(DONE, `[[`, "", 1))
python <- c(paste0("result = keras.", BUILT),
            vapply(DONE[lengths(DONE) == 2], `[[`, "", 2))
flowers <- list(x = as.matrix(iris[, 1:4]), y = as.integer(iris$Species) - 1L)
answers <- lapply(homes, evaluate_apart, codes, python, flowers)

test_that("every call gives what Python gives, bit by bit", {
  truth <- answers$standin$python
  for (i in seq_along(truth)) {
    for (name in names(homes)) {
      expect_identical(answers[[name]]$r[[i]], truth[[i]],
                       info = paste0(name, ": ", codes[[i]]))
    }
  }
})

test_that("models and histories are shown as keras3 shows them", {
  shown <- lapply(answers, function(one) one$r[[length(codes)]])
  expect_identical(dim(shown$standin[[1]]), c(24L, 4L))
  expect_match(shown$standin[[2]], "Total params: 10", all = FALSE)
  if ("keras3" %in% names(homes)) expect_equal(shown$standin, shown$keras3)
})

# ---- what the real keras3 lets pass ----

REFUSED <- c(
  "fit(model, iris, y)" = "`x` is a data frame.*as.matrix",
  "fit(model, x, iris$Species)" = "`y` is a factor.*as.integer\\(y\\) - 1L",
  "fit(model, x, c(NA, y[-1]))" = "`y` has missing values.*is.na\\(y\\)",
  "fit(model, x, y, validation_data = list(replace(x, 3, NaN), y))" =
    "`validation_data\\[\\[1\\]\\]` has missing values",
  "evaluate(model, as.matrix(iris), y)" = "`x` is text",
  "fit(model, x, as.character(y))" = "`y` is text.*factor",
  "predict(model, structure(list(a = 1), class = c('tbl', 'data.frame')))" =
    "`x` is a data frame",
  "adapt(layer_normalization(), iris)" = "`data` is a data frame",
  "loss_hinge(1, 2)" = "install.packages\\(\"keras3\"\\)",
  "op_fft(x)" = "op_fft\\(\\).*install.packages\\(\"keras3\"\\)",
  "Layer('mine')" = "Layer\\(\\).*install.packages\\(\"keras3\"\\)",
  "op_sum(x, axis = 0)" = "1 based",
  "get_layer(model, index = 0)" = "1 based"
)
# The functions of keras3 that a text calls.
called_in <- function(paths) {
  text <- unlist(lapply(file.path(project_root(), paths), readLines,
                        encoding = "UTF-8", warn = FALSE))
  text <- sub("#.*", "", text)
  own <- sub(" <- function.*", "", grep("^\\w+ <- function", text, value = TRUE))
  calls <- regmatches(text, gregexpr("(?<![\\w.$:])[A-Za-z]\\w*(?=\\()", text,
                                     perl = TRUE))
  setdiff(intersect(unlist(calls), known), own)
}
below <- function(folder, pattern) {
  files <- list.files(file.path(project_root(), folder), pattern,
                      recursive = TRUE)
  file.path(folder, files)
}
course <- grep("standin", below("r", "R$"), invert = TRUE, value = TRUE)
text <- below("book", "(qmd|yml)$")
families <- paste0("^(", paste(setdiff(names(table), "other"),
                               collapse = "|"), ")_")
wanted <- c(called_in(course), grep(families, called_in(text), value = TRUE))
stubs <- "Filter(function(name) {
  grepl('lacking(paste0', deparse1(body(get(name))), fixed = TRUE)
}, ls('package:keras3'))"
said <- evaluate_apart(standin, c(stubs, paste0("
  model <- keras_model_sequential(input_shape = 4) |> layer_dense(1)
  model |> compile('sgd', 'mse')
  ", names(REFUSED))), given = flowers)$r

test_that("data that Keras would mistake is refused, and what is lacking", {
  for (i in seq_along(REFUSED)) expect_match(said[[i + 1]], REFUSED[[i]])
})

test_that("the stand-in has every function that the course calls", {
  expect_gt(length(wanted), 40)
  expect_identical(intersect(wanted, said[[1]]), character())
  expect_setequal(intersect(said[[1]], made), character())
})

test_that("it loads at once, says what it is and starts no Python", {
  heard <- system2(
    file.path(R.home("bin"), "Rscript"),
    c("-e", shQuote(paste0("
      loadNamespace('reticulate')
      time <- system.time(library(keras3, lib.loc = '", standin, "'))
      cat(time[['user.self']] < 0.3, reticulate::py_available())
      cat(packageVersion('keras3', '", standin, "') < '0.1')
    "))),
    stdout = TRUE, stderr = TRUE
  )
  expect_match(heard, "course's stand-in.*install.packages", all = FALSE)
  expect_match(heard, "TRUE FALSETRUE", all = FALSE)
})

test_that("its names and arguments are keras3's", {
  skip_if_not("keras3" %in% names(homes), "keras3 is not installed")
  arguments <- paste0("lapply(mget(c('", paste(made, collapse = "', '"), "'),
    as.environment('package:keras3')), function(f) names(formals(f)))")
  found <- lapply(homes, function(home) {
    evaluate_apart(home, c(arguments, "getNamespaceExports('keras3')"))$r
  })
  expect_setequal(found$keras3[[2]], c(known, "."))
  for (name in made) {
    theirs <- found$keras3[[1]][[name]]
    # Up to `...` they may come without their names.
    by_place <- theirs[cumsum(theirs == "...") == 0]
    if (grepl("^(loss|metric)_", name)) by_place <- character()
    ours <- found$standin[[1]][[name]]
    expect_identical(head(ours, length(by_place)), by_place, info = name)
  }
})
