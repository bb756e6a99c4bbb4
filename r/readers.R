# Read what a twin gets from outside, and refuse what is not whole.
#
# python/deeptwins/readers.py has the same three functions, written
# independently; both take their error sentences from
# python/deeptwins/shared.json. r/course.R loads this file.

.shared <- jsonlite::read_json("python/deeptwins/shared.json")

#' A sentence of shared.json with its placeholders filled in
#' @noRd
message_of <- function(key, ...) {
  values <- list(replace = .shared$messages$replace)
  values <- utils::modifyList(values, list(...))
  text <- .shared$messages[[key]]
  for (name in names(values)) {
    place <- paste0("{", name, "}")
    text <- gsub(place, as.character(values[[name]]), text, fixed = TRUE)
  }
  text
}

#' Stop with a sentence of shared.json
#' @noRd
refuse <- function(key, ...) stop(message_of(key, ...), call. = FALSE)

#' The path of a file that holds something
#' @noRd
not_empty <- function(path) {
  if (!utils::file_test("-f", path)) {
    refuse("missing", path = path, remedy = .shared$messages$replace)
  }
  if (file.size(path) == 0) refuse("empty", path = path)
  path
}

#' The arrays of an .npz file, as NumPy writes it
#'
#' @param path The file.
#' @param ... For each array its shape, NA for a dimension of any size:
#'   `x = c(NA, 32, 32, 3), y = NA`.
#' @return Named list of arrays with these dimensions; one with a single
#'   dimension is a vector. An error names a file that is empty, cut off or no
#'   .npz, and an array that is missing, holds no numbers or has another shape.
read_arrays <- function(path, ...) {
  shapes <- list(...)
  not_empty(path)
  whole <- function(expression) {
    tryCatch(expression, error = function(condition) {
      refuse("not_arrays", path = path)
    }, warning = function(condition) refuse("not_arrays", path = path))
  }
  checksums <- whole(checksums_of(path))
  inside <- names(checksums)
  arrays <- list()
  for (name in names(shapes)) {
    member <- paste0(name, ".npy")
    if (!member %in% inside) {
      refuse("no_array",
        path = path, array = name,
        found = paste(sub("[.]npy$", "", inside), collapse = ", ")
      )
    }
    arrays[[name]] <- whole(read_npy(path, member, checksums[[member]]))
  }
  for (name in names(shapes)) {
    array <- arrays[[name]]
    if (is.character(array)) {
      refuse("dtype", path = path, array = name, found = array)
    }
    expected <- shapes[[name]]
    found <- if (is.null(dim(array))) length(array) else dim(array)
    fits <- length(expected) == length(found) &&
      all(is.na(expected) | expected == found)
    if (!fits) {
      expected <- ifelse(is.na(expected), "any", expected)
      refuse("shape",
        path = path, array = name, found = toString(found),
        expected = toString(expected)
      )
    }
  }
  arrays
}

#' The checksum of each file in a zip archive, by its name
#'
#' R's own unzip() and unz() take a file whose checksum does not fit.
#' @noRd
checksums_of <- function(path) {
  input <- file(path, "rb")
  on.exit(close(input))
  number <- function(bytes) sum(as.integer(bytes) * 256^(seq_along(bytes) - 1))
  # The list of the files is at the end of the archive, and after it a record
  # of 22 bytes and of a comment that says where the list begins.
  size <- file.size(path)
  seek(input, max(0, size - 22 - 65535))
  end <- readBin(input, "raw", 22 + 65535)
  mark <- as.raw(c(0x50, 0x4b, 0x05, 0x06))
  starts <- grepRaw(mark, end, fixed = TRUE, all = TRUE)
  end <- end[seq(max(starts), length(end))]
  seek(input, number(end[17:20]))
  listed <- readBin(input, "raw", number(end[13:16]))
  found <- character()
  for (one in seq_len(number(end[11:12]))) {
    lengths <- c(
      number(listed[29:30]), number(listed[31:32]), number(listed[33:34])
    )
    name <- rawToChar(listed[46 + seq_len(lengths[[1]])])
    if (!validUTF8(name)) stop("no name")
    found[[name]] <- paste(rev(listed[17:20]), collapse = "")
    listed <- listed[-seq_len(46 + sum(lengths))]
  }
  found
}

