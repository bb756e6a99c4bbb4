# The contract of r/keras_bridge.R: the same calls with the bridge, with Keras
# from Python, and, where it is installed, with the real keras3.

homes <- implementations()
flowers <- as.matrix(iris[, 1:4])
species <- as.integer(iris$Species) - 1L

# ---- what objects are built with ----

BUILT <- c(
  "layer_dense(units = 10)" = "layers.Dense(10)",
  "layer_dense(, 3, 'softmax', name = 'out', kernel_regularizer =
     regularizer_l2(0.01))" =
    "layers.Dense(3, 'softmax', kernel_regularizer=keras.regularizers.L2(.01))",
  "layer_dense(units = 2, activation = activation_relu, kernel_initializer =
     initializer_he_normal(seed = 3))" =
    "layers.Dense(2, activation='relu', kernel_initializer=
      keras.initializers.HeNormal(seed=3))",
  "layer_dense(units = 2, bias_constraint = constraint_maxnorm(2))" =
    "layers.Dense(2, bias_constraint=keras.constraints.MaxNorm(2))",
  "layer_conv_1d(filters = 8, kernel_size = 5)" = "layers.Conv1D(8, 5)",
  "layer_conv_2d(filters = 32, kernel_size = c(3, 3), strides = 2,
     padding = 'same', activation = 'relu')" =
    "layers.Conv2D(32, (3, 3), strides=2, padding='same', activation='relu')",
  "layer_conv_2d_transpose(filters = 4, kernel_size = 2, strides = c(2, 2))" =
    "layers.Conv2DTranspose(4, 2, strides=(2, 2))",
  "layer_separable_conv_2d(filters = 4, kernel_size = 3)" =
    "layers.SeparableConv2D(4, 3)",
  "layer_max_pooling_2d(pool_size = c(2, 2))" = "layers.MaxPooling2D((2, 2))",
  "layer_max_pooling_1d(pool_size = 3)" = "layers.MaxPooling1D(3)",
  "layer_average_pooling_2d(pool_size = 2, strides = 1)" =
    "layers.AveragePooling2D(2, strides=1)",
  "layer_global_average_pooling_2d()" = "layers.GlobalAveragePooling2D()",
  "layer_global_average_pooling_1d()" = "layers.GlobalAveragePooling1D()",
  "layer_global_max_pooling_1d()" = "layers.GlobalMaxPooling1D()",
  "layer_flatten()" = "layers.Flatten()",
  "layer_dropout(rate = 0.5, seed = 1)" = "layers.Dropout(0.5, seed=1)",
  "layer_batch_normalization(axis = -1, momentum = 0.9)" =
    "layers.BatchNormalization(axis=-1, momentum=0.9)",
  "layer_layer_normalization(axis = 2)" = "layers.LayerNormalization(axis=1)",
  "layer_embedding(input_dim = 1000, output_dim = 16, mask_zero = TRUE)" =
    "layers.Embedding(1000, 16, mask_zero=True)",
  "layer_lstm(units = 16, return_sequences = TRUE, dropout = 0.2)" =
    "layers.LSTM(16, return_sequences=True, dropout=0.2)",
  "layer_gru(units = 8)" = "layers.GRU(8)",
  "layer_simple_rnn(units = 4)" = "layers.SimpleRNN(4)",
  "layer_bidirectional(layer = layer_lstm(units = 4), merge_mode = 'sum')" =
    "layers.Bidirectional(keras.layers.LSTM(4), merge_mode='sum')",
  "layer_time_distributed(layer = layer_dense(units = 2))" =
    "layers.TimeDistributed(keras.layers.Dense(2))",
  "layer_masking(mask_value = 0)" = "layers.Masking(0.0)",
  "layer_text_vectorization(max_tokens = 9, output_sequence_length = 6)" =
    "layers.TextVectorization(9, output_sequence_length=6)",
  "layer_text_vectorization(output_mode = 'multi_hot', standardize = NULL)" =
    "layers.TextVectorization(output_mode='multi_hot', standardize=None)",
  "layer_category_encoding(num_tokens = 5, output_mode = 'one_hot')" =
    "layers.CategoryEncoding(5, output_mode='one_hot')",
  "layer_normalization(axis = -1)" = "layers.Normalization(axis=-1)",
  "layer_unit_normalization()" = "layers.UnitNormalization()",
  "layer_rescaling(scale = 1 / 255, offset = -1)" =
    "layers.Rescaling(1 / 255, offset=-1.0)",
  "layer_resizing(height = 24, width = 32)" = "layers.Resizing(24, 32)",
  "layer_random_flip(mode = 'horizontal', seed = 2)" =
    "layers.RandomFlip('horizontal', seed=2)",
  "layer_random_rotation(factor = 0.1)" = "layers.RandomRotation(0.1)",
  "layer_random_zoom(height_factor = 0.2)" = "layers.RandomZoom(0.2)",
  "layer_random_zoom(height_factor = c(-0.2, 0), fill_mode = 'nearest')" =
    "layers.RandomZoom((-0.2, 0.0), fill_mode='nearest')",
  "layer_random_shear(x_factor = 0.2, y_factor = c(0.1, 0.3), seed = 3)" =
    "layers.RandomShear(0.2, (0.1, 0.3), seed=3)",
  "layer_random_translation(height_factor = 0.1, width_factor = 0.2)" =
    "layers.RandomTranslation(0.1, 0.2)",
  "layer_zero_padding_2d(padding = c(1, 2))" = "layers.ZeroPadding2D((1, 2))",
  "layer_upsampling_2d(size = 2)" = "layers.UpSampling2D(2)",
  "layer_reshape(target_shape = c(2, NA))" = "layers.Reshape((2, -1))",
  "layer_permute(dims = c(2, 1))" = "layers.Permute((2, 1))",
  "layer_repeat_vector(n = 3)" = "layers.RepeatVector(3)",
  "layer_activation(activation = 'tanh')" = "layers.Activation('tanh')",
  "layer_activation_leaky_relu(negative_slope = 0.1)" =
    "layers.LeakyReLU(negative_slope=0.1)",
  "layer_multi_head_attention(num_heads = 2, key_dim = 8)" =
    "layers.MultiHeadAttention(2, 8)",
  "layer_concatenate(axis = 2)" = "layers.Concatenate(axis=1)",
  "layer_average()" = "layers.Average()",
  "layer_gaussian_noise(stddev = 0.1)" = "layers.GaussianNoise(0.1)",
  "keras_model_sequential(input_shape = c(28, 28, 1), layers =
     list(layer_flatten(), layer_dense(units = 2)))" =
    "Sequential([keras.layers.InputLayer((28, 28, 1)), keras.layers.Flatten(),
      keras.layers.Dense(2)])",
  "optimizer_sgd(0.01)" = "optimizers.SGD(0.01)",
  "optimizer_sgd(learning_rate = 0.1, momentum = 0.9, nesterov = TRUE)" =
    "optimizers.SGD(0.1, momentum=0.9, nesterov=True)",
  "optimizer_adam()" = "optimizers.Adam()",
  "optimizer_adam(learning_rate_schedule_exponential_decay(0.1, 100, 0.9))" =
    "optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(.1, 100, .9))",
  "optimizer_rmsprop(rho = 0.8)" = "optimizers.RMSprop(rho=0.8)",
  "optimizer_adam_w(weight_decay = 0.01)" =
    "optimizers.AdamW(weight_decay=0.01)",
  "optimizer_nadam(gradient_accumulation_steps = 2)" =
    "optimizers.Nadam(gradient_accumulation_steps=2)",
  "callback_early_stopping(patience = 3, restore_best_weights = TRUE)" =
    "callbacks.EarlyStopping(patience=3, restore_best_weights=True)",
  "callback_model_checkpoint('best.keras', save_best_only = TRUE)" =
    "callbacks.ModelCheckpoint('best.keras', save_best_only=True)",
  "callback_reduce_lr_on_plateau(factor = 0.5, patience = 2, min_lr = 1e-4)" =
    "callbacks.ReduceLROnPlateau(factor=0.5, patience=2, min_lr=1e-4)",
  "callback_csv_logger('log.csv')" = "callbacks.CSVLogger('log.csv')",
  "callback_terminate_on_nan()" = "callbacks.TerminateOnNaN()",
  "callback_tensorboard('logs', histogram_freq = 1)" =
    "callbacks.TensorBoard('logs', histogram_freq=1)",
  "loss_binary_crossentropy(from_logits = TRUE)" =
    "losses.BinaryCrossentropy(from_logits=True)",
  "loss_sparse_categorical_crossentropy()" =
    "losses.SparseCategoricalCrossentropy()",
  "loss_dice()" = "losses.Dice()",
  "metric_auc(curve = 'PR')" = "metrics.AUC(curve='PR')",
  "metric_binary_accuracy(threshold = 0.4)" =
    "metrics.BinaryAccuracy(threshold=0.4)",
  "metric_precision(thresholds = 0.7, top_k = 2)" =
    "metrics.Precision(thresholds=0.7, top_k=2)",
  "metric_sparse_top_k_categorical_accuracy(k = 3)" =
    "metrics.SparseTopKCategoricalAccuracy(k=3)",
  "initializer_glorot_uniform(seed = 2)" =
    "initializers.GlorotUniform(seed=2)",
  "initializer_random_normal(stddev = 0.1, seed = 4)" =
    "initializers.RandomNormal(stddev=0.1, seed=4)",
  "regularizer_l1(0.001)" = "regularizers.L1(0.001)",
  "regularizer_l1_l2(0.1, 0.2)" = "regularizers.L1L2(0.1, 0.2)"
)

