# Run an R twin and print a mark at each of its sections.
#
# Usage: Rscript r/marked.R SCRIPT
#
# Values at top level are printed as Rscript prints them, and an error names
# the script and its line.

local({
  script <- commandArgs(trailingOnly = TRUE)[[1]]
  lines <- readLines(script, encoding = "UTF-8", warn = FALSE)
  marked <- sub(
    "^# ---- (.+?) -+$", "cat('\\\\x1e\\1\\\\n')", lines,
    perl = TRUE
  )
  original <- srcfilecopy(script, lines, isFile = TRUE)
  code <- parse(text = marked, srcfile = original, keep.source = TRUE)
  source(exprs = code, local = globalenv(), print.eval = TRUE)
})
