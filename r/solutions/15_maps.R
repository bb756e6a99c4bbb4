# Solution: no map, all genes, and a model instead of votes.

# ---- constants ----
CELLS <- "shared_data/pbmc/cells.csv"
SEED <- 1
COMPONENTS <- 10

# ---- load ----
cells <- read.csv(CELLS, check.names = FALSE)
train <- subset(cells, partition == "train")
val <- subset(cells, partition == "tuning")
test <- subset(cells, partition == "new")
genes <- names(cells)[-(1:4)]

# ---- fit ----
set.seed(SEED)
pca <- prcomp(train[genes], rank. = COMPONENTS)
model <- glmnet::glmnet(pca$x, train$group, "multinomial",
                        alpha = 0, lambda = 1 / nrow(train),
                        standardize = FALSE, thresh = 1e-12)

# ---- validate ----
y_pred <- predict(model, predict(pca, val[genes]),
                  type = "class")
results <- list(val_accuracy_scores = mean(y_pred == val$group))

# ---- test ----
y_pred <- predict(model, predict(pca, test[genes]),
                  type = "class")
right <- sum(y_pred == test$group)
ci <- prop.test(right, nrow(test), correct = FALSE)$conf.int
results <- c(results, test_accuracy = right / nrow(test),
             test_low = ci[1], test_high = ci[2])
str(results)
