# Makes R and Python ready for the course. In RStudio, once:
#
#   source("r/setup.R")
#
# That is `python course.py setup`, with this R. course.py in turn calls this
# file for the R half: `Rscript r/setup.R packages` installs from CRAN into
# .rlib, in this folder, what DESCRIPTION imports and no library here has, and
# `Rscript r/setup.R missing` names it. With the word `test` behind them, both
# take what DESCRIPTION suggests too. `Rscript r/setup.R stage DIR` makes a CRAN
# of it all in a folder, for machines without a network.

local({ # nolint: cyclocomp_linter. Nothing is left in the workspace.
  if (!file.exists("r/setup.R")) {
    stop(
      "R's working directory is ", getwd(), ", not the course's folder. ",
      "Open deeptwins.Rproj, or call setwd() with that folder first."
    )
  }

  patience <- 10 # seconds to wait for a CRAN that does not answer
  needs_compiler <- 3L # exit status, which setup/r.py knows
  without <- c( # what the course can do without, and how
    keras3 = "r/standin stands in for it."
  )
  optional <- names(without)
  library_here <- file.path(getwd(), ".rlib")
  staged <- file.path(getwd(), ".make", "rlib")

  say <- function(...) cat("set-up: ", ..., "\n", sep = "")

  #' Names and lower bounds in a field such as "Rcpp (>= 1.0.7), here"
  requirements <- function(field) {
    entries <- trimws(strsplit(field, ",")[[1]])
    entries <- entries[nzchar(entries)]
    bounded <- grepl(">=", entries, fixed = TRUE)
    data.frame(
      name = sub("[[:space:](].*", "", entries),
      bound = ifelse(bounded, gsub(".*>=|[[:space:])]", "", entries), "0")
    )
  }

  #' Those of the requirements that no library here fulfils
  lacking <- function(needed) {
    fulfilled <- vapply(seq_len(nrow(needed)), function(i) {
      nzchar(system.file(package = needed$name[[i]])) &&
        packageVersion(needed$name[[i]]) >= needed$bound[[i]]
    }, logical(1))
    needed[!fulfilled, ]
  }

  #' The address of CRAN: the one chosen in RStudio, or the cloud's
  cran <- function() {
    chosen <- Sys.getenv("DEEPTWINS_CRAN", unname(getOption("repos")["CRAN"]))
    if (chosen %in% c(NA, "@CRAN@")) "https://cloud.r-project.org" else chosen
  }

  #' Whether CRAN answers in time
  reachable <- function(url) {
    if (startsWith(url, "file:")) {
      return(TRUE)
    }
    old <- options(timeout = patience)
    on.exit(options(old))
    tryCatch(
      {
        headers <- curlGetHeaders(paste0(url, "/src/contrib/PACKAGES"))
        attr(headers, "status") < 400
      },
      error = function(condition) FALSE
    )
  }

  #' The requirements, and everything that they require in turn
  closure <- function(needed, available) {
    pending <- needed$name
    repeat {
      known <- intersect(pending, rownames(available))
      fields <- available[known, c("Depends", "Imports", "LinkingTo")]
      found <- requirements(paste(na.omit(c(fields)), collapse = ","))
      found <- found[found$name != "R", ]
      pending <- setdiff(found$name, needed$name)
      needed <- rbind(needed, found)
      if (!length(pending)) {
        return(needed)
      }
    }
  }

  #' Install packages from CRAN into .rlib: all that they need, or nothing
  #'
  #' They are put together in a folder of their own, loaded there by a fresh R,
  #' and moved only then, so that a half of keras3 cannot spoil what works.
  install <- function(needed, url) {
    wanted <- needed$name
    available <- available.packages(repos = url)
    names <- unique(lacking(closure(needed, available))$name)
    unlink(staged, recursive = TRUE)
    dir.create(staged, recursive = TRUE)
    dir.create(library_here, showWarnings = FALSE)
    before <- .libPaths()
    old <- options(timeout = max(300, getOption("timeout")))
    on.exit({
      options(old)
      .libPaths(before)
      unlink(staged, recursive = TRUE)
    })
    .libPaths(c(staged, library_here, before))
    began <- proc.time()[["elapsed"]]
    what <- paste(toString(wanted), "from CRAN into .rlib")
    say(what, ", with what they need (packages: ", length(names), ") ...")
    suppressWarnings(install.packages(
      names,
      lib = staged, repos = url, quiet = TRUE, keep_outputs = dirname(staged),
      Ncpus = max(1L, parallel::detectCores(), na.rm = TRUE)
    ))
    if (!loads(wanted)) {
      say(what, ": failed; .make/<package>.out says why")
      return(FALSE)
    }
    for (name in list.files(staged)) {
      unlink(file.path(library_here, name), recursive = TRUE)
      file.rename(file.path(staged, name), file.path(library_here, name))
    }
    say(what, ": ", round(proc.time()[["elapsed"]] - began), " s")
    TRUE
  }

  #' Install r/standin, unless the one in .rlib-standin is of these very files
  #'
  #' .Rprofile puts that library last. The old one goes only when the new one
  #' is complete.
  install_standin <- function() {
    home <- file.path(getwd(), ".rlib-standin")
    files <- list.files("r/standin", recursive = TRUE, full.names = TRUE)
    key <- c(R.version.string, paste(files, tools::md5sum(files)))
    note <- file.path(home, "key.txt")
    if (file.exists(note) && identical(readLines(note), key)) return(TRUE)
    new <- file.path(getwd(), ".make", "rlib-standin")
    unlink(new, recursive = TRUE)
    dir.create(new, recursive = TRUE)
    log <- file.path(dirname(new), "standin.out")
    flags <- c("--no-docs", "--no-byte-compile", "--no-test-load")
    status <- system2(
      file.path(R.home("bin"), "R"),
      c("CMD", "INSTALL", flags, paste0("--library=", shQuote(new)),
        shQuote("r/standin")),
      stdout = log, stderr = log
    )
    if (status != 0) {
      say("r/standin could not be installed; ", log, " says why.")
      return(FALSE)
    }
    writeLines(key, file.path(new, "key.txt"))
    unlink(home, recursive = TRUE)
    file.rename(new, home)
  }

  #' Whether a fresh R can load packages from the libraries of this one
  loads <- function(names) {
    old <- Sys.getenv("R_LIBS")
    on.exit(Sys.setenv(R_LIBS = old))
    Sys.setenv(R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep))
    code <- paste0("loadNamespace('", names, "')", collapse = "; ")
    rscript <- file.path(R.home("bin"), "Rscript")
    arguments <- c("--vanilla", "-e", shQuote(code))
    system2(rscript, arguments, stdout = FALSE, stderr = FALSE) == 0
  }

  #' Install what R lacks; returns 0, or `needs_compiler`
  set_up_packages <- function(listed) {
    for (needed in split(listed, listed$name %in% optional)) {
      needed <- lacking(needed)
      if (!nrow(needed)) next
      names <- paste(needed$name, collapse = ", ")
      url <- cran()
      if (!reachable(url)) {
        say(
          names, ": CRAN (", url, ") could not be reached. ",
          if (all(needed$name %in% optional)) {
            paste(without[needed$name], collapse = " ")
          } else {
            paste(
              "On Debian and Ubuntu: sudo apt-get install",
              paste0("r-cran-", tolower(needed$name), collapse = " ")
            )
          }
        )
        next
      }
      from_source <- .Platform$pkgType == "source"
      if (from_source && !any(nzchar(Sys.which(c("g++", "c++"))))) {
        say(names, " from CRAN: that needs a C++ compiler, such as g++.")
        return(needs_compiler)
      }
      install(needed, url)
    }
    0L
  }

  #' Make a CRAN in a folder, of all that the requirements require
  stage <- function(needed, folder) {
    url <- cran()
    if (!reachable(url)) return(FALSE)
    available <- available.packages(repos = url)
    base <- rownames(installed.packages(priority = "base"))
    names <- setdiff(closure(needed, available)$name, base)
    to <- file.path(folder, "src", "contrib")
    dir.create(to, recursive = TRUE, showWarnings = FALSE)
    got <- download.packages(names, to, available, url, type = "source")
    tools::write_PACKAGES(to, type = "source")
    nrow(got) > 0
  }

  #' Let the first Python that starts here set up both languages
  #'
  #' R puts folders of its own before those in LD_LIBRARY_PATH, in which a
  #' Python may find the shared library of another one; such a Python starts,
  #' but has no ssl. It is tried again without the variable.
  set_up_both <- function() {
    old <- Sys.getenv(c("LD_LIBRARY_PATH", "PATH"), NA, names = TRUE)
    on.exit({
      Sys.unsetenv(names(old))
      do.call(Sys.setenv, as.list(old[!is.na(old)]))
    })
    # The set-up asks for this R, at the CRAN that this session uses.
    paths <- c(old[["PATH"]], R.home("bin"))
    Sys.setenv(
      PATH = paste(paths, collapse = .Platform$path.sep),
      DEEPTWINS_CRAN = cran()
    )
    for (attempt in c("as R sets it", "without")) {
      if (attempt == "without") Sys.unsetenv("LD_LIBRARY_PATH")
      for (python in Sys.which(c("python3", "python", "py"))) {
        # Windows has a python3 that only opens a shop.
        starts <- nzchar(python) && system2(
          python, c("-c", shQuote("import ssl")),
          stdout = FALSE, stderr = FALSE
        ) == 0
        if (starts) return(system2(python, c("course.py", "setup")) == 0)
      }
    }
    say(
      "there is no Python. Install Python 3.12 from https://www.python.org, ",
      "then call source(\"r/setup.R\") again."
    )
    FALSE
  }

  #' What a fresh R says of the Python that it starts here; "" if that fits
  trouble <- function() {
    code <- "source('.Rprofile'); invisible(reticulate::py_config())"
    said <- suppressWarnings(system2(
      file.path(R.home("bin"), "Rscript"),
      c("--no-init-file", "-e", shQuote(code)),
      stdout = TRUE, stderr = TRUE
    ))
    if (is.null(attr(said, "status"))) return("")
    error <- grep("^Error", said, value = TRUE)
    sub("^Error[^:]*: *", "", c(error, said, "R does not start.")[[1]])
  }

  words <- if (interactive()) "" else c(commandArgs(trailingOnly = TRUE), "")
  fields <- c("Imports", if ("test" %in% words) "Suggests")
  listed <- read.dcf("DESCRIPTION", fields)
  needed <- requirements(paste(na.omit(c(listed)), collapse = ","))
  required <- needed[!needed$name %in% optional, ]
  if (dir.exists(library_here)) .libPaths(c(library_here, .libPaths()))

  if (words[[1]] == "missing") {
    cat(lacking(required)$name, sep = "\n")
  } else if (words[[1]] == "packages") {
    status <- set_up_packages(needed)
    if (!install_standin() && status == 0) status <- 1L
    quit(status = status)
  } else if (words[[1]] == "stage") {
    quit(status = if (stage(needed, words[[2]])) 0L else 1L)
  } else {
    done <- set_up_both()
    lacks <- toString(lacking(required)$name)
    wrong <- if (nzchar(lacks)) paste("R lacks", lacks) else trouble()
    ready <- done && !nzchar(wrong)
    say(
      if (ready) {
        "ready. Restart R, open r/01_first_network.R and run it line by line."
      } else {
        paste("not ready yet.", if (nzchar(wrong)) wrong else paste(
          "Do what the lines above say, then call source(\"r/setup.R\") again."
        ))
      }
    )
    if (!interactive() && !ready) quit(status = 1)
  }
})
