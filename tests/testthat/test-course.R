# What r/course.R writes, seen from R. That Python says the same is tested in
# tests/test_course.py.

library(testthat)
root <- normalizePath(
  if (file.exists("r/course.R")) "." else file.path("..", "..")
)
old <- setwd(root)
source("r/course.R")
setwd(old)

test_that("a seed is the twin's own unless the run gives another", {
  before <- Sys.getenv("DEEPTWINS_SEED")
  on.exit(Sys.setenv(DEEPTWINS_SEED = before))
  Sys.setenv(DEEPTWINS_SEED = "")
  expect_identical(seed(3), 3L)
  Sys.setenv(DEEPTWINS_SEED = "5")
  expect_identical(seed(3), 5L)
})

test_that("numbers keep every digit on their way through JSON", {
  values <- c(0.1 + 0.2, 1 / 3, 1e-300, 123456789.123456789, -0.1, 5)
  text <- jsonlite::toJSON(exact(values), json_verbatim = TRUE)
  back <- scan(text = gsub("[][]", "", text), sep = ",", quiet = TRUE)
  expect_identical(back, values)
})

test_that("undefined numbers become null", {
  expect_equal(unclass(exact(NA_real_)), "null", ignore_attr = TRUE)
  expect_equal(
    unclass(exact(c(1, NaN))), "[1, null]",
    ignore_attr = TRUE
  )
})

test_that("row order is the order of reading", {
  expect_identical(row_order(matrix(1:6, 2)), c(1, 3, 5, 2, 4, 6))
  expect_identical(row_order(1:3), c(1, 2, 3))
  cube <- array(1:24, c(2, 3, 4))
  expect_identical(row_order(cube)[1:5], c(1, 7, 13, 19, 3))
})

test_that("a file is written whole, or what was there stays", {
  folder <- tempfile()
  dir.create(file.path(folder, "taken", "by a folder"), recursive = TRUE)
  path <- file.path(folder, "file.txt")
  replace_file(path, charToRaw("old and longer"))
  replace_file(path, charToRaw("new"))
  expect_identical(readLines(path, warn = FALSE), "new")
  expect_error(
    suppressWarnings(replace_file(file.path(folder, "taken"), raw(3))),
    "taken could not be written. Is the disk full?"
  )
  left <- list.files(folder, all.files = TRUE, no.. = TRUE)
  expect_identical(sort(left), c("file.txt", "taken"))
})

test_that("report() asks for a data set", {
  opened <- .course$opened
  on.exit(.course$opened <- opened)
  .course$opened <- character()
  expect_error(
    report("02_metrics", data = list(), metrics = list(f1 = 1)),
    "opened no data set"
  )
})

test_that("TensorFlow is at hand, whoever brings Keras", {
  expect_true(exists("tf"))
})