#' The bytes of one file in a zip archive, once they fit their checksum
#' @noRd
read_member <- function(path, member, checksum) {
  input <- unz(path, member, "rb")
  on.exit(close(input))
  size <- with(utils::unzip(path, list = TRUE), Length[Name == member])
  content <- readBin(input, "raw", size)
  found <- digest::digest(content, "crc32", serialize = FALSE)
  # digest() leaves the zeros at the start out.
  if (sub("^0+", "", checksum) != sub("^0+", "", found)) stop("damaged")
  content
}

#' One array of an .npz file; its dtype as text where that is no number
#'
#' The format is that of numpy.lib.format: a magic string, a header with a
#' dict in Python's words, the values with the last axis fastest.
#' @noRd
read_npy <- function(path, member, checksum) {
  input <- rawConnection(read_member(path, member, checksum))
  on.exit(close(input))
  header <- npy_header(input)
  kind <- field(header, "'descr': *'([<>|=])([a-zA-Z])([0-9]+)'")
  if (length(kind) == 0) stop("pickled objects")
  if (!kind[2] %in% c("b", "i", "u", "f")) {
    return(paste(kind, collapse = ""))
  }
  shape <- scan(
    text = field(header, "'shape': *[(]([^)]*)[)]"),
    sep = ",", quiet = TRUE
  )
  shape <- shape[!is.na(shape)]
  bytes <- as.integer(kind[[3]])
  values <- readBin(
    input, if (kind[[2]] == "f") "double" else "integer",
    prod(shape),
    size = bytes, signed = kind[[2]] != "u" || bytes > 2,
    endian = if (kind[[1]] == ">") "big" else "little"
  )
  if (length(values) != prod(shape)) stop("cut off")
  if (kind[[2]] == "b") values <- as.logical(values)
  if (length(shape) < 2) return(values)
  if (grepl("'fortran_order': *True", header)) return(array(values, shape))
  aperm(array(values, rev(shape)))
}

#' The header of an .npy file, as text
#' @noRd
npy_header <- function(input) {
  start <- readBin(input, "raw", 8)
  if (!identical(rawToChar(start[2:6]), "NUMPY")) stop("no array")
  wide <- as.integer(start[[7]]) > 1
  size <- readBin(input, "integer", 1,
    size = if (wide) 4 else 2, signed = wide, endian = "little"
  )
  rawToChar(readBin(input, "raw", size))
}

#' The groups of a pattern in a text
#' @noRd
field <- function(text, pattern) {
  regmatches(text, regexec(pattern, text))[[1]][-1]
}

#' The peptides of a text file with one sequence per line, in capitals
#'
#' Blank lines are skipped. X stands for an amino acid that is not known.
#'
#' @param path The file.
#' @return Character vector. An error names a file that is empty, and a line
#'   with a letter that stands for no amino acid.
read_peptides <- function(path) {
  lines <- readLines(not_empty(path), warn = FALSE, encoding = "latin1")
  small <- paste(base::letters, collapse = "")
  sequences <- chartr(small, toupper(small), trimws(lines))
  wrong <- grep(paste0("[^", .shared$amino_acids, "]"), sequences)
  if (length(wrong)) {
    pattern <- paste0("[^", .shared$amino_acids, "]")
    line <- enc2utf8(sequences[[wrong[[1]]]])
    refuse("letter",
      path = path, line = wrong[[1]],
      letter = regmatches(line, regexpr(pattern, line)),
      letters = .shared$amino_acids
    )
  }
  sequences <- sequences[nzchar(sequences)]
  if (length(sequences) == 0) refuse("empty", path = path)
  sequences
}

#' The .png images below a folder that has a sub-folder for each class
#'
#' Each image is decoded once, so that one that cannot be read is found here
#' and not in the middle of training.
#'
#' @param folder The folder.
#' @return Data frame with the columns `file` (path) and `label` (name of the
#'   class folder), ordered by both. An error names a folder without classes,
#'   a class without images, or an image that is damaged.
image_files <- function(folder) {
  # By their names alone: without a UTF-8 locale R cannot sort a path in which
  # there are other letters.
  by_name <- \(paths) paths[order(basename(paths), method = "radix")]
  classes <- by_name(list.dirs(folder, recursive = FALSE))
  if (length(classes) == 0) refuse("no_classes", path = folder)
  of_class <- lapply(classes, function(one) {
    found <- list.files(one, "[.]png$", ignore.case = TRUE, full.names = TRUE)
    if (length(found) == 0) refuse("no_images", path = one)
    for (path in found) {
      not_empty(path)
      tryCatch(png::readPNG(path, native = TRUE), error = function(condition) {
        refuse("image", path = path)
      })
    }
    data.frame(file = by_name(found), label = basename(one))
  })
  do.call(rbind, of_class)
}
