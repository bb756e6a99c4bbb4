# Run an R twin and print a mark at each of its sections.
#
# Usage: Rscript r/marked.R SCRIPT
#        Rscript r/marked.R --warm SOCKET   forks for each script that it is
#                                           sent (python/deeptwins/warm.py)
#
# Values at top level are printed as Rscript prints them, and an error names
# the script and its line.

local({
  script <- commandArgs(trailingOnly = TRUE)[[1]]
  if (script == "--warm") {
    if (requireNamespace("keras3", quietly = TRUE)) {
      stop("Nobody has tried yet whether keras3 can be forked.")
    }
    # Forked, cli would end its thread, and hit one of TensorFlow's instead.
    Sys.setenv(CLI_NO_THREAD = "1")
    for (package in c("digest", "ggplot2", "glmnet", "jsonlite", "pROC")) {
      loadNamespace(package)
    }
    reticulate::import("keras")
    forks <- reticulate::import("deeptwins.forks")
    # A forked process makes a temporary folder of its own, which goes when it
    # ends, and draws its own random numbers.
    unlink(tempdir(), recursive = TRUE)
    suppressWarnings(rm(".Random.seed", envir = globalenv()))
    script <- forks$serve(commandArgs(trailingOnly = TRUE)[[2]])
    tempdir(check = TRUE)
  }
  lines <- readLines(script, encoding = "UTF-8", warn = FALSE)
  marked <- sub(
    "^# ---- (.+?) -+$", "cat('\\\\x1e\\1\\\\n')", lines,
    perl = TRUE
  )
  original <- srcfilecopy(script, lines, isFile = TRUE)
  code <- parse(text = marked, srcfile = original, keep.source = TRUE)
  source(exprs = code, local = globalenv(), print.eval = TRUE)
})
