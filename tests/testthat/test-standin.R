# The contract of r/standin: the same calls with it, with Keras from Python
# and, where it is installed, with the real keras3.

local_edition(3)
homes <- implementations()

# All names of keras3, as the stand-in has them; the offered ones are marked.
table <- read.dcf(file.path(project_root(), "r/standin/inst/names.dcf"))[1, ]
entries <- unlist(lapply(names(table), function(family) {
  words <- scan(text = table[[family]], what = "", quiet = TRUE)[-1]
  paste0(if (family != "other") paste0(family, "_"), words)
}))
known <- sub("(\\*|=.*)$", "", entries)
made <- known[grepl("\\*$|=", entries)]

# R code and, for the same value, Python code. What a twin or an entry of the
# phrasebook calls is compared there.
BUILT <- c(
  "layer_dense(, 3, 'softmax', kernel_regularizer = regularizer_l2(0.01))" =
    "layers.Dense(3, 'softmax', kernel_regularizer=keras.regularizers.L2(.01))",
  "layer_conv_2d(filters = 32, kernel_size = c(3, 3), strides = 2,
     padding = 'same', activation = 'relu')" =
    "layers.Conv2D(32, (3, 3), strides=2, padding='same', activation='relu')",
  "layer_layer_normalization(axis = 2)" = "layers.LayerNormalization(axis=1)",
  "layer_embedding(input_dim = 1000, output_dim = 16, mask_zero = TRUE)" =
    "layers.Embedding(1000, 16, mask_zero=True)",
  "layer_bidirectional(layer = layer_gru(units = 4))" =
    "layers.Bidirectional(keras.layers.GRU(4))",
  "layer_rescaling(scale = 1 / 255, offset = -1)" =
    "layers.Rescaling(1 / 255, offset=-1.0)",
  "layer_random_zoom(height_factor = c(-0.2, 0), fill_mode = 'nearest')" =
    "layers.RandomZoom((-0.2, 0.0), fill_mode='nearest')",
  "layer_reshape(target_shape = c(2, NA))" = "layers.Reshape((2, -1))",
  "optimizer_adam(learning_rate_schedule_exponential_decay(0.1, 100, 0.9))" =
    "optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(.1, 100, .9))",
  "callback_early_stopping(patience = 3, restore_best_weights = TRUE)" =
    "callbacks.EarlyStopping(patience=3, restore_best_weights=True)",
  "metric_auc(curve = 'PR')" = "metrics.AUC(curve='PR')"
)

DONE <- list(
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
      x, rep(c(0, 1), 4), epochs = 2, batch_size = 2, verbose = 0,
      validation_split = 0.25
    )
    list(get_weights(model), history$metrics)", "
x = (np.arange(1, 721) / 720).reshape(8, 6, 5, 3).astype('float32')
keras.utils.set_random_seed(3)
inputs = keras.Input((6, 5, 3))
base = keras.Sequential([L.InputLayer((6, 5, 3)), L.Conv2D(4, 3), L.Dense(2)])
base.layers[0].trainable = False
features = base(L.RandomFlip('horizontal', seed=5)(inputs))
left = L.GlobalAveragePooling2D()(features)
right = L.Dense(2)(L.Flatten()(features))
outputs = L.Dense(1, 'sigmoid')(L.Concatenate()([left, right]))
model = keras.Model(inputs, outputs)
model.compile('sgd', 'binary_crossentropy',
              metrics=[keras.metrics.AUC(name='auc')])
history = model.fit(x, np.tile([0., 1.], 4), epochs=2, batch_size=2,
                    verbose=0, validation_split=0.25)
