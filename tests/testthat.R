# Every R test of the course, outside pytest:
#
#   Rscript tests/testthat.R
#
# Ends with status 1 when a test fails.
if (!file.exists("r/course.R")) {
  stop("Call this from the course's folder: Rscript tests/testthat.R")
}
testthat::test_dir(
  "tests/testthat",
  reporter = testthat::check_reporter(),
  load_package = "none", stop_on_failure = TRUE
)
