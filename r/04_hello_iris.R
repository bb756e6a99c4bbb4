# Hello, iris: a first network in Keras' six steps.

source("r/course.R")

# ---- constants ----
SEED <- seed(1)
SPECIES <- c("setosa", "versicolor", "virginica")
FEATURES <- c(
  "sepal_length", "sepal_width", "petal_length", "petal_width"
)
UNITS <- 10
LEARNING_RATE <- 0.01
BATCH_SIZE <- 16
EPOCHS <- 10
TARGET <- list(accuracy = 0.9)

# ---- load ----
folder <- data_dir("iris")
flowers <- merge(
  read.csv(file.path(folder, "iris.csv")),
  read.csv(file.path(folder, "partitions.csv"))
)

take <- function(name) {
  part <- flowers[flowers$partition == name, ]
  x <- as.matrix(part[FEATURES])
  y <- match(part$species, SPECIES) - 1L
  list(x = x, y = y)
}

train <- take("train")
tuning <- take("tuning")
test <- take("test")
cat("flowers:", length(train$y), length(tuning$y),
    length(test$y), "\n")

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = 4) |>
  layer_dense(UNITS, activation = "relu") |>
  layer_dense(3, activation = "softmax")

start <- get_weights(model)
cat("parameters:", count_params(model), "\n")

# ---- compile ----
model |> compile(
  optimizer = optimizer_sgd(LEARNING_RATE),
  loss = "sparse_categorical_crossentropy",
  metrics = "accuracy"
)

# ---- fit ----
history <- model |> fit(
  train$x, train$y,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(tuning$x, tuning$y),
  verbose = 2
)

# ---- curve ----
curve <- as.data.frame(history)
levels(curve$data) <- c("train", "tuning")
ggplot(curve, aes(epoch, value, colour = data)) +
  geom_line() +
  facet_grid(rows = vars(metric), scales = "free_y") +
  scale_x_continuous(breaks = seq(2, EPOCHS, 2)) +
  labs(y = NULL, colour = NULL)
ggsave(result_file("04_hello_iris-curve.png"),
       width = 6, height = 3.6, dpi = 150, bg = "white")

# ---- evaluate ----
scores <- model |> evaluate(test$x, test$y, verbose = 0)
cat(sprintf("test loss     %.4f\n", scores$loss))
cat(sprintf("test accuracy %.4f\n", scores$accuracy))

# ---- predict ----
probability <- model |> predict(test$x, verbose = 0)
predicted <- max.col(probability, "first") - 1L
table(
  true = factor(SPECIES[test$y + 1], SPECIES),
  predicted = factor(SPECIES[predicted + 1], SPECIES)
)

# ---- save ----
model |> save_model(result_file("04_hello_iris.keras"),
                    overwrite = TRUE)
again <- load_model(result_file("04_hello_iris.keras"))
same <- identical(
  again |> predict(test$x, verbose = 0), probability
)
cat("the reloaded model predicts the same:", same, "\n")

# ---- report ----
of_truth <- probability[cbind(seq_along(test$y), test$y + 1)]
report(
  "04_hello_iris",
  data = list(
    x_train = train$x, y_train = train$y,
    x_tuning = tuning$x, y_tuning = tuning$y,
    x_test = test$x, y_test = test$y
  ),
  networks = list(iris = list(model, start, history)),
  metrics = list(
    loss = mean(-log(of_truth)),
    accuracy = mean(predicted == test$y),
    reloaded_same = same
  )
)
