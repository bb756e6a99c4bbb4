import os
import subprocess
from pathlib import Path

COURSE = ""  # the address of its repository

here = Path.cwd()
places = [here, *here.parents, here / "deeptwins"]
root = next((p for p in places if (p / "shared_data").is_dir()), None)
if root is None and not COURSE:
    raise FileNotFoundError(
        "This notebook does not lie in the course's folder. Ask whoever gave it to you "
        "for that folder, put it there beside README.md, and open it again."
    )
if root is None:
    root = here / "deeptwins"
    subprocess.run(["git", "clone", "--depth=1", COURSE, str(root)], check=True)
os.chdir(root)