result = [model.get_weights(), history.history]"),
  attention = c("
    set_random_seed(5)
    inputs <- keras_input(c(3, 4))
    outputs <- inputs |>
      layer_dense(4, kernel_initializer = initializer_he_normal()) |>
      (function(x) list(x, x))() |>
      layer_multi_head_attention(2, 3) |> layer_flatten() |>
      layer_dense(1, kernel_initializer = initializer_he_uniform())
    model <- keras_model(inputs, outputs)
    model |> compile('sgd', 'mse')
    list(get_weights(model), model$get_compile_config()$metrics)", "
keras.utils.set_random_seed(5)
last = keras.initializers.HeUniform()  # R's pipe: what is piped in comes last
attention = L.MultiHeadAttention(2, 3)
first = keras.initializers.HeNormal()
inputs = keras.Input((3, 4))
x = L.Dense(4, kernel_initializer=first)(inputs)
x = L.Flatten()(attention(x, x))
model = keras.Model(inputs, L.Dense(1, kernel_initializer=last)(x))
model.compile('sgd', 'mse')
result = [model.get_weights(), model.get_compile_config()['metrics']]"),
  numbers = c("
    with(import('tensorflow')$GradientTape() %as% tape, {
      point <- import('tensorflow')$Variable(c(3, 1))
      value <- (point + 1)^2 * 2 - point / 4
    })
    m <- matrix(c(5, 2, 1, 4, 3, 0), 2)
    lapply(list(
      tape$gradient(value, point), op_sum(m, axis = 2, keepdims = TRUE),
      op_argmax(m, axis = 2), op_concatenate(list(m, m), axis = 1),
      op_sqrt(op_square(op_subtract(m, 1))), op_expand_dims(m, 3)
    ), function(one) as.array(as.numeric(as.array(one))))", "
m = np.array([[5, 1, 3], [2, 4, 0]], 'float64')
result = [a.ravel('F') for a in (
    np.array([15.75, 7.75]), m.sum(1), np.array([1., 2.]),
    np.concatenate([m, m]), abs(m - 1), m)]"),
  shown = c("
    history <- structure(list(params = list(epochs = 12L), metrics = list(
      loss = 9:1 / 7, val_loss = 1:9 / 3
    )), class = 'keras_training_history')
    figure <- ggplot2::ggplot_build(plot(history))
    model <- keras_model_sequential(input_shape = 4, name = 'm') |>
      layer_dense(2, name = 'd')
    list(as.data.frame(history), capture.output(print(model)), figure$data,
         capture.output(summary(model)))"
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
  "adapt(layer_normalization(), iris)" = "`data` is a data frame",
  "loss_hinge(1, 2)" = "install.packages\\(\"keras3\"\\)",
  "op_fft(x)" = "op_fft\\(\\).*install.packages\\(\"keras3\"\\)",
  "op_sum(x, axis = 0)" = "1 based",
  "get_layer(model, index = 0)" = "1 based"
)
# In R files all names of keras3 count, in texts those with a family's prefix.
in_texts <- called_in("book", "(qmd|yml)$", known)
families <- paste0("^", setdiff(names(table), "other"), "_", collapse = "|")
wanted <- c(called_in("r", "R$", known), grep(families, in_texts, value = TRUE))
stubs <- "Filter(function(name) {
  grepl('lacking(paste0', deparse1(body(get(name))), fixed = TRUE)
}, ls('package:keras3'))"
model <- "model <- keras_model_sequential(input_shape = 4) |> layer_dense(1)
  model |> compile('sgd', 'mse')\n"
said <- evaluate_apart(homes$standin, c(stubs, paste(model, names(REFUSED))),
                       given = flowers)$r

test_that("data that Keras would mistake is refused, and what is lacking", {
  for (i in seq_along(REFUSED)) expect_match(said[[i + 1]], REFUSED[[i]])
})

test_that("the stand-in has every function that the course calls", {
  expect_gt(length(wanted), 40)
  expect_identical(intersect(c(wanted, made), said[[1]]), character())
})

test_that("it loads at once, says what it is and starts no Python", {
  code <- paste0("
    loadNamespace('reticulate')
    time <- system.time(library(keras3, lib.loc = '", homes$standin, "'))
    cat(time[['user.self']] < 0.3, reticulate::py_available(),
        packageVersion('keras3', '", homes$standin, "') < '0.1')")
  heard <- system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)),
                   stdout = TRUE, stderr = TRUE)
  expect_match(heard, "course's stand-in.*install.packages", all = FALSE)
  expect_match(heard, "TRUE FALSE TRUE", all = FALSE)
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
    theirs <- as.character(found$keras3[[1]][[name]])
    ours <- as.character(found$standin[[1]][[name]])
    if (grepl("^(loss|metric)_", name)) next # the stand-in has only objects
    theirs <- setdiff(theirs, "vocabulary_dtype") # Keras has it no more
    expect_identical(setdiff(theirs, c(ours, "...")), character(), info = name)
    # The first may come without their names.
    first <- head(theirs[cumsum(theirs == "...") == 0], 4)
    expect_identical(head(ours, length(first)), first, info = name)
  }
})
