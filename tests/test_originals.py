"""The data home: what is fetched is whole, and what cannot be had is said in one sentence."""

import functools
import hashlib
import http.server
import json
import socket
import threading
import types
import zipfile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from deeptwins.cli import app
from deeptwins.data import cards, originals
from deeptwins.paths import ROOT

REAL = ROOT.parent / "shared" / "real_data"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPTWINS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    yield tmp_path / "data"
    socket.setdefaulttimeout(None)


def deeptwins(*words):
    done = CliRunner().invoke(app, ["data", *words])
    return done.exit_code, " ".join((done.output + (done.stderr or "")).split())


def arrays(**changes):
    good = {
        "x_train": np.zeros((2, 32, 32, 3), "uint8"),
        "y_train": np.array([0, 9], "uint8"),
        "x_test": np.zeros((1, 32, 32, 3), "uint8"),
        "y_test": np.array([1], "uint8"),
    }
    return {name: one for name, one in (good | changes).items() if one is not None}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "x_train (2, 32, 32, 3), y_train (2,), x_test (1, 32, 32, 3), y_test (1,)"),
        (
            {"x_train": np.zeros((2, 32, 32), "uint8")},
            "x_train is uint8 (2, 32, 32), not uint8 (2, 32, 32, 3)",
        ),
        ({"x_train": np.zeros((2, 32, 32, 3))}, "x_train is float64 (2, 32, 32, 3), not uint8"),
        ({"y_test": np.array([10])}, "y_test is int64 (1,), not uint8 (1,)"),
        ({"y_test": None}, "y_test"),
    ],
)
def test_verify_looks_into_arrays(home, changes, says):
    home.mkdir()
    np.savez(home / "cifar10.npz", **arrays(**changes))
    code, said = deeptwins("verify", "cifar10")
    assert says in said
    assert code == (1 if changes else 0)


def test_verify_finds_what_is_cut_off_or_missing(home):
    home.mkdir()
    np.savez(home / "cifar10.npz", **arrays())
    whole = (home / "cifar10.npz").read_bytes()
    (home / "cifar10.npz").write_bytes(whole[: len(whole) // 2])
    assert "cifar10.npz is not whole (" in deeptwins("verify", "cifar10")[1]
    code, said = deeptwins("verify", "imdb")
    assert code == 1
    assert "Get it: deeptwins data fetch imdb" in said


def test_verify_looks_at_every_image_and_not_at_what_a_mac_leaves(home):
    for name in originals.CELLS:
        (home / "malaria_cells" / name).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(home / "malaria_cells" / name / "a.png")
        (home / "malaria_cells" / name / "._a.png").write_bytes(b"no image")
    assert deeptwins("verify", "malaria_cells")[0] == 0
    (home / "malaria_cells" / "Uninfected" / "b.png").write_bytes(b"no image")
    code, said = deeptwins("verify", "malaria_cells")
    assert code == 1
    assert "b.png" in said


def test_an_unknown_set_is_status_2(home):
    assert deeptwins("verify", "mnist")[0] == 2
    assert deeptwins("fetch", "mnist")[0] == 2


def test_list_says_what_is_here(home):
    home.mkdir()
    np.savez(home / "cifar10.npz", **arrays())
    rows = json.loads(CliRunner().invoke(app, ["data", "list", "--json"]).output)
    there = {row["name"]: row["there"] for row in rows if row["variant"] == "full"}
    assert there == {name: name == "cifar10" for name in originals.known()}


@pytest.mark.parametrize("name", ["imdb", "malaria_cells", "mobilenet"])
def test_without_a_server_one_sentence_says_what_to_do(home, monkeypatch, name):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("no_proxy", "")
    code, said = deeptwins("fetch", name)
    assert code == 1
    assert f"{name} was not fetched (" in said
    assert "copy it from a machine that has it, to" in said
    assert not originals.place(name).exists()
    assert deeptwins("fetch", "amp_challenge")[1].startswith("amp_challenge cannot be downloaded")


def test_the_cells_arrive_whole_or_not_at_all(home, tmp_path, monkeypatch):
    archive = tmp_path / "www" / "cell_images.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as out:
        for name in originals.CELLS:
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
    assert "2 of 27,558 images" in originals.verify(["malaria_cells"])[0]["found"]
    assert [one.name for one in home.iterdir() if one.name[0] != "."] == ["malaria_cells"]


def test_the_reviews_arrive_as_words(home, monkeypatch):
    class Imdb:
        @staticmethod
        def get_word_index():
            return {"good": 1, "bad": 2}

        @staticmethod
        def load_data():
            reviews = [[1, 4, 2, 5], [1, 5], [1, 4], [1, 5], [1, 4], [1, 5], [1, 4], [1, 5]]
            reviews = [*reviews, [1, 4], [1, 5]]
            return (reviews, [1, 0] * 5), ([[1, 4, 4], [1, 5]], [1, 0])

    fake = types.SimpleNamespace(datasets=types.SimpleNamespace(imdb=Imdb))
    monkeypatch.setattr(originals, "_keras", lambda: fake)
    code, said = deeptwins("fetch", "imdb")
    assert code == 0, said
    lines = (home / "imdb.csv").read_text().splitlines()
    assert lines[:2] == ["partition,label,text", "train,positive,good bad"]
    assert lines[9:12] == ["val,positive,good", "val,negative,bad", "test,positive,good good"]
    assert "12 of 50,000 reviews" in originals.verify(["imdb"])[0]["found"]
    (home / "imdb.csv").write_text("label,text\n")
    assert "not partition, label and text" in deeptwins("verify", "imdb")[1]


@pytest.mark.skipif(not REAL.is_dir(), reason="the samples of the real data are not here")
@pytest.mark.parametrize("name", ["cifar10", "malaria_cells", "amp_challenge"])
def test_the_real_samples_are_whole(monkeypatch, name):
    monkeypatch.setenv("DEEPTWINS_DATA", str(REAL))
    assert originals.verify([name])[0]["ok"]


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
