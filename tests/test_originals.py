"""The data home: what is fetched is whole, and what cannot be had is said in one sentence."""

import functools
import hashlib
import http.server
import re
import socket
import sys
import threading
import zipfile
from types import SimpleNamespace

import helpers
import numpy as np
import pytest
from PIL import Image

from deeptwins.data import cards, originals

CELLS = ("Parasitized", "Uninfected")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPTWINS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    yield tmp_path / "data"
    socket.setdefaulttimeout(None)


def deeptwins(*words):
    done = helpers.deeptwins("data", *words)
    return done.exit_code, " ".join((done.output + (done.stderr or "")).split())


def test_verify_compares_an_original_with_what_was_fetched(home, monkeypatch):
    content = {"cifar10": b"as it came"}
    fetches = {"cifar10": lambda target: target.write_bytes(content["cifar10"])}
    monkeypatch.setattr(originals, "FETCHES", fetches)
    code, said = deeptwins("verify", "cifar10")
    assert code == 1
    assert "cifar10.npz is missing. Get it: deeptwins data fetch cifar10" in said
    assert deeptwins("fetch", "cifar10")[0] == 0
    assert "is there already" in deeptwins("fetch", "cifar10")[1]
    code, said = deeptwins("verify", "cifar10")
    assert (code, "is as it came" in said) == (0, True)
    (home / "cifar10.npz").write_bytes(b"as it c")
    code, said = deeptwins("verify")
    assert (code, "is not as it came. Move it away" in said) == (1, True)
    assert "✓ iris: as on its card" in said


def test_verify_says_where_there_is_nothing_to_compare_with(home):
    (home / "amp_challenge").mkdir(parents=True)
    code, said = deeptwins("verify", "amp_challenge")
    assert (code, "was put there by hand" in said) == (0, True)


@pytest.mark.parametrize("command", ["verify", "fetch"])
def test_an_unknown_set_is_named_with_those_that_there_are(home, command):
    code, said = deeptwins(command, "mnist")
    assert code == 1
    assert re.match("There is no data set mnist. There are: .*cifar10", said)


def test_list_says_what_is_here_and_how_to_get_the_rest(home):
    home.mkdir()
    (home / "cifar10.npz").touch()
    _, said = deeptwins("list")
    assert "iris" in said
    assert f"fetch imdb: {home / 'imdb.csv'}" in said
    assert "fetch cifar10:" not in said
    assert str(home / "cifar10.npz") in said


@pytest.mark.parametrize("name", ["imdb", "malaria_cells", "mobilenet"])
def test_without_a_server_one_sentence_says_what_to_do(home, monkeypatch, name):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("no_proxy", "")
    # In a process of its own, since Keras takes note of KERAS_HOME when it is loaded.
    command = [sys.executable, "-m", "deeptwins", "data", "fetch", name]
    done = helpers.execute(*command)
    said = " ".join(done.stderr.split())
    assert done.returncode == 1, done.stdout
    assert f"{name} was not fetched (" in said
    assert "copy it from a machine that has it, to" in said
    assert not originals.place(name).exists()
    assert deeptwins("fetch", "amp_challenge")[1].startswith("amp_challenge cannot be downloaded")


def test_the_cells_arrive_whole_or_not_at_all(home, tmp_path, monkeypatch):
    archive = tmp_path / "www" / "cell_images.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as out:
        for name in CELLS:
            Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
            out.write(tmp_path / "a.png", f"cell_images/{name}/a.png")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(archive.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/cell_images.zip"
        monkeypatch.setattr(originals, "CELLS_URL", url)
        code, said = deeptwins("fetch", "malaria_cells")
        assert code == 1
        assert "was not fetched" in said
        assert not (home / "malaria_cells").exists()
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        monkeypatch.setattr(originals, "CELLS_SHA256", digest)
        assert deeptwins("fetch", "malaria_cells")[0] == 0
        server.shutdown()
    assert deeptwins("verify", "malaria_cells")[0] == 0
    assert len([*home.glob("malaria_cells/*/a.png")]) == 2
    assert [one.name for one in home.iterdir() if one.name[0] != "."] == ["malaria_cells"]


def test_the_reviews_arrive_as_words(home, monkeypatch):
    reviews = [[1, 4, 2, 5], [1, 5], *[[1, 4], [1, 5]] * 4]
    imdb = SimpleNamespace(
        get_word_index=lambda: {"good": 1, "bad": 2},
        load_data=lambda: ((reviews, [1, 0] * 5), ([[1, 4, 4], [1, 5]], [1, 0])),
    )
    fake = SimpleNamespace(datasets=SimpleNamespace(imdb=imdb))
    monkeypatch.setattr(originals, "_keras", lambda: fake)
    code, said = deeptwins("fetch", "imdb")
    assert code == 0, said
    lines = (home / "imdb.csv").read_text().splitlines()
    assert lines[:2] == ["partition,label,text", "train,positive,good bad"]
    assert lines[9:12] == ["val,positive,good", "val,negative,bad", "test,positive,good good"]


def test_reviews_of_numbers_alone_become_texts_too(home):
    kept = {"train_tokens": [1, 4, 7, 1, 5], "train_offsets": [0, 3, 5], "y_train": [1, 0]}
    kept |= {"test_tokens": [1, 9], "test_offsets": [0, 2], "y_test": [0]}
    home.mkdir(exist_ok=True)
    np.savez(home / "imdb_top500.npz", **kept)
    code, said = deeptwins("fetch", "imdb")
    assert code == 0, said
    lines = (home / "imdb.csv").read_text().splitlines()
    assert lines[1:] == ["train,positive,w4 w7", "train,negative,w5", "test,negative,w9"]


def test_full_constants_name_files_of_the_data_home(monkeypatch):
    monkeypatch.setenv("DEEPTWINS_DATA", "/data")
    paths = {one["path"] for one in originals.known().values()}
    for exercise in cards.with_full():
        values = cards.constants(exercise, "full").values()
        named = [one for one in values if isinstance(one, str) and one.startswith("/data")]
        assert named
        assert {one.split("/")[2] for one in named} <= {one.split("/")[0] for one in paths}
    with pytest.raises(ValueError, match="has no full data"):
        cards.constants("01_first_network", "full")
