#!/bin/sh
# Set the course up from the folder in which this file lies, without a network:
#   sh install.sh [FOLDER]      FOLDER is ~/deeptwins if you name none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
there=${1:-$HOME/deeptwins}
if [ -e "$there" ]; then
  echo "$there is there already. Remove it, or name another folder." >&2
  exit 1
fi
if [ -f "$here/debs/Packages" ] && command -v apt-get > /dev/null; then
  root=
  [ "$(id -u)" = 0 ] || root=sudo
  lists=$(mktemp -d)
  chmod 755 "$lists"
  mkdir -p "$lists/lists/partial"  # apt removes from there what it does not know
  echo "deb [trusted=yes] file:$here/debs ./" > "$lists/course.list"
  apt() {
    $root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dir::State::lists="$lists/lists" \
      -o Dir::Etc::sourcelist="$lists/course.list" -o Dir::Etc::sourceparts=/dev/null "$@"
  }
  if apt update && apt install -y --no-install-recommends $(cat "$here/debs/names"); then :; else
    echo "R could not be installed, so only the Python half is set up." >&2
  fi
  $root rm -rf "$lists"
fi
cp -r "$here/deeptwins" "$there"
cd "$there"
export PIP_NO_INDEX=1 PIP_FIND_LINKS="$here/wheels"
if [ -d "$here/cran" ]; then export DEEPTWINS_CRAN="file://$here/cran"; fi
python3 course.py setup
