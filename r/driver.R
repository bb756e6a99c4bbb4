# Run a plain R script section by section, and keep what it printed, drew and
# computed: the R side of python/deeptwins/runs/driver.py.
#
# Usage: Rscript r/driver.R JOB.json
#        Rscript r/driver.R --warm     forks for each job that it is sent
#                                      (python/deeptwins/runs/warm.py)
#
# Values at top level are printed as Rscript prints them, and an error names
# the script and its line.

local({ # nolint: cyclocomp_linter. It runs from top to bottom.
  arguments <- commandArgs(trailingOnly = TRUE)
  job_file <- arguments[[1]]
  warm <- job_file == "--warm"
  if (warm) {
    if (packageVersion("keras3") >= "0.1") {
      stop("A process that has loaded keras3 and TensorFlow cannot be forked.")
    }
    # Forked, cli would end its thread, and hit one of TensorFlow's instead.
    Sys.setenv(CLI_NO_THREAD = "1")
    for (package in c("ggplot2", "glmnet", "jsonlite", "keras3", "pROC")) {
      loadNamespace(package)
    }
    reticulate::import("keras")
    server <- reticulate::import("deeptwins.runs.warm")
    # A forked process makes a temporary folder of its own, which goes when it
    # ends, and draws its own random numbers.
    unlink(tempdir(), recursive = TRUE)
    suppressWarnings(rm(".Random.seed", envir = globalenv()))
    for (i in 1:3) gc() # what is old is not looked at each time
    job_file <- server$serve()
    tempdir(check = TRUE)
  }
  began <- proc.time()[["elapsed"]]
  job <- jsonlite::fromJSON(job_file, simplifyVector = TRUE)
  setwd(job$folder)

  # ---- the script, with its constants replaced ----
  lines <- readLines(job$script, encoding = "UTF-8", warn = FALSE)
  original <- srcfilecopy(job$script, lines, isFile = TRUE)
  code <- parse(text = lines, srcfile = original, keep.source = TRUE)
  line_of <- vapply(attr(code, "srcref"), \(one) one[[1]], integer(1))
  marked <- grep(job$pattern, lines, perl = TRUE)
  names <- sub(job$pattern, "\\1", lines[marked], perl = TRUE)
  starts <- c(1L, marked)
  sections <- c(job$setup, names)
  section_of <- findInterval(line_of, starts)
  in_constants <- sections[section_of] == job$constants
  is_assigned <- vapply(code, function(one) {
    is.call(one) && identical(one[[1]], as.name("<-")) && is.name(one[[2]])
  }, logical(1))
  assigned <- which(in_constants & is_assigned)
  known <- vapply(code[assigned], \(one) as.character(one[[2]]), "")
  for (name in names(job$set)) {
    if (!name %in% known) {
      message(basename(job$script), " has no constant ", name, "; it has ",
              toString(known), ".")
      quit(status = 1)
    }
    value <- job$set[[name]]
    code[[assigned[[match(name, known)]]]][[3]] <- value
  }

  # ---- what is kept beside what it prints ----
  captures <- NULL
  current <- job$setup
  capture_from_now <- function(...) {
    captures <<- reticulate::import(
      "deeptwins.runs.capture", delay_load = FALSE
    )
    captures$begin(current)
    captures$start()
  }
  if (warm) capture_from_now()
  setHook("reticulate.onPyInit", capture_from_now)
  options(device = function(...) {
    dir.create("figures", showWarnings = FALSE)
    slug <- gsub("[^a-z0-9]+", "-", tolower(current))
    size <- job$sizes[[slug]]
    if (is.null(size)) size <- c(6, 3.6)
    grDevices::png(
      sprintf("figures/%s-%%d.png", slug),
      width = size[[1]], height = size[[2]], units = "in", res = 150,
      type = "cairo", family = "DejaVu Sans"
    )
  })
  # The look that matplotlibrc gives to Python's figures: text of 10 points and
  # titles of 11, lines of 1.8, axes of 0.8, grids of 0.6 in ggplot2's own unit.
  points <- 1 / (0.75 * ggplot2::.pt)
  ggplot2::theme_set(
    ggplot2::theme_minimal(base_size = 10) + ggplot2::theme(
      text = ggplot2::element_text(colour = "black"),
      axis.text = ggplot2::element_text(size = 10, colour = "black"),
      axis.line = ggplot2::element_line(linewidth = 0.8 * points),
      axis.ticks = ggplot2::element_line(linewidth = 0.8 * points),
      panel.grid.major = ggplot2::element_line("#e6e6e6", 0.6 * points),
      panel.grid.minor = ggplot2::element_blank(),
      plot.title = ggplot2::element_text(size = 11),
      strip.text = ggplot2::element_text(
        size = 11, colour = "black", hjust = 0
      ),
      legend.text = ggplot2::element_text(size = 10),
      legend.position = "top", legend.justification = "left",
      legend.margin = ggplot2::margin(),
      legend.box.spacing = ggplot2::unit(4, "pt")
    )
  )
  colours <- c(
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
    "#999999"
  )
  options(
    ggplot2.discrete.colour = colours, ggplot2.discrete.fill = colours,
    ggplot2.continuous.colour = "viridis", ggplot2.continuous.fill = "viridis"
  )
  for (geom in c("line", "path", "step")) {
    ggplot2::update_geom_defaults(
      geom, list(colour = colours[[1]], linewidth = 1.8 * points)
    )
  }
  ggplot2::update_geom_defaults(
    "point", list(colour = colours[[1]], size = 1.8)
  )
  for (geom in c("bar", "col")) {
    ggplot2::update_geom_defaults(geom, list(fill = colours[[1]]))
  }

  # ---- run ----
  for (i in seq_along(sections)) {
    current <- sections[[i]]
    cat(job$mark, current, "\n", sep = "")
    if (!is.null(captures)) captures$begin(current)
    rows <- which(section_of == i)
    if (length(rows)) {
      part <- code[rows]
      attr(part, "srcref") <- attr(code, "srcref")[rows]
      attr(part, "srcfile") <- attr(code, "srcfile")
      source(exprs = part, local = globalenv(), print.eval = TRUE)
    }
    graphics.off()
  }

  # ---- what it computed ----
  exact <- function(values) {
    text <- ifelse(is.nan(values) | is.na(values), "null",
                   sprintf("%.17g", values))
    text[is.infinite(values)] <- sprintf(
      '"%s"', tolower(values[is.infinite(values)])
    )
    if (length(text) != 1) text <- paste0("[", toString(text), "]")
    structure(text, class = "json")
  }
  as_object <- function(values) {
    if (length(values)) values else setNames(list(), character())
  }
  capitals <- grep("^[A-Z][A-Z0-9_]*$", ls(globalenv()), value = TRUE)
  constants <- mget(capitals, envir = globalenv()) |>
    Filter(f = \(one) is.atomic(one) || is.list(one)) |>
    lapply(\(one) if (is.null(names(one))) one else as.list(one))
  results <- get0("results", globalenv(), ifnotfound = list())
  versions <- list(
    r = as.character(getRversion()),
    keras3 = as.character(packageVersion("keras3"))
  )
  for (package in intersect(c("Rtsne", "uwot"), loadedNamespaces())) {
    versions[[package]] <- as.character(packageVersion(package))
  }
  if (!is.null(captures)) {
    captures$finish()
    driver <- reticulate::import("deeptwins.runs.driver")
    versions <- c(versions, driver$loaded_versions())
    versions$reticulate <- as.character(packageVersion("reticulate"))
  }
  ran <- list(
    constants = as_object(rapply(constants, exact, "numeric", how = "replace")),
    results = as_object(lapply(as.list(results), \(one) {
      exact(if (is.null(one)) NA else as.numeric(one))
    })),
    seconds = round(proc.time()[["elapsed"]] - began, 3),
    versions = versions
  )
  writeLines(
    enc2utf8(jsonlite::toJSON(ran, auto_unbox = TRUE, json_verbatim = TRUE)),
    "ran.json", useBytes = TRUE
  )
})
