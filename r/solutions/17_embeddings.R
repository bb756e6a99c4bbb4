# Solution: vectors learn what the task asks for.

library(keras3)

# ---- constants ----
ACIDS <- "shared_data/aminoacids/aminoacids.csv"
AMPS <- "shared_data/peptides/AMP.train.txt"
DECOYS <- "shared_data/peptides/DECOY.train.txt"
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
read_peptides <- function(path) { # one a line, or FASTA
  lines <- trimws(toupper(readLines(path)))
  header <- startsWith(lines, ">")
  if (!any(header)) return(lines[lines != ""])
  split(lines[!header], cumsum(header)[!header]) |>
    vapply(paste, "", collapse = "", USE.NAMES = FALSE)
}

load_list <- function(path) {
  peptides <- read_peptides(path)
  fifth <- length(peptides) %/% 5
  list(train = head(peptides, -2 * fifth),
       val = head(tail(peptides, 2 * fifth), fifth))
}

acids <- read.csv(ACIDS)
amps <- load_list(AMPS)
decoys <- load_list(DECOYS)
train <- c(amps$train, decoys$train)
val <- c(amps$val, decoys$val)

# ---- task ----
# What one could measure of a whole peptide: the sum of each
# property over its letters. X counts as an average letter.
chemistry <- scale(acids[PROPERTIES])
of_letter <- rbind(0, chemistry)
amino_acids <- strsplit(AMINO_ACIDS, "")[[1]]

encode <- function(peptides) {
  numbers <- strsplit(peptides, "") |>
    lapply(\(letters) match(letters, amino_acids) - 1L)
  pad_sequences(numbers, maxlen = LENGTH)
}

measure <- function(x) { # rounded: the same in Python and R
  sums <- apply(x, 1, \(row) colSums(of_letter[row + 1, ]))
  round(unname(t(sums)) / 10, 9)
}

x_train <- encode(train)
x_val <- encode(val)
y_train <- measure(x_train)
y_val <- measure(x_val)

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
before <- get_weights(model)[[1]][-1, ]

# ---- fit ----
history <- model |> fit(
  x_train, y_train,
  batch_size = BATCH_SIZE,
  epochs = EPOCHS,
  validation_data = list(x_val, y_val),
  verbose = 0
)
after <- get_weights(model)[[1]][-1, ]
centred <- scale(y_val, scale = FALSE)
cat(sprintf("validation error %.4f, of the mean %.4f\n",
            tail(history$metrics$val_loss, 1), mean(centred^2)))

# ---- distances ----
same <- outer(acids$group, acids$group, "==")
same <- same[lower.tri(same)]

compare <- function(vectors) {
  distance <- as.vector(dist(vectors))
  chemical <- as.vector(dist(chemistry))
  list(
    rho = cor(distance, chemical, method = "spearman"),
    ratio = mean(distance[same]) / mean(distance[!same])
  )
}

untrained <- compare(before)
trained <- compare(after)
round(cbind(untrained = unlist(untrained),
            trained = unlist(trained)), 3)

# ---- results ----
results <- c(
  trained,
  setNames(untrained, paste0(names(untrained), "_untrained"))
)
str(results)