test_that("objects have the configuration that Python gives them", {
  for (code in names(BUILT)) {
    expected <- python_facts(
      python_result(paste0("result = keras.", BUILT[[code]]))
    )
    for (name in names(homes)) {
      expect_identical(
        python_facts(evaluate_with(homes[[name]], code)), expected,
        info = paste0(name, ": ", code)
      )
    }
  }
})

test_that("an argument that keras3 cuts to an integer is cut, with a warning", {
  code <- "as.numeric(callback_early_stopping(min_delta = 0.5)$min_delta)"
  suppressWarnings(expect_with_each(homes, code, 0))
  expect_warning(evaluate_with(homes$bridge, code), "0.5 becomes 0")
})

# ---- training ----

IRIS_R <- "
  set_random_seed(7)
  model <- keras_model_sequential(input_shape = 4) |>
    layer_dense(10, activation = 'relu') |>
    layer_dropout(0.25) |>
    layer_dense(3, activation = 'softmax')
  start <- get_weights(model)
  model |> compile(
    optimizer = optimizer_adam(0.01),
    loss = loss_sparse_categorical_crossentropy(), metrics = 'accuracy'
  )
  history <- model |> fit(
    x, y, epochs = 3, batch_size = 16, validation_split = 0.2, verbose = 0,
    class_weight = list('0' = 1, '1' = 2, '2' = 1)
  )
  list(start = start, end = get_weights(model), history = history,
       model = model)
"
IRIS_PYTHON <- "
keras.utils.set_random_seed(7)
model = keras.Sequential([
    keras.layers.InputLayer((4,)),
    keras.layers.Dense(10, activation='relu'),
    keras.layers.Dropout(0.25),
    keras.layers.Dense(3, activation='softmax')])
start = model.get_weights()
model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(), metrics=['accuracy'])
history = model.fit(
    np.asarray(x, 'float32'), np.asarray(y), epochs=3, batch_size=16,
    validation_split=0.2, verbose=0, class_weight={0: 1.0, 1: 2.0, 2: 1.0})
result = [start, model.get_weights(), history.history, model]
"

test_that("training gives Python's weights and history, bit by bit", {
  theirs <- python_result(IRIS_PYTHON, x = flowers, y = species)
  scores <- python_result(
    "result = model.evaluate(np.asarray(x, 'float32'), np.asarray(y),
                             verbose=0, return_dict=True)",
    model = theirs[[4]], x = flowers, y = species
  )
  probability <- python_result(
    "result = model.predict(np.asarray(x, 'float32'), verbose=0)",
    model = theirs[[4]], x = flowers
  )
  expect_false(identical(theirs[[1]], theirs[[2]]))
  expect_setequal(names(scores), c("loss", "accuracy"))
  expect_identical(dim(probability), c(150L, 3L))
  expect_with_each(
    homes,
    paste0("ours <- {", IRIS_R, "}
      list(
        ours$start, ours$end, ours$history$metrics, ours$history$params$epochs,
        ours$model |> evaluate(x, iris$Species, verbose = 0),
        ours$model |> predict(x)
      )"),
    list(theirs[[1]], theirs[[2]], theirs[[3]], 3L, scores, probability),
    x = flowers, y = species
  )
})

