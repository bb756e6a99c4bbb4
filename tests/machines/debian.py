"""Run the course on a bare Debian: debootstrap, python3, make, git, and nothing else.

    DEBIAN_BASE=FOLDER DEBIAN_CACHE=FOLDER python3 tests/machines/debian.py trixie [run book test]

As root. The checkout's last commit is cloned into a new tree, where each target of
make runs. Every mount lies in a namespace of its own and ends with the last process
in it. Both folders may be left out: a tree that debootstrap has made, and where the packages
of pip, uv and apt are kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("python3", "make", "git", "ca-certificates")
TARGETS = ("run", "book", "test")
BASE, CACHE = os.environ.get("DEBIAN_BASE", ""), os.environ.get("DEBIAN_CACHE", "")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# The bare machine is on this one's network: its proxies and certificates hold there too.
NETWORK = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL")
MOUNTS = """
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
if [ -n "$CACHE" ]; then
  mkdir -p "$0/cache" "$CACHE/apt/partial"
  mount --bind "$CACHE" "$0/cache"
  mount --bind "$CACHE/apt" "$0/var/cache/apt/archives"
fi
exec chroot "$0" "$@"
"""


def lacking() -> str:
    """Return in words what this machine lacks to make another, or ''."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root under Linux can make a bare Debian"
    if missing := [one for one in ("debootstrap", "unshare", "chroot") if not shutil.which(one)]:
        return f"{' and '.join(missing)} is missing: apt-get install {missing[0]}"
    done = subprocess.run(["unshare", "-m", "-p", "--fork", "true"], capture_output=True, text=True)
    return done.stderr.strip()


def inside(tree: Path, script: str, log: Path) -> int:
    """Run a shell's script in the tree, which tells the log, and return its status."""
    env = {name: os.environ[name] for name in NETWORK if name in os.environ}
    env |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "CACHE": CACHE}
    env |= {"DEBIAN_FRONTEND": "noninteractive", "PIP_CERT": CERTIFICATES}
    env |= {"SSL_CERT_FILE": CERTIFICATES}
    if CACHE:
        env |= {"PIP_CACHE_DIR": "/cache/pip", "UV_CACHE_DIR": "/cache/uv"}
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", MOUNTS]
    with log.open("wb") as out:
        return subprocess.call(
            [*command, tree, "sh", "-ec", script],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def make_tree(release: str, tree: Path) -> None:
    """Make the machine and put the course on it."""
    if BASE:
        subprocess.run(["cp", "-a", "--reflink=auto", f"{BASE}/.", tree], check=True)
    else:
        command = ["debootstrap", "--variant=minbase", release, tree, MIRROR]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.copy("/etc/resolv.conf", tree / "etc/resolv.conf")
    log = tree / "packages.log"
    install = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(PACKAGES)}"
    if inside(tree, install, log) != 0:
        raise SystemExit(f"{release}: no {', '.join(PACKAGES)}:\n{log.read_text()[-2000:]}")
    shutil.copy(CERTIFICATES, f"{tree}{CERTIFICATES}")
    subprocess.run(["git", "clone", "-q", ROOT, tree / "course"], check=True)


def course(release: str, *targets: str) -> dict[str, str]:
    """Run the targets, or all, on a bare Debian; return the last lines of those that failed."""
    failed = {}
    with tempfile.TemporaryDirectory(prefix=f"{release}-") as temporary:
        tree = Path(temporary)
        make_tree(release, tree)
        for target in targets or TARGETS:
            began, log = time.monotonic(), tree / f"course/{target}.log"
            status = inside(tree, f"cd /course && make {target}", log)
            minutes = (time.monotonic() - began) / 60
            print(f"{release}: make {target}, status {status}, {minutes:.1f} min", flush=True)
            if status != 0:
                failed[target] = log.read_text(encoding="utf-8", errors="replace")[-4000:]
    return failed


def main() -> int:
    """Run what the command line asks for; its status is 1 where a target failed."""
    if reason := lacking():
        raise SystemExit(reason)
    failed = course(*sys.argv[1:])
    for target, said in failed.items():
        print(f"---- make {target} ----\n{said}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
