"""The data home: fetching from a server on this machine, hostile archives, looking into sets."""

import errno
import http.server
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
import types
import zipfile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from deeptwins import datahome, datasets, fetch, files, readers
from deeptwins.cli import app
from deeptwins.fetch import FetchError

# Before the fixture `home` puts others in their place.
REAL = {name: os.environ[name] for name in ("DEEPTWINS_DATA", "KERAS_HOME") if name in os.environ}
CONTENT = np.random.default_rng(1).bytes(300_000)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A data home and a home of Keras of the test's own."""
    monkeypatch.setenv("DEEPTWINS_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "home"


def call(*arguments):
    return CliRunner().invoke(app, ["data", *arguments])


# ---- a server, well behaved or not ----


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`; `requests` notes the Range of each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.etag, self.modified = CONTENT, '"one"', None
        self.ranges, self.cut_after, self.silent, self.status = True, [], False, 200
        self.wrong_range = self.chunked = False
        self.requests = []
        self.url = f"http://127.0.0.1:{self.server_port}/cell_images.zip"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server, content = self.server, self.server.content
        asked = self.headers["Range"]
        server.requests.append(asked)
        if server.silent:
            time.sleep(3)
            return
        if server.status != 200:
            self.send_error(server.status)
            return
        start = 0
        if asked and server.ranges and self.headers["If-Range"] in (server.etag, server.modified):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            first = start + 1 if server.wrong_range else start
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        for header, value in {"ETag": server.etag, "Last-Modified": server.modified}.items():
            if value:
                self.send_header(header, value)
        if not server.chunked:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        count = server.cut_after.pop(0) if server.cut_after else None
        self.wfile.write(content[start:][:count])
        if count == 0:
            time.sleep(3)  # silent in the middle

    do_HEAD = do_GET


@pytest.fixture
def server():
    with Server() as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield one
        one.shutdown()


@pytest.fixture
def download(server, home, tmp_path):
    """Download from the server; returns the file."""
    home.mkdir()
    reference = tmp_path / "reference"
    reference.write_bytes(CONTENT)
    digest = files.sha256(reference)

    def run(**options):
        part = home / "cell_images.zip.part"
        options = {"size": len(CONTENT), "sha256": digest} | options
        fetch.download(server.url, part, **options)
        return part

    return run


def test_a_file_arrives_whole_with_its_progress(server, download):
    told = []
    part = download(progress=lambda completed: told.append(completed))
    assert part.read_bytes() == CONTENT
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)
    assert server.requests == [None]


@pytest.mark.parametrize(
    ("etag", "modified"),
    [('"one"', None), ('W/"one"', "Wed, 21 Oct 2015 07:28:00 GMT"), (None, "Wed, 21 Oct 2015")],
)
def test_a_broken_connection_is_gone_on_from(server, download, etag, modified):
    server.etag, server.modified, server.cut_after = etag, modified, [100_000, 50_000]
    assert download().read_bytes() == CONTENT
    assert server.requests == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_call_goes_on_where_the_first_was_killed(server, download, home):
    server.cut_after = [70_000]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "TRIES", 1)
        with pytest.raises(FetchError, match=r"70 kB are kept"):
            download()
    assert (home / "cell_images.zip.part").stat().st_size == 70_000
    assert download().read_bytes() == CONTENT
    assert server.requests == [None, "bytes=70000-"]


def test_what_is_whole_already_is_not_asked_for_again(server, download):
    download()
    download()
    assert len(server.requests) == 1


def test_a_server_without_ranges_starts_anew(server, download):
    server.ranges, server.cut_after = False, [100_000]
    assert download().read_bytes() == CONTENT
    assert server.requests == [None, "bytes=100000-"]


def test_a_server_that_names_no_version_starts_anew(server, download):
    server.etag, server.cut_after = None, [100_000]
    assert download().read_bytes() == CONTENT
    assert server.requests == [None, None]


def test_a_changed_file_is_not_joined_to_the_old_one(server, download, home):
    server.content, server.cut_after = bytes(len(CONTENT)), [100_000]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "TRIES", 1)
        with pytest.raises(FetchError):
            download()
    server.content, server.etag = CONTENT, '"two"'
    assert download().read_bytes() == CONTENT
    assert server.requests == [None, "bytes=100000-"]


def test_a_wrong_range_is_not_joined(server, download):
    server.wrong_range, server.cut_after = True, [100_000]
    assert download().read_bytes() == CONTENT
    assert server.requests == [None, "bytes=100000-", None]


def test_a_part_that_is_too_long_is_replaced(server, download, home):
    (home / "cell_images.zip.part").write_bytes(bytes(len(CONTENT) + 1))
    assert download().read_bytes() == CONTENT


def test_a_wrong_digest_is_refused_and_the_file_deleted(server, download, home):
    server.content = bytes(len(CONTENT))
    with pytest.raises(FetchError, match=r"is not the file that was published \(SHA-256"):
        download()
    assert not (home / "cell_images.zip.part").exists()


def test_another_size_is_refused_before_anything_is_lost(server, download, home):
    server.cut_after = [70_000]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "TRIES", 1)
        with pytest.raises(FetchError):
            download()
    server.content, server.etag = b"<html>Log in to the Wi-Fi</html>", '"two"'
    with pytest.raises(FetchError, match="it has 32 bytes, expected 300000"):
        download()
    assert (home / "cell_images.zip.part").stat().st_size == 70_000


def test_an_endless_file_is_stopped(server, download, home):
    server.content, server.chunked = CONTENT + bytes(10_000_000), True
    with pytest.raises(FetchError, match="longer than the file that was published"):
        download()
    assert (home / "cell_images.zip.part").stat().st_size <= len(CONTENT)


def test_a_silent_server_is_given_up_and_what_came_is_kept(server, download, home):
    server.cut_after = [100_000, 0]
    with pytest.raises(FetchError, match=r"has been silent for 1 seconds. 100 kB are kept"):
        download(patience=1.0)
    assert (home / "cell_images.zip.part").stat().st_size == 100_000
    server.silent = True
    with pytest.raises(FetchError, match="gave no answer within 1 seconds"):
        download(patience=1.0)


def test_a_missing_file_is_named(server, download):
    server.status = 404
    with pytest.raises(FetchError, match=r"cell_images.zip: the server answered 404 Not Found"):
        download()


def test_nobody_there(download, server):
    server.url = "http://127.0.0.1:9/cell_images.zip"
    with pytest.raises(FetchError, match=r"127.0.0.1:9 cannot be reached .*refused"):
        download()


def test_a_name_that_is_never_found_holds_nobody_up(download, server, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *arguments, **options: time.sleep(3))
    with pytest.raises(FetchError, match="no answer within 1 seconds"):
        download(patience=1.0)


# ---- archives ----


def png(shade=0):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


def archive(path, entries=(), compression=zipfile.ZIP_STORED):
    """Write an archive like the published one, and add what a test wants to have in it."""
    usual = {
        "cell_images/": b"",
        "cell_images/Parasitized/a.png": png(1),
        "cell_images/Parasitized/b.png": png(2),
        "cell_images/Parasitized/Thumbs.db": b"thumbs",
        "cell_images/Uninfected/a.png": png(3),
    }
    with zipfile.ZipFile(path, "w", compression) as out:
        for name, content in [*usual.items(), *entries]:
            out.writestr(name, content)
    return path


def unpack(path, home, count=3):
    fetch.unpack_images(path, home / "malaria_cells", classes=datahome.CELLS, count=count)


def tree(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_the_images_are_unpacked_and_nothing_else(tmp_path, home):
    home.mkdir()
    (home / ".malaria_cells.unpacking").mkdir()  # left by a process that was killed
    (home / ".malaria_cells.unpacking" / "old.png").write_bytes(b"old")
    unpack(archive(tmp_path / "a.zip"), home)
    assert tree(home) == [
        "malaria_cells/Parasitized/a.png",
        "malaria_cells/Parasitized/b.png",
        "malaria_cells/Uninfected/a.png",
    ]
    found = readers.image_files(home / "malaria_cells")
    assert list(found["label"]) == ["Parasitized", "Parasitized", "Uninfected"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((home / "malaria_cells").stat().st_mode) == 0o777 & ~umask


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


OUT = "leads out of its folder"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cell_images/Parasitized/../../../c.png", png(), OUT),
        ("../Parasitized/c.png", png(), OUT),
        ("/Parasitized/c.png", png(), OUT),
        ("C:/Parasitized/c.png", png(), OUT),
        ("cell_images\\..\\Parasitized\\c.png", png(), OUT),
        ("../elsewhere.txt", b"not an image", OUT),
        (link("cell_images/Parasitized/c.png"), b"/etc/passwd", "is a symbolic link"),
        (link("cell_images/Parasitized"), b"/tmp", "is a symbolic link"),
        ("cell_images/Parasitized/c.png", bytes(900_000), "larger than an image"),
        ("cell_images/Uninfected/c.png", os.urandom(1 << 20) + b"1", "larger than an image"),
        ("other/Uninfected/a.png", png(), "is there twice"),
    ],
)
def test_a_hostile_archive_is_refused_whole(tmp_path, home, name, content, reason):
    home.mkdir()
    path = archive(tmp_path / "a.zip", [(name, content)], zipfile.ZIP_DEFLATED)
    with pytest.raises(FetchError, match=f"was not unpacked: .* {reason}"):
        unpack(path, home, count=4)
    assert tree(tmp_path) == ["a.zip"]
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("limit", ["MOST_ENTRIES", "MOST_BYTES"])
def test_an_archive_of_too_much_is_refused(tmp_path, home, monkeypatch, limit):
    monkeypatch.setattr(fetch, limit, 2)
    with pytest.raises(FetchError, match=r"it (has|holds) more than 2"):
        unpack(archive(tmp_path / "a.zip"), home)
    assert not home.exists()


def test_an_entry_that_lies_about_its_size_is_refused(tmp_path, home):
    home.mkdir()
    path = archive(
        tmp_path / "a.zip", [("Uninfected/z.png", bytes(5_000_000))], zipfile.ZIP_DEFLATED
    )
    content = path.read_bytes()
    assert content.count((5_000_000).to_bytes(4, "little")) == 2
    path.write_bytes(content.replace((5_000_000).to_bytes(4, "little"), b"\x00\x10\x00\x00"))
    with pytest.raises(FetchError, match="is damaged"):
        unpack(path, home, count=4)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_off_archive_is_refused(tmp_path, home, share):
    home.mkdir()
    path = archive(tmp_path / "a.zip")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(FetchError, match="is damaged"):
        unpack(path, home)
    assert list(home.iterdir()) == []


def test_a_flipped_bit_is_found(tmp_path, home):
    home.mkdir()
    path = archive(tmp_path / "a.zip")
    content = bytearray(path.read_bytes())
    content[content.index(png(2)) + 40] ^= 1
    path.write_bytes(content)
    with pytest.raises(FetchError, match="is damaged: Bad CRC-32"):
        unpack(path, home)
    assert list(home.iterdir()) == []


def test_missing_images_are_counted(tmp_path, home):
    with pytest.raises(FetchError, match=r"holds 3 images in .*Uninfected, expected 27,558"):
        unpack(archive(tmp_path / "a.zip"), home, count=27_558)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as out:
        out.writestr("cats/a.png", png())
    with pytest.raises(FetchError, match="holds 0 images"):
        unpack(tmp_path / "b.zip", home)


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path, home, monkeypatch):
    home.mkdir()
    path = archive(tmp_path / "a.zip")
    written = []

    def write_bytes(self, content):
        written.append(self)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        with self.open("wb") as out:
            return out.write(content)

    monkeypatch.setattr("pathlib.Path.write_bytes", write_bytes)
    with pytest.raises(OSError, match="No space left"):
        unpack(path, home)
    assert list(home.iterdir()) == []


def test_too_little_room_is_said_before(tmp_path, home, monkeypatch):
    usage = types.SimpleNamespace(free=5_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    done = call("fetch", "malaria_cells")
    assert done.exit_code == 1
    assert f"{home} has 5 MB free, 820 MB are needed. Make room" in done.stderr
    usage.free = 3 * 4096
    with pytest.raises(FetchError, match=r"has 12.3 kB free, 12.5 kB are needed"):
        unpack(archive(tmp_path / "a.zip"), home)


# ---- data fetch ----


@pytest.fixture
def cells(server, tmp_path, monkeypatch):
    """A published archive of three cells on the server."""
    path = archive(tmp_path / "published.zip")
    server.content = path.read_bytes()
    monkeypatch.setattr(datahome, "CELLS_URL", server.url)
    monkeypatch.setattr(datahome, "CELLS_SIZE", path.stat().st_size)
    monkeypatch.setattr(datahome, "CELLS_SHA256", files.sha256(path))
    monkeypatch.setattr(datahome, "CELLS_COUNT", 3)
    return server


def test_fetch_brings_the_cells_into_the_data_home(cells, home):
    done = call("fetch", "malaria_cells")
    assert done.exit_code == 0, done.stderr
    assert f"{home / 'malaria_cells'} is there now" in done.stdout
    left = [
        ".malaria_cells.lock",
        *(f"malaria_cells/{one}" for one in tree(home / "malaria_cells")),
    ]
    assert tree(home) == left
    again = call("fetch", "malaria_cells")
    assert again.exit_code == 0
    assert "is there already" in again.stdout
    assert len(cells.requests) == 1
    assert call("verify", "malaria_cells").exit_code == 0


def test_fetch_after_a_broken_one_goes_on(cells, home, monkeypatch):
    monkeypatch.setattr(fetch, "TRIES", 1)
    cells.cut_after = [200]
    done = call("fetch", "malaria_cells")
    assert done.exit_code == 1
    assert "200 bytes are kept; the same command goes on from there" in done.stderr
    assert call("fetch", "malaria_cells").exit_code == 0
    assert cells.requests == [None, "bytes=200-"]


def test_two_fetches_at_once_do_not_share_a_file(cells, home):
    with fetch.alone(home / ".malaria_cells.lock"):
        done = call("fetch", "malaria_cells")
    assert done.exit_code == 1
    assert "Another process is fetching" in done.stderr
    assert cells.requests == []
    assert call("fetch", "malaria_cells").exit_code == 0


def test_what_stands_in_the_way_is_not_lost(cells, home, tmp_path):
    theirs = home / "malaria_cells" / "mine.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    with pytest.raises(OSError, match="not empty"):
        unpack(tmp_path / "published.zip", home)
    assert call("fetch", "malaria_cells").exit_code == 0
    assert tree(home) == ["malaria_cells/mine.txt"]


def test_without_a_network_each_says_in_one_sentence_what_to_do(home, monkeypatch):
    def nobody(*arguments, **options):
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", nobody)
    places = {name: original.place() for name, original in datahome.ORIGINALS.items()}
    for name, place in places.items():
        done = call("fetch", name)
        assert done.exit_code == 1
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert name in done.stderr
        assert str(place) in done.stderr
        assert not place.exists()


def test_an_unknown_set_is_status_2():
    for command in ("fetch", "verify"):
        done = call(command, "cifar11")
        assert done.exit_code == 2
        assert "cifar11" in done.stderr
        assert "cifar10" in done.stderr
    assert call("fetch", "iris").exit_code == 2


# ---- Keras' loaders ----


@pytest.fixture
def keras_has(monkeypatch, server):
    """Put a small data set behind each of Keras' loaders, and a server before it."""
    import keras

    rng = np.random.default_rng(2)
    images = [rng.integers(0, 256, (n, 32, 32, 3), "uint8") for n in (6, 4)]
    labels = [rng.integers(0, 10, (n, 1)).astype("uint8") for n in (6, 4)]
    reviews = [np.array([[1, 14, 2], [1, 499]], dtype=object), np.array([[1]], dtype=object)]
    signs = [np.array([1, 0]), np.array([1])]
    asked = []

    def load_data(**options):
        asked.append(options)
        return list(zip(reviews, signs, strict=True))

    monkeypatch.setattr(
        keras.datasets.cifar10, "load_data", lambda: list(zip(images, labels, strict=True))
    )
    monkeypatch.setattr(keras.datasets.imdb, "load_data", load_data)
    for name in ("cifar10", "imdb"):
        original = datahome.ORIGINALS[name]
        changed = datahome.Original(**(vars(original) | {"url": server.url}))
        monkeypatch.setitem(datahome.ORIGINALS, name, changed)
    return types.SimpleNamespace(images=images, labels=labels, asked=asked, keras=keras)


def test_cifar10_is_written_in_the_format_of_the_data_home(keras_has, home):
    done = call("fetch", "cifar10")
    assert done.exit_code == 0, done.stderr
    image = (None, 32, 32, 3)
    found = readers.read_arrays(
        home / "cifar10.npz", x_train=image, y_train=None, x_test=image, y_test=None
    )
    for part, images, labels in zip(
        ("train", "test"), keras_has.images, keras_has.labels, strict=True
    ):
        assert np.array_equal(found[f"x_{part}"], images)
        assert np.array_equal(found[f"y_{part}"], labels[:, 0])
    assert {array.dtype.name for array in found.values()} == {"uint8"}
    said = call("verify", "cifar10")
    assert said.exit_code == 0
    assert "6 of 50,000 images to train with, 4 of 10,000 to test" in said.stdout


def test_imdb_is_written_in_the_format_of_the_data_home(keras_has, home):
    done = call("fetch", "imdb")
    assert done.exit_code == 0, done.stderr
    assert keras_has.asked == [{"num_words": 500}]
    with np.load(home / "imdb_top500.npz", allow_pickle=False) as found:
        arrays = {name: (array.dtype.name, array.tolist()) for name, array in found.items()}
    assert arrays == {
        "train_tokens": ("int16", [1, 14, 2, 1, 499]),
        "train_offsets": ("int32", [0, 3, 5]),
        "y_train": ("int8", [1, 0]),
        "test_tokens": ("int16", [1]),
        "test_offsets": ("int32", [0, 1]),
        "y_test": ("int8", [1]),
    }
    assert call("verify", "imdb").exit_code == 0


def test_a_loader_that_fails_leaves_nothing_behind(keras_has, home, monkeypatch):
    def fail():
        raise Exception("URL fetch failure on https://…: 503 -- busy")

    monkeypatch.setattr(keras_has.keras.datasets.cifar10, "load_data", fail)
    done = call("fetch", "cifar10")
    assert done.exit_code == 1
    assert "Keras could not load it (URL fetch failure" in done.stderr
    keras_has.images[0] = keras_has.images[0][:, :16]
    monkeypatch.undo()
    assert tree(home) == [".cifar10.lock"]


def test_what_a_loader_gives_is_checked_before_it_takes_its_place(keras_has, home):
    keras_has.labels[0][0] = 10
    done = call("fetch", "cifar10")
    assert done.exit_code == 1
    assert "y_train is not within 0 to 9" in done.stderr
    assert tree(home) == [".cifar10.lock"]


def test_a_silent_server_does_not_reach_kerass_loader(keras_has, server, home, monkeypatch):
    monkeypatch.setattr(fetch, "PATIENCE", 1.0)
    server.silent = True
    done = call("fetch", "imdb")
    assert done.exit_code == 1
    assert "gave no answer within 1 seconds" in done.stderr
    assert keras_has.asked == []


def test_what_keras_has_already_needs_no_server(keras_has, server, tmp_path):
    server.status = 503
    assert call("fetch", "imdb").exit_code == 1
    (tmp_path / "keras" / "datasets").mkdir()
    (tmp_path / "keras" / "datasets" / "imdb.npz").write_bytes(b"its own copy")
    assert call("fetch", "imdb").exit_code == 0


# ---- data list, data verify ----


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A folder of data sets: `toy` stands for CIFAR-10."""
    folder = tmp_path / "shared_data" / "toy"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("row\n1\n")
    entry = {"sha256": files.sha256(folder / "a.csv"), "bytes": 6}
    full = {"name": "cifar_10", "path": "cifar10.npz", "get": "deeptwins data fetch cifar10"}
    full |= {"origin": "Toronto", "licence": "none stated"}
    card = {"title": "A [toy]", "licence": "CC0 1.0", "files": {"a.csv": entry}, "full": full}
    (folder / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr(datasets, "SHARED", tmp_path / "shared_data")
    return folder


def test_list_says_what_is_here(shared, home, keras_has):
    toy, mobilenet = json.loads(call("list", "--json").stdout)
    assert toy | {"full": None} == {
        "name": "toy",
        "title": "A [toy]",
        "licence": "CC0 1.0",
        "bytes": 6,
        "full": None,
    }
    assert toy["full"]["there"] is False
    assert toy["full"]["bytes"] is None
    assert mobilenet["full"]["there"] is False
    shown = call("list").stdout
    assert "A [toy]" in shown
    assert "full   cifar_10: not here: deeptwins data fetch cifar10" in shown
    # The set is found by its own name, that of its original, and that on the card.
    assert call("fetch", "toy", "cifar10", "cifar_10").stdout.count("is there now") == 1
    toy = json.loads(call("list", "--json").stdout)[0]["full"]
    assert toy["there"] is True
    assert toy["bytes"] == (home / "cifar10.npz").stat().st_size
    assert f"in {home / 'cifar10.npz'}" in call("list").stdout


def test_verify_names_what_is_wrong_in_what_ships(shared):
    done = call("verify")
    assert done.exit_code == 0
    assert "✓ toy (mini): as on its card (files: 1)" in done.stdout
    (shared / "a.csv").write_text("row\n2\n")
    done = call("verify", "--json")
    assert done.exit_code == 1
    (row,) = json.loads(done.stdout)
    assert row["ok"] is False
    assert str(shared / "a.csv") in row["found"]
    assert "git checkout -- shared_data/toy" in row["found"]


def test_an_original_that_is_not_here_is_wrong_only_when_asked_for(shared):
    assert call("verify").exit_code == 0
    done = call("verify", "malaria_cells")
    assert done.exit_code == 1
    assert "Get it with: deeptwins data fetch malaria_cells" in done.stdout


def damage_npz(path, **changes):
    """Write a whole set, with arrays changed or (None) left out."""
    image = np.zeros((3, 32, 32, 3), "uint8")
    label = np.zeros(3, "uint8")
    tokens, offsets = np.array([1, 2, 3, 4], "int16"), np.array([0, 1, 2, 4], "int32")
    arrays = {
        f"{x}_{part}": value
        for part in ("train", "test")
        for x, value in (("x", image), ("y", label))
    }
    arrays |= {
        f"{part}_{x}": value
        for part in ("train", "test")
        for x, value in (("tokens", tokens), ("offsets", offsets))
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in (arrays | changes).items() if value is not None}
    np.savez(path, **kept)


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("cifar10", {}, None),
        ("cifar10", {"x_test": None}, "has no array x_test"),
        ("cifar10", {"x_test": np.zeros((3, 3, 32, 32), "uint8")}, "the shape"),
        ("cifar10", {"x_test": np.zeros((3, 32, 32, 3))}, "x_test is float64, not uint8"),
        ("cifar10", {"y_test": np.zeros(2, "uint8")}, "3 images and 2 labels"),
        ("cifar10", {"y_test": np.array([0, 1, 10])}, "not within 0 to 9"),
        ("cifar10", {"y_test": np.array(["a"] * 3)}, "no plain number"),
        ("imdb", {}, None),
        ("imdb", {"train_offsets": np.array([0, 1, 2, 5])}, "train_offsets do not fit"),
        ("imdb", {"train_offsets": np.array([0, 2, 1, 4])}, "train_offsets do not fit"),
        ("imdb", {"train_offsets": np.array([0, 2, 4])}, "train_offsets do not fit"),
        ("imdb", {"test_tokens": np.array([1, 2, 3, 500])}, "not within 0 to 499"),
        ("imdb", {"y_train": np.array([0, 1, 2])}, "y_train is not 0 or 1"),
    ],
)
def test_verify_looks_into_arrays(shared, name, changes, reason):
    path = datahome.ORIGINALS[name].place()
    damage_npz(path, **changes)
    done = call("verify", name)
    assert done.exit_code == (1 if reason else 0), done.stdout
    assert (reason or "3 of") in done.stdout
    assert not reason or str(path) in done.stdout


def test_verify_looks_into_folders(shared, home):
    for label in datahome.CELLS:
        (home / "malaria_cells" / label).mkdir(parents=True)
        (home / "malaria_cells" / label / "a.png").write_bytes(png())
    (home / "amp_challenge").mkdir()
    for name in ("AMP", "DECOY"):
        (home / "amp_challenge" / f"{name}.train.txt").write_text("ACDE\nKLX\n")
    done = call("verify")
    assert done.exit_code == 0, done.stdout
    assert "malaria_cells (full): 2 of 27,558 images of cells" in done.stdout
    assert "2 antimicrobial peptides and 2 decoys" in done.stdout
    (home / "amp_challenge" / "AMP.train.txt").write_text("AC1E\n")
    (home / "malaria_cells" / "Uninfected" / "a.png").write_bytes(png()[:40])
    done = call("verify")
    assert done.exit_code == 1
    assert f"{home / 'malaria_cells' / 'Uninfected' / 'a.png'} is not an image" in done.stdout
    assert "AMP.train.txt, line 1: 1 stands for no amino acid" in done.stdout
    (home / "malaria_cells" / "Uninfected").rename(home / "malaria_cells" / "Healthy")
    (home / "malaria_cells" / "Healthy" / "a.png").write_bytes(png())
    assert "its folders must be Parasitized and Uninfected" in call("verify").stdout


def test_verify_opens_the_weights_of_mobilenet(shared, tmp_path):
    path = datahome.ORIGINALS["mobilenet"].place()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    done = call("verify", "mobilenet")
    assert done.exit_code == 1
    assert f"{path} does not hold the weights of MobileNet" in done.stdout


@pytest.mark.skipif(
    "DEEPTWINS_DATA" not in REAL, reason="DEEPTWINS_DATA does not name real samples"
)
def test_verify_holds_for_the_real_samples(monkeypatch):
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    done = call("verify", "--json")
    rows = [row for row in json.loads(done.stdout) if row["variant"] == "full"]
    assert {row["name"] for row in rows} >= {"cifar10", "imdb", "malaria_cells", "amp_challenge"}
    assert [row for row in rows if not row["ok"]] == []


def test_list_answers_without_numpy_or_keras():
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from deeptwins.cli import app\n"
        "assert CliRunner().invoke(app, ['data', 'list', '--json']).exit_code == 0\n"
        "print([name for name in ('keras', 'pandas', 'numpy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