test_that("doubles arrive as float32, integers and logicals as they are", {
  spy <- python_result("
result = keras.Sequential([keras.layers.InputLayer((2,))])
result.predict = lambda x, batch_size=None, verbose=None: [
    type(x).__name__, str(getattr(x, 'dtype', [str(a.dtype) for a in x])),
    str(batch_size), str(verbose)]
")
  expect_arrival <- function(code, expected) {
    expect_with_each(homes, code, expected, spy = spy)
  }
  expect_arrival("predict(spy, matrix(1.5), batch_size = 8)",
                 c("ndarray", "float32", "8", "0"))
  expect_arrival("predict(spy, 1:3, verbose = 2)",
                 c("ndarray", "int32", "None", "2"))
  expect_arrival("predict(spy, c(TRUE, FALSE))",
                 c("ndarray", "bool", "None", "0"))
  expect_arrival("predict(spy, list(0.5, 2L))",
                 c("list", "['float32', 'int32']", "None", "0"))
})

IMAGES_R <- "
  x <- array_reshape(seq_len(8 * 6 * 5 * 3) / 720, c(8, 6, 5, 3))
  set_random_seed(3)
  inputs <- keras_input(shape = c(6, 5, 3))
  features <- inputs |>
    layer_random_flip('horizontal', seed = 5) |>
    layer_conv_2d(4, c(3, 3), activation = 'relu') |>
    layer_max_pooling_2d(pool_size = 2)
  left <- features |> layer_global_average_pooling_2d()
  right <- features |> layer_flatten() |> layer_dense(4)
  outputs <- layer_concatenate(left, right) |>
    layer_dense(1, activation = 'sigmoid')
  model <- keras_model(inputs, outputs)
  model |> compile('sgd', 'binary_crossentropy', metrics = list(
    'accuracy', metric_auc(name = 'auc')
  ))
  history <- model |> fit(
    x, rep(c(0, 1), 4), epochs = 2, batch_size = 4, verbose = 0,
    validation_data = list(x, rep(c(1, 0), 4)), initial_epoch = 1
  )
  list(get_weights(model), history$metrics, model |> predict(x),
       features$shape)
"
IMAGES_PYTHON <- "
x = (np.arange(1, 721) / 720).reshape(8, 6, 5, 3).astype('float32')
zeros, ones = np.tile([0., 1.], 4), np.tile([1., 0.], 4)
keras.utils.set_random_seed(3)
inputs = keras.Input((6, 5, 3))
features = keras.layers.RandomFlip('horizontal', seed=5)(inputs)
features = keras.layers.Conv2D(4, (3, 3), activation='relu')(features)
features = keras.layers.MaxPooling2D(2)(features)
left = keras.layers.GlobalAveragePooling2D()(features)
right = keras.layers.Dense(4)(keras.layers.Flatten()(features))
outputs = keras.layers.Concatenate()([left, right])
outputs = keras.layers.Dense(1, activation='sigmoid')(outputs)
model = keras.Model(inputs, outputs)
model.compile('sgd', 'binary_crossentropy', metrics=[
    'accuracy', keras.metrics.AUC(name='auc')])
history = model.fit(x, zeros, epochs=2, batch_size=4, verbose=0,
                    validation_data=(x, ones))
result = [model.get_weights(), history.history, model.predict(x, verbose=0),
          list(features.shape)]
"

test_that("a functional model sees images as Python does", {
  expect_with_each(homes, IMAGES_R, python_result(IMAGES_PYTHON))
})

test_that("words as integers reach an embedding and an LSTM", {
  expect_with_each(
    homes, "
      x <- pad_sequences(list(c(1, 2), 3:6, c(7, 8, 9, 10, 11)), maxlen = 4)
      set_random_seed(2)
      model <- keras_model_sequential() |>
        layer_embedding(12, 3, mask_zero = TRUE) |>
        bidirectional(layer_lstm(units = 2)) |>
        layer_dense(1)
      model |> compile(optimizer = 'rmsprop', loss = 'mse')
      history <- model |> fit(x, c(0.5, 1, 2), epochs = 2, verbose = 0)
      list(x, get_weights(model), history$metrics$loss)
    ",
    python_result("
x = np.array([[0, 0, 1, 2], [3, 4, 5, 6], [8, 9, 10, 11]], 'int32')
keras.utils.set_random_seed(2)
inner = keras.layers.LSTM(2)  # R's pipe builds it before what is piped in
model = keras.Sequential([
    keras.layers.Embedding(12, 3, mask_zero=True),
    keras.layers.Bidirectional(inner),
    keras.layers.Dense(1)])
model.compile(optimizer='rmsprop', loss='mse')
history = model.fit(x, np.array([.5, 1, 2], 'float32'), epochs=2, verbose=0)
result = [x, model.get_weights(), history.history['loss']]
")
  )
})

test_that("TensorBoard's logs hold the history", {
  for (home in homes) {
    folder <- tempfile("logs")
    on.exit(unlink(folder, recursive = TRUE))
    history <- evaluate_with(home, "
      model <- keras_model_sequential(input_shape = 4) |> layer_dense(1)
      model |> compile(optimizer = 'sgd', loss = 'mse')
      model |> fit(x, y, epochs = 3, validation_split = 0.2, verbose = 0,
                   callbacks = list(callback_tensorboard(folder)))
    ", folder = folder, x = flowers, y = species)
    logged <- python_result("
from tensorboard.backend.event_processing import event_accumulator

def curve(part):
    events = event_accumulator.EventAccumulator(
        folder + '/' + part, size_guidance={'tensors': 0})
    events.Reload()
    return [[e.step, float(tf.make_ndarray(e.tensor_proto))]
            for e in events.Tensors('epoch_loss')]

result = [curve('train'), curve('validation')]
", folder = folder)
    expect_identical(lapply(logged[[1]], `[[`, 1), list(0L, 1L, 2L))
    for (i in 1:2) {
      expect_equal(vapply(logged[[i]], `[[`, 0, 2),
                   history$metrics[[c("loss", "val_loss")[i]]],
                   tolerance = 1e-6)
    }
  }
})

test_that("a cleared session counts its layers from the beginning", {
  expect_with_each(homes, "
    first <- layer_dense(units = 1)
    clear_session(free_memory = FALSE)
    c(layer_dense(units = 1)$name, layer_dense(units = 1)$name)
  ", python_result("
keras.utils.clear_session()
result = [keras.layers.Dense(1).name, keras.layers.Dense(1).name]
"))
})

test_that("distances between three inputs are learned from by the hinge loss", {
  expect_with_each(homes, "
    distance <- function(a, b) {
      squares <- op_square(op_subtract(a, b))
      op_sqrt(op_add(op_sum(squares, axis = 2, keepdims = TRUE), 1e-6))
    }
    set_random_seed(1)
    map <- keras_model_sequential(input_shape = 4) |>
      layer_dense(8, activation = 'selu') |>
      layer_dense(2)
    inputs <- list(keras_input(4), keras_input(4), keras_input(4))
    maps <- lapply(inputs, map)
    gap <- op_subtract(distance(maps[[1]], maps[[3]]),
                       distance(maps[[1]], maps[[2]]))
    model <- keras_model(inputs, gap, name = 'siamese')
    model |> compile(optimizer = optimizer_adam(0.01), loss = 'hinge')
    history <- model |> fit(
      list(x, x[150:1, ], x[c(2:150, 1), ]), rep(1, 150),
      epochs = 2, batch_size = 32, verbose = 0
    )
    list(history$metrics$loss, get_weights(map), map |> predict(x[1:3, ]))
  ", python_result("
ops = keras.ops
x = np.array(x, 'float32', order='C')  # R's arrays come column by column

def distance(a, b):
    squares = ops.square(ops.subtract(a, b))
    return ops.sqrt(ops.add(ops.sum(squares, axis=1, keepdims=True), 1e-6))

keras.utils.set_random_seed(1)
map = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, 'selu'),
                        keras.layers.Dense(2)])
inputs = [keras.Input((4,)) for _ in range(3)]
maps = [map(one) for one in inputs]
gap = ops.subtract(distance(maps[0], maps[2]), distance(maps[0], maps[1]))
model = keras.Model(inputs, gap, name='siamese')
model.compile(optimizer=keras.optimizers.Adam(0.01), loss='hinge')
history = model.fit(
    [x, x[::-1], x[[*range(1, 150), 0]]], np.ones(150, 'float32'),
    epochs=2, batch_size=32, verbose=0)
result = [history.history['loss'], map.get_weights(),
          map.predict(x[:3], verbose=0)]
", x = flowers), x = flowers)
})

test_that("a loss of one's own is learned from", {
  expect_with_each(homes, "
    halved <- function(y_true, y_pred) {
      near <- op_sum(op_square(y_pred * op_convert_to_tensor(
        matrix(c(1, 1, 0, 0), 1), 'float32'
      )), axis = -1)
      far <- op_sum(op_square(y_pred), axis = 2)
      op_mean(op_maximum(near - 0.5 * far + 1, 0))
    }
    set_random_seed(1)
    map <- keras_model_sequential(input_shape = 4) |> layer_dense(4)
    map |> compile(optimizer = optimizer_adam(0.01), loss = halved)
    history <- map |> fit(
      x, rep(0, 150), epochs = 2, batch_size = 32, verbose = 0
    )
    list(history$metrics$loss, get_weights(map))
  ", python_result("
ops = keras.ops
x = np.array(x, 'float32', order='C')

def halved(y_true, y_pred):
    near = ops.sum(ops.square(y_pred * ops.convert_to_tensor(
        [[1., 1., 0., 0.]])), axis=-1)
    far = ops.sum(ops.square(y_pred), axis=1)
    return ops.mean(ops.maximum(near - 0.5 * far + 1, 0))

keras.utils.set_random_seed(1)
map = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
map.compile(optimizer=keras.optimizers.Adam(0.01), loss=halved)
history = map.fit(x, np.zeros(150, 'float32'), epochs=2, batch_size=32,
                  verbose=0)
result = [history.history['loss'], map.get_weights()]
", x = flowers), x = flowers)
})

test_that("images stream from files into fit, evaluate and predict", {
  folder <- tempfile("cells")
  on.exit(unlink(folder, recursive = TRUE))
  for (class in c("ill", "well")) {
    dir.create(file.path(folder, class), recursive = TRUE)
    for (i in 1:4) {
      pixels <- array((1:90 * i * nchar(class)) %% 97 / 97, c(6, 5, 3))
      png::writePNG(pixels, file.path(folder, class, paste0(i, ".png")))
    }
  }
  paths <- list.files(folder, recursive = TRUE, full.names = TRUE)
  labels <- rep(c(1, 0), each = 4)
  theirs <- python_result("
def read(path, label):
    image = tf.io.decode_png(tf.io.read_file(path), channels=3)
    return tf.image.resize(image, (8, 8)) / 127.5 - 1, label

stream = tf.data.Dataset.from_tensor_slices((list(paths), labels))
stream = stream.map(read).cache().batch(2).prefetch(1)
keras.utils.set_random_seed(1)
model = keras.Sequential([
    keras.Input((8, 8, 3)),
    keras.layers.RandomFlip('horizontal'),
    keras.layers.RandomShear(0.1, 0.1),
    keras.layers.RandomZoom(0.2),
    keras.layers.Conv2D(2, 3),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(1, activation='sigmoid')])
model.compile(optimizer='adam', loss='binary_crossentropy',
              metrics=['accuracy'])
history = model.fit(stream, epochs=2, verbose=0, validation_data=stream)
result = [history.history, model.get_weights(),
          model.predict(stream, verbose=0),
          model.evaluate(stream, verbose=0, return_dict=True)['loss']]
", paths = paths, labels = labels)
  expect_with_each(homes, "
    read <- function(path, label) {
      image <- tf$io$decode_png(tf$io$read_file(path), channels = 3L)
      tuple(tf$image$resize(image, c(8L, 8L)) / 127.5 - 1, label)
    }
    stream <- tf$data$Dataset$from_tensor_slices(tuple(paths, labels))
    stream <- stream$map(read)$cache()$batch(2L)$prefetch(1L)
    set_random_seed(1)
    model <- keras_model_sequential(input_shape = c(8, 8, 3)) |>
      layer_random_flip('horizontal') |>
      layer_random_shear(0.1, 0.1) |>
      layer_random_zoom(0.2) |>
      layer_conv_2d(2, 3) |>
      layer_global_average_pooling_2d() |>
      layer_dense(1, activation = 'sigmoid')
    model |> compile(optimizer = 'adam', loss = 'binary_crossentropy',
                     metrics = 'accuracy')
    history <- model |>
      fit(stream, epochs = 2, verbose = 0, validation_data = stream)
    list(history$metrics, get_weights(model), model |> predict(stream),
         evaluate(model, stream, verbose = 0)$loss)
  ", theirs, paths = paths, labels = labels)
  expect_with_each(homes, "
    stream <- image_dataset_from_directory(
      folder, label_mode = 'binary', image_size = c(8, 8), batch_size = 3,
      shuffle = FALSE, verbose = FALSE
    )
    batch <- iter_next(as_iterator(stream))
    list(stream$class_names, dim(batch[[1]]), as.array(batch[[2]]))
  ", list(c("ill", "well"), c(3L, 8L, 8L, 3L), matrix(0, 3, 1)),
  folder = folder)
})

test_that("text and numbers are prepared by what a layer learned of them", {
  expect_with_each(homes, "
    texts <- c('the cat ran to the park', 'The dog ran!')
    words <- layer_text_vectorization(output_sequence_length = 7)
    words |> adapt(texts)
    bag <- layer_text_vectorization(output_mode = 'multi_hot')
    bag |> set_vocabulary(c('cat', 'dog'))
    scaler <- layer_normalization()
    scaler |> adapt(x)
    list(get_vocabulary(words), as.array(words(texts)), as.array(bag(texts)),
         as.array(scaler(x)))
  ", python_result("
texts = ['the cat ran to the park', 'The dog ran!']
words = keras.layers.TextVectorization(output_sequence_length=7)
words.adapt(texts)
bag = keras.layers.TextVectorization(output_mode='multi_hot',
                                     vocabulary=['cat', 'dog'])
x = np.array(x, 'float32', order='C')
scaler = keras.layers.Normalization()
scaler.adapt(x)
result = [words.get_vocabulary(), words(texts).numpy(), bag(texts).numpy(),
          scaler(x).numpy()]
", x = flowers), x = flowers)
})

test_that("an embedding knows which words are none", {
  expect_with_each(homes, "
    x <- pad_sequences(list(1:2, 3L), maxlen = 3)
    layer <- layer_embedding(input_dim = 5, output_dim = 2, mask_zero = TRUE)
    list(x, as.array(layer$compute_mask(x)), as.array(op_one_hot(
      x, 5, zero_indexed = TRUE
    )))
  ", python_result("
x = np.array([[0, 1, 2], [0, 0, 3]], 'int32')
layer = keras.layers.Embedding(5, 2, mask_zero=True)
result = [x, np.asarray(layer.compute_mask(x)),
          np.asarray(keras.ops.one_hot(x, 5))]
"))
})

test_that("R functions serve as loss, metric and callback", {
  for (home in homes) {
    seen <- evaluate_with(home, "
      seen <- c()
      set_random_seed(1)
      model <- keras_model_sequential(input_shape = 2) |> layer_dense(1)
      model |> compile(
        optimizer = 'sgd',
        loss = function(y_true, y_pred) op_mean(op_square(y_true - y_pred)),
        metrics = list(custom_metric('off', function(y_true, y_pred) {
          op_mean(op_abs(op_subtract(y_true, y_pred)))
        }), metric_mean_absolute_error)
      )
      history <- model |> fit(
        matrix(1:8 / 8, 4), matrix(1:4 / 4), epochs = 2, verbose = 0,
        callbacks = list(
          callback_lambda(on_epoch_end = function(epoch, logs) {
            seen <<- c(seen, epoch)
          }),
          callback_learning_rate_scheduler(function(epoch, lr) {
            0.1 / (epoch + 1)
          })
        )
      )
    list(epochs = seen, metrics = history$metrics)
    ")
    expect_identical(as.numeric(seen$epochs), c(1, 2))
    expect_setequal(
      names(seen$metrics),
      c("loss", "off", "mean_absolute_error", "learning_rate")
    )
    expect_equal(seen$metrics$off, seen$metrics$mean_absolute_error)
    expect_equal(seen$metrics$learning_rate, c(0.1, 0.05), tolerance = 1e-6)
  }
})

test_that("a history becomes a data frame, a text and a plot", {
  for (home in homes) {
    history <- evaluate_with(home, IRIS_R, x = flowers, y = species)$history
    curve <- evaluate_with(home, "as.data.frame(history)", history = history)
    expect_identical(dim(curve), c(12L, 4L))
    expect_identical(names(curve), c("epoch", "value", "metric", "data"))
    expect_identical(levels(curve$data), c("training", "validation"))
    expect_identical(
      curve$value[curve$metric == "loss" & curve$data == "validation"],
      history$metrics$val_loss
    )
    text <- capture.output(
      evaluate_with(home, "print(history)", history = history)
    )
    last <- format(history$metrics$loss[3], digits = 4)
    expect_true(any(grepl(paste0("^ +loss: ", last), text)))
    figure <- evaluate_with(home, "plot(history)", history = history)
    drawn <- ggplot2::ggplot_build(figure)$data[[1]]
    expect_setequal(drawn$y, curve$value)
    expect_length(unique(drawn$fill), 2)
  }
})

# ---- models and their files ----

test_that("a model is saved, loaded and copied whole", {
  for (home in homes) {
    folder <- tempfile("models")
    dir.create(folder)
    on.exit(unlink(folder, recursive = TRUE))
    same <- evaluate_with(home, "
      path <- file.path(folder, 'model.keras')
      model <- keras_model_sequential(input_shape = 4) |>
        layer_dense(3, activation = 'softmax')
      expected <- model |> predict(x)
      model |> save_model(path)
      loaded <- load_model(path)
      weights <- file.path(folder, 'model.weights.h5')
      model |> save_model_weights(weights)
      copy <- clone_model(model)
      copied <- identical(copy |> predict(x), expected)
      copy |> load_model_weights(weights)
      again <- from_config(get_config(model))
      again |> set_weights(get_weights(model))
      list(
        fresh_copy = copied,
        loaded = identical(loaded |> predict(x), expected),
        raw = identical(load_model(save_model(model)) |> predict(x), expected),
        weights = identical(copy |> predict(x), expected),
        config = identical(again |> predict(x), expected)
      )
    ", folder = folder, x = flowers)
    expect_identical(
      same, list(fresh_copy = FALSE, loaded = TRUE, raw = TRUE, weights = TRUE,
                 config = TRUE)
    )
    expect_error(
      evaluate_with(home, "
        save_model(keras_model_sequential(input_shape = 2), path)
      ", path = file.path(folder, "model.keras")),
      "already exists"
    )
  }
})

FREEZING <- c(
  "freeze_weights(m)" = "0000",
  "unfreeze_weights(freeze_weights(m))" = "1111",
  "freeze_weights(m, to = 2)" = "0011",
  "freeze_weights(m, from = 'b', to = 'c')" = "1001",
  "freeze_weights(m, from = -1)" = "1110",
  "freeze_weights(m, which = c(1, -1))" = "0110",
  "freeze_weights(m, which = c('a', 'd'))" = "0110",
  "freeze_weights(m, which = function(l) l$name == 'c')" = "1101",
  "unfreeze_weights(freeze_weights(m), from = 'c')" = "0011",
  "unfreeze_weights(m, which = 1)" = "1000"
)

test_that("layers freeze and thaw by position, name and function", {
  for (home in homes) {
    for (code in names(FREEZING)) {
      model <- evaluate_with(home, "
        keras_model_sequential(input_shape = 2) |> layer_dense(2, name = 'a') |>
          layer_dense(2, name = 'b') |> layer_dense(2, name = 'c') |>
          layer_dense(2, name = 'd')
      ")
      evaluate_with(home, code, m = model)
      learns <- vapply(model$layers, function(layer) layer$trainable, NA)
      expect_identical(paste(as.integer(learns), collapse = ""),
                       FREEZING[[code]], info = code)
    }
  }
})

test_that("models answer questions", {
  for (home in homes) {
    found <- evaluate_with(home, "
      layer <- layer_dense(units = 3, name = 'shared')
      model <- keras_model_sequential(input_shape = 2, name = 'two') |>
        layer() |> layer_batch_normalization()
      inputs <- list(keras_input(2), keras_input(2))
      double <- keras_model(inputs, lapply(inputs, layer))
      nested <- keras_model_sequential(input_shape = 2) |> model()
      list(
        count = count_params(model),
        by_name = get_layer(model, 'shared')$units,
        by_index = get_layer(model, index = 1)$name,
        last = get_layer(model, index = -1)$name,
        moving = length(get_weights(model, trainable = FALSE)),
        own = length(get_weights(model, trainable = TRUE)),
        shared = count_params(double),
        nested = nested$output_shape,
        text = capture.output(print(model)),
        summary = capture.output(summary(model))
      )
    ")
    expect_identical(as.integer(found$count), 21L)
    expect_identical(found$by_name, 3L)
    expect_identical(found$by_index, "shared")
    expect_match(found$last, "^batch_normalization")
    expect_identical(c(found$moving, found$own), c(2L, 4L))
    expect_identical(as.integer(found$shared), 9L)
    expect_identical(found$nested, list(NULL, 3L))
    expect_match(found$text, "Total params: 21", all = FALSE)
    expect_identical(found$text, found$summary)
    expect_error(
      evaluate_with(home, "get_layer(m, index = 0)",
                    m = evaluate_with(home, "keras_model_sequential(2)")),
      "1-based"
    )
  }
})

test_that("an application comes with its preprocessing", {
  expect_with_each(homes, "
    model <- application_mobilenet(
      input_shape = c(32, 32, 3), alpha = 0.25, weights = NULL,
      include_top = FALSE
    )
    x <- array(c(0, 127.5, 255), c(1, 1, 1, 3))
    list(py_to_r(application_preprocess_inputs(model, x)), model$output_shape)
  ", list(array(c(-1, 0, 1), c(1, 1, 1, 3)), list(NULL, 1L, 1L, 256L)))
})

test_that("a pre-trained base is frozen, tuned and looked into", {
  path <- tempfile(fileext = ".keras")
  on.exit(unlink(path))
  expect_with_each(homes, "
    x <- array_reshape(seq_len(2 * 32 * 32 * 3) %% 255, c(2, 32, 32, 3))
    learning <- function(model) {
      sum(vapply(model$layers, function(layer) layer$trainable, TRUE))
    }
    set_random_seed(1)
    base <- application_mobilenet(
      input_shape = c(32, 32, 3), alpha = 0.25, weights = NULL,
      include_top = FALSE
    )
    freeze_weights(base, to = 20)
    first <- learning(base)
    inputs <- keras_input(c(32, 32, 3))
    outputs <- inputs |>
      layer_rescaling(1 / 127.5, offset = -1) |>
      base(training = FALSE) |>
      layer_global_average_pooling_2d() |>
      layer_dense(1)
    model <- keras_model(inputs, outputs)
    freeze_weights(base)
    model |> compile(optimizer = 'adam', loss = 'mse')
    model |> fit(x, c(0, 1), epochs = 1, verbose = 0)
    frozen <- length(model$trainable_weights)
    unfreeze_weights(base, from = 80)
    model |> compile(optimizer = optimizer_adam(1e-5), loss = 'mse')
    history <- model |> fit(x, c(0, 1), epochs = 1, verbose = 0)
    model |> save_model(path, overwrite = TRUE)
    eye <- keras_model(base$inputs, get_layer(base, index = 10)$output)
    list(first, frozen, length(model$trainable_weights), history$metrics,
         load_model(path) |> predict(x), eye |> predict(x))
  ", python_result("
x = np.arange(1, 2 * 32 * 32 * 3 + 1) % 255
x, y = x.reshape(2, 32, 32, 3).astype('float32'), np.array([0, 1], 'float32')
keras.utils.set_random_seed(1)
base = keras.applications.MobileNet(
    input_shape=(32, 32, 3), alpha=0.25, weights=None, include_top=False)
for layer in base.layers[:20]:
    layer.trainable = False
first = sum(layer.trainable for layer in base.layers)
inputs = keras.Input((32, 32, 3))
outputs = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
outputs = base(outputs, training=False)
outputs = keras.layers.GlobalAveragePooling2D()(outputs)
outputs = keras.layers.Dense(1)(outputs)
model = keras.Model(inputs, outputs)
base.trainable = False
model.compile(optimizer='adam', loss='mse')
model.fit(x, y, epochs=1, verbose=0)
frozen = len(model.trainable_weights)
base.trainable = True
for layer in base.layers[:79]:
    layer.trainable = False
model.compile(optimizer=keras.optimizers.Adam(1e-5), loss='mse')
history = model.fit(x, y, epochs=1, verbose=0)
eye = keras.Model(base.inputs, base.layers[9].output)
result = [first, frozen, len(model.trainable_weights), history.history,
          model.predict(x, verbose=0), eye.predict(x, verbose=0)]
"), path = path)
})

# ---- numbers ----

# R code and NumPy code for the same 2 x 3 matrix m.
OPS <- c(
  "op_sum(m)" = "m.sum()",
  "op_sum(m, axis = 1)" = "m.sum(0)",
  "op_sum(m, axis = 2, keepdims = TRUE)" = "m.sum(1, keepdims=True)",
  "op_mean(m, axis = -1)" = "m.mean(-1)",
  "op_max(m, axis = c(1, 2))" = "m.max((0, 1))",
  "op_argmax(m, axis = 1)" = "m.argmax(0) + 1",
  "op_argmax(m, axis = 2, zero_indexed = TRUE)" = "m.argmax(1)",
  "op_argsort(m)" = "m.argsort(-1) + 1",
  "op_transpose(m)" = "m.T",
  "op_transpose(m, axes = c(2, 1))" = "m.T",
  "op_expand_dims(m, axis = 1)" = "m[None]",
  "op_expand_dims(m, 3)" = "m[:, :, None]",
  "op_squeeze(op_expand_dims(m, axis = 2), axis = 2)" = "m",
  "op_concatenate(list(m, m))" = "np.concatenate([m, m], 0)",
  "op_concatenate(list(m, m), axis = 2)" = "np.concatenate([m, m], 1)",
  "op_stack(list(m, m))" = "np.stack([m, m], 0)",
  "op_stack(list(m, m), axis = -1)" = "np.stack([m, m], -1)",
  "op_take(m, 2, axis = 1)" = "m[1]",
  "op_take(m, c(3, 1), axis = 2)" = "m[:, [2, 0]]",
  "op_one_hot(c(1, 3), 3)" = "np.eye(3)[[0, 2]]",
  "op_flip(m, axis = 2)" = "m[:, ::-1]",
  "op_roll(m, shift = 1, axis = 2)" = "np.roll(m, 1, 1)",
  "op_cumsum(m, axis = 1)" = "m.cumsum(0)",
  "op_swapaxes(m, 1, 2)" = "m.T",
  "op_norm(m, axis = 2)" = "np.linalg.norm(m, axis=1)",
  "op_matmul(m, op_transpose(m))" = "m @ m.T",
  "op_reshape(m, c(3, 2))" = "m.reshape(3, 2)",
  "op_reshape(m, c(NA, 1))" = "m.reshape(-1, 1)",
  "op_where(op_greater(m, 2), m, 0)" = "np.where(m > 2, m, 0)",
  "op_clip(m, 1, 3)" = "m.clip(1, 3)",
  "op_repeat(m, 2L, axis = 1)" = "m.repeat(2, 0)",
  "op_cast(m, 'int32')" = "m.astype('int32')",
  "op_zeros(c(2, 3))" = "np.zeros((2, 3))",
  "op_top_k(m, 2)[[2]]" = "np.array([[1, 3], [2, 1]])",
  "tensor * 2 + 1" = "m * 2 + 1",
  "1 - tensor / 4" = "1 - m / 4",
  "tensor^2 - tensor" = "m ** 2 - m",
  "-tensor" = "-m",
  "sqrt(abs(tensor))" = "np.sqrt(np.abs(m))",
  "exp(tensor)" = "np.exp(m.astype('float32'))",
  "sum(tensor, axis = 1)" = "m.sum(0)",
  "mean(tensor)" = "m.mean()",
  "max(tensor)" = "m.max()",
  "op_cast(tensor > 1 & tensor != 3, 'int32')" =
    "((m > 1) & (m != 3)).astype('int32')"
)

test_that("operations count axes and positions from 1", {
  for (home in homes) {
    values <- c(5, 1, 3, 2, 4, 0)
    m <- matrix(values, 2, byrow = TRUE)
    for (code in names(OPS)) {
      ours <- as.array(evaluate_with(home, "op_convert_to_array(value)",
        value = evaluate_with(home, code, m = m, tensor = evaluate_with(
          home, "op_convert_to_tensor(m, 'float32')", m = m
        ))
      ))
      theirs <- python_result(paste0(
        "m = np.array(values).reshape(2, 3); a = np.asarray(", OPS[[code]],
        "); result = [list(a.shape), a.ravel().tolist()]"
      ), values = values)
      if (length(dim(ours)) == 1 && length(theirs[[1]]) == 0) dim(ours) <- NULL
      shape <- as.integer(unlist(theirs[[1]]))
      expect_identical(if (is.null(dim(ours))) integer() else dim(ours), shape,
                       info = code)
      in_rows <- if (length(shape) > 1) aperm(ours) else ours
      expect_equal(as.numeric(in_rows), as.numeric(unlist(theirs[[2]])),
                   tolerance = 1e-6, info = code)
    }
    expect_error(evaluate_with(home, "op_sum(matrix(1), axis = 0)"), "1 based")
  }
})

test_that("shapes know open dimensions", {
  expect_with_each(homes, "list(
    format(shape(NA, 2)), shape(1, NULL) == shape(1, NA),
    shape(1, 2) == shape(2, 1), unlist(shape(matrix(0, 4, 5))),
    unlist(op_shape(op_zeros(c(2, 3)))), keras_input(c(NA, 3))$shape,
    keras_input(shape(28, 28))$shape, dim(keras$ops$ones(shape(2, 1)))
  )", list(
    "shape(NA, 2)", TRUE, FALSE, c(4L, 5L), c(2L, 3L), list(NULL, NULL, 3L),
    list(NULL, 28L, 28L), c(2L, 1L)
  ))
})

test_that("classes become rows of zeros and a one", {
  expect_with_each(homes, "to_categorical(c(0, 2, 1))", diag(3)[c(1, 3, 2), ])
  expect_with_each(homes, "to_categorical(c(0L, 2L))", diag(3)[c(1, 3), ])
  expect_with_each(
    homes, "to_categorical(1:2, num_classes = 4)", diag(4)[2:3, ]
  )
  expect_with_each(
    homes, "to_categorical(factor(c('b', 'a'), c('a', 'b', 'c')))",
    diag(2)[2:1, ]
  )
})

test_that("sequences are padded and cut as Keras does", {
  words <- list(c(1, 2), 3L, 4:8)
  expect_with_each(
    homes, "pad_sequences(x, maxlen = 3)",
    rbind(c(0L, 1L, 2L), c(0L, 0L, 3L), 6:8),
    x = words
  )
  expect_with_each(
    homes,
    "pad_sequences(x, 3, padding = 'post', truncating = 'post', value = 9)",
    rbind(c(1L, 2L, 9L), c(3L, 9L, 9L), 4:6),
    x = words
  )
})

test_that("losses and metrics of values are those of Python", {
  expect_with_each(homes, "
    truth <- c(1, 0, 1)
    guess <- c(0.9, 0.2, 0.4)
    lapply(list(
      loss_binary_crossentropy(truth, guess),
      loss_mean_squared_error(truth, guess),
      metric_binary_accuracy(truth, guess),
      activation_softmax(op_convert_to_tensor(matrix(c(0, 1), 1), 'float32'))
    ), as.numeric)
  ", lapply(python_result("
truth = np.array([1, 0, 1], 'float32')
guess = np.array([.9, .2, .4], 'float32')
result = [
    float(keras.losses.binary_crossentropy(truth, guess)),
    float(keras.losses.mean_squared_error(truth, guess)),
    np.asarray(keras.metrics.binary_accuracy(truth, guess)),
    keras.activations.softmax(
        keras.ops.convert_to_tensor([[0., 1.]])).numpy().ravel()]
"), as.numeric))
})

test_that("a gradient tape gives gradients and an optimizer step", {
  expect_with_each(homes, "
    x <- tf$Variable(3)
    with(tf$GradientTape() %as% tape, {
      y <- (x + 1)^2 * 2
    })
    slope <- as.numeric(tape$gradient(y, x))

    set_random_seed(4)
    model <- keras_model_sequential(input_shape = 2) |> layer_dense(1)
    optimizer <- optimizer_sgd(0.5)
    features <- op_convert_to_tensor(matrix(c(1, 2, 3, 4), 2), 'float32')
    with(tf$GradientTape() %as% tape, {
      loss <- op_mean(op_square(model(features) - 1))
    })
    gradients <- tape$gradient(loss, model$trainable_weights)
    optimizer$apply_gradients(zip_lists(gradients, model$trainable_weights))
    list(slope, as.numeric(loss), get_weights(model), dim(gradients[[1]]))
  ", python_result("
keras.utils.set_random_seed(4)
model = keras.Sequential([keras.layers.InputLayer((2,)),
                          keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.5)
features = tf.constant([[1., 3.], [2., 4.]])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(features) - 1))
gradients = tape.gradient(loss, model.trainable_weights)
optimizer.apply_gradients(zip(gradients, model.trainable_weights))
result = [16.0, float(loss), model.get_weights(), np.array([2, 1], 'int32')]
") |> lapply(function(value) {
    if (is.array(value) && length(dim(value)) == 1) as.vector(value) else value
  }))
})

test_that("lists unpack into names and zip together", {
  expect_with_each(homes, "
    c(a, c(b, d)) %<-% list(1, list('x', TRUE))
    zipped <- zip_lists(p = list(1, 2), q = list(3, 4))
    list(a, b, d, zipped, zip_lists(list(u = 1, v = 2), list(v = 4, u = 3)))
  ", list(
    1, "x", TRUE, list(list(p = 1, q = 3), list(p = 2, q = 4)),
    list(u = list(1, 3), v = list(2, 4))
  ))
  for (home in homes) {
    expect_error(evaluate_with(home, "c(a, b) %<-% list(1)"))
  }
})

test_that("data sets come as train and test, in R's types or in NumPy's", {
  python_result("
def words(values):
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out

keras.real = keras.datasets.cifar10.load_data, keras.datasets.imdb.load_data
images = np.arange(24, dtype='uint8').reshape(2, 2, 2, 3)
keras.datasets.cifar10.load_data = lambda: (
    (images, np.array([[6], [9]], 'uint8')), (images[:1], np.array([[3]])))
keras.datasets.imdb.load_data = lambda num_words=None, **others: (
    (words([[1, num_words], [2]]), np.array([1, 0])),
    (words([[5, 6, 7]]), np.array([1])))
result = None
")
  on.exit(python_result("
keras.datasets.cifar10.load_data, keras.datasets.imdb.load_data = keras.real
result = None
"))
  images <- aperm(array(0:23, c(3, 2, 2, 2)))
  expect_with_each(homes, "
    found <- dataset_cifar10()
    raw <- dataset_cifar10(convert = FALSE)
    list(found$train$x, found$train$y, dim(found$test$x),
         inherits(raw$train$x, 'numpy.ndarray'), py_to_r(raw$train$x))
  ", list(images, matrix(c(6L, 9L)), c(1L, 2L, 2L, 3L), TRUE, images))
  expect_with_each(homes, "dataset_imdb(num_words = 9)", list(
    train = list(x = list(c(1L, 9L), 2L), y = 1:0),
    test = list(x = list(5:7), y = 1L)
  ))
})

test_that("what is piped in is built after the other arguments", {
  # So a model built in one pipe draws its seeds from its end to its start
  # wherever the seeds are in arguments. Python's order is that of its lines.
  expect_with_each(homes, "
    set_random_seed(5)
    inputs <- keras_input(c(3, 4))
    outputs <- inputs |>
      layer_dense(4, kernel_initializer = initializer_he_normal()) |>
      (function(x) list(x, x))() |>
      layer_multi_head_attention(2, 3) |>
      layer_flatten() |>
      layer_dense(1, kernel_initializer = initializer_he_uniform())
    get_weights(keras_model(inputs, outputs))
  ", python_result("
keras.utils.set_random_seed(5)
last = keras.initializers.HeUniform()
attention = keras.layers.MultiHeadAttention(2, 3)
first = keras.initializers.HeNormal()
inputs = keras.Input((3, 4))
x = keras.layers.Dense(4, kernel_initializer=first)(inputs)
x = attention(x, x)
x = keras.layers.Flatten()(x)
outputs = keras.layers.Dense(1, kernel_initializer=last)(x)
result = keras.Model(inputs, outputs).get_weights()
"))
})

test_that("images load with rows first", {
  for (home in homes) {
    path <- tempfile(fileext = ".png")
    on.exit(unlink(path))
    pixels <- array(0, c(2, 3, 3))
    pixels[1, 3, 2] <- 1
    png::writePNG(pixels, path)
    found <- evaluate_with(
      home, "image_to_array(image_load(path))", path = path
    )
    expect_identical(found, 255 * pixels)
    small <- evaluate_with(
      home, "image_to_array(image_load(path, target_size = c(4, 5)))",
      path = path
    )
    expect_identical(dim(small), c(4L, 5L, 3L))
  }
})

# ---- the bridge as a package ----

test_that("the bridge loads at once and does not start Python", {
  said <- system2(
    file.path(R.home("bin"), "Rscript"),
    c("-e", shQuote(paste0("setwd('", project_root(), "')
      loadNamespace('reticulate')
      seconds <- system.time(
        source('r/keras_bridge.R', local = new.env())
      )[['elapsed']]
      cat(seconds < 0.3, reticulate::py_available(), getOption(
        'deeptwins.keras'), search()[2], exists('layer_dense'), exists('RULES'))
    "))),
    stdout = TRUE, stderr = FALSE
  )
  expect_identical(said[length(said)],
                   "TRUE FALSE bridge keras_bridge TRUE FALSE")
})

test_that("a function that the bridge lacks says so", {
  for (name in c("Layer", "op_fft", "new_model_class", "%py_class%")) {
    expect_error(
      homes$bridge[[name]](1), "install.packages\\(\"keras3\"\\)",
      info = name
    )
  }
})

test_that("every promised function of the bridge can be made", {
  promised <- setdiff(homes$bridge$OFFERED, c("newaxis", "keras", "tf"))
  for (name in promised) {
    expect_true(is.function(get(name, homes$bridge)), info = name)
  }
})

test_that("a user's own names do not disturb the bridge", {
  mine <- c("import", "at", "given", "shape", "tuple", "make", "word", "family")
  for (name in mine) assign(name, function(...) stop("mine"), globalenv())
  on.exit(rm(list = mine, envir = globalenv()))
  layer <- evaluate_with(homes$bridge, "layer_dense(units = 2)")
  expect_identical(layer$units, 2L)
})

# ---- the bridge beside keras3 ----

# Where keras3 1.5.1 and the Keras that is installed do not agree; the bridge
# follows Keras.
KERAS_MOVED_ON <- c(
  "layer_conv_3d_transpose", "layer_conv_lstm_1d", "layer_conv_lstm_2d",
  "layer_conv_lstm_3d", "layer_string_lookup", "optimizer_loss_scale",
  "optimizer_muon", "image_smart_resize",
  "loss_categorical_generalized_cross_entropy",
  paste0("application_efficientnet_b", 0:7)
)

test_that("the bridge has keras3's names, arguments and defaults", {
  skip_if_not(isNamespaceLoaded("keras3"), "keras3 is not installed")
  real <- asNamespace("keras3")
  bridge <- homes$bridge
  exports <- getNamespaceExports("keras3")
  expect_setequal(setdiff(bridge$OFFERED, "tf"), setdiff(exports, "."))

  # Defaults as values; of arguments without one, a mark.
  values <- function(f) {
    lapply(formals(f), function(default) {
      if (identical(default, bridge$nothing())) return("no default")
      value <- eval(default, real)
      if (inherits(value, "python.builtin.tuple")) {
        value <- reticulate::py_to_r(value)
      }
      as.list(value)
    })
  }
  compared <- setdiff(
    exports, c(".", "keras", "newaxis", bridge$LACKING, KERAS_MOVED_ON)
  )
  for (name in compared) {
    theirs <- values(get(name, real))
    ours <- values(get(name, bridge))
    expect_identical(names(ours), names(theirs), info = name)
    # Since Keras 3.12 an optimizer's name is None and filled in later.
    if (startsWith(name, "optimizer_")) ours$name <- theirs$name
    expect_equal(ours, theirs, info = name)
  }
  for (name in grep("Model$|history$", names(bridge$METHODS), value = TRUE)) {
    theirs <- get0(name, real)
    if (is.function(theirs)) {
      expect_identical(names(formals(bridge[[name]])), names(formals(theirs)),
                       info = name)
    }
  }
})

test_that("the bridge prints and plots as keras3 does", {
  skip_if_not(isNamespaceLoaded("keras3"), "keras3 is not installed")
  trained <- evaluate_with(homes$keras3, IRIS_R, x = flowers, y = species)
  shown <- lapply(homes, function(home) {
    figure <- evaluate_with(home, "plot(history)", history = trained$history)
    list(
      capture.output(evaluate_with(home, "print(x)", x = trained$model)),
      capture.output(evaluate_with(home, "print(x)", x = trained$history)),
      evaluate_with(home, "as.data.frame(x)", x = trained$history),
      ggplot2::ggplot_build(figure)$data
    )
  })
  expect_equal(shown$bridge, shown$keras3)
})
