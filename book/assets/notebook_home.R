COURSE <- "" # the address of its repository

root <- normalizePath(getwd())
while (!dir.exists(file.path(root, "shared_data"))) {
  if (dirname(root) == root) {
    root <- "deeptwins"
    break
  }
  root <- dirname(root)
}
new <- !dir.exists(root)
if (new && !nzchar(COURSE)) {
  stop(
    "This notebook does not lie in the course's folder. Ask whoever gave it ",
    "to you for that folder, put it there beside README.md, and open it again."
  )
}
if (new) system2("git", c("clone", "--depth=1", COURSE, root))
setwd(root)
if (new) source("r/setup.R")
source(".Rprofile")
