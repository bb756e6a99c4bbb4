# Solution: vectors learn what the task asks for.

library(keras3)
library(ggplot2)

# ---- constants ----
SEED <- 1
AMINO_ACIDS <- "XACDEFGHIKLMNPQRSTVWY"
PROPERTIES <- c("charge", "hydropathy", "volume")
LENGTH <- 50
DIMENSIONS <- 32
FILTERS <- 32
KERNEL <- 8
LEARNING_RATE <- 0.003
BATCH_SIZE <- 32
EPOCHS <- 20

# ---- load ----
table <- read.csv(
  file.path(data_dir("aminoacids"), "aminoacids.csv")
)
folder <- data_file("peptides")

parts <- function(name) {
  file <- file.path(folder, paste0(name, ".train.txt"))
  rows <- read_peptides(file)
  fifth <- length(rows) %/% 5
  list(train = head(rows, -2 * fifth),
       tuning = head(tail(rows, 2 * fifth), fifth))
}

peptides <- Map(c, parts("AMP"), parts("DECOY"))

# ---- task ----
# What one could measure of a whole peptide: the sum of each
# property over its letters. X counts as an average letter.
chemistry <- scale(table[PROPERTIES])
of_letter <- rbind(0, chemistry)
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]

encode <- function(peptides) {
  x <- strsplit(peptides, "") |>
    lapply(\(letters) match(letters, amino_acids) - 1L) |>
    pad_sequences(maxlen = LENGTH)
  y <- t(apply(x, 1, \(row) colSums(of_letter[row + 1, ])))
  # Rounded, since Python's scaling differs in the last digits.
  list(x = x, y = unname(round(y / 10, 9)))
}

train <- encode(peptides$train)
tuning <- encode(peptides$tuning)

# ---- model ----
set_random_seed(SEED)
model <- keras_model_sequential(input_shape = LENGTH) |>
  layer_embedding(length(amino_acids), DIMENSIONS) |>
  layer_conv_1d(
    FILTERS, KERNEL, padding = "same", activation = "relu"
  ) |>
  layer_global_average_pooling_1d() |>
  layer_dense(length(PROPERTIES))
model |> compile(
  optimizer = optimizer_adam(LEARNING_RATE), loss = "mse"
)

# ---- fit ----
history <- model |> fit(
  train$x, train$y,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(tuning$x, tuning$y),
  verbose = 0
)
centred <- scale(tuning$y, scale = FALSE)
cat(sprintf("tuning error %.4f, of the mean %.4f\n",
            tail(history$metrics$val_loss, 1), mean(centred^2)))

# ---- distances ----
same <- outer(table$group, table$group, "==")
same <- same[lower.tri(same)]

compare <- function(vectors) {
  distance <- as.vector(dist(vectors))
  chemical <- as.vector(dist(chemistry))
  list(
    rho = cor(distance, chemical, method = "spearman"),
    ratio = mean(distance[same]) / mean(distance[!same])
  )
}

untrained <- compare(start[[1]][-1, ])
trained <- compare(get_weights(model)[[1]][-1, ])
print(round(cbind(untrained = unlist(untrained),
                  trained = unlist(trained)), 3))

# ---- results ----
results <- c(
  trained,
  setNames(untrained, paste0(names(untrained), "_untrained"))
)
print(round(unlist(results), 4))
