"""The process that opens a stranger's model: shut in first, then check, load, predict.

Not imported by the course: `amp_model.judge()` starts this file by its path
in a process of its own, `python -I amp_child.py FOLDER SECONDS MEMORY SIZE`.
FOLDER holds `model.keras` and `x.npy`, the encoded peptides without their
labels. The answer is one line of JSON on standard output, either
`{"scores": [...], "open": [...]}` or `{"refused": "..."}`, where "open" names
the walls that this machine does not have.

The archive is checked before Keras is imported, and what Keras then opens is
not the stranger's archive but one that is written here anew, from the parts
that passed.
"""

import ctypes
import io
import json
import os
import resource
import stat
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

PARTS = ("metadata.json", "config.json", "model.weights.h5")
RATIO = 100  # weights are all but random numbers: they hardly shrink
JSON_BYTES = 2_000_000
NODES = 200_000
DEPTH = 60
H5_OBJECTS = 20_000
LONGEST = 10_000  # places of the model's input

# All that a config may name. Keras' safe mode stops marshalled code; a name that
# is not here, of Keras or not, is not even looked up.
LAYERS = """
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
    AveragePooling1D AveragePooling2D BatchNormalization Bidirectional Concatenate Conv1D
    Conv1DTranspose Conv2D Cropping1D Dense DepthwiseConv1D Dot Dropout ELU Embedding
    EinsumDense Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D GroupNormalization
    GroupQueryAttention Identity InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking
    MaxPooling1D MaxPooling2D Maximum Minimum MultiHeadAttention Multiply PReLU Permute
    RMSNormalization RNN ReLU RepeatVector Rescaling Reshape SeparableConv1D SimpleRNN
    SimpleRNNCell Softmax SpatialDropout1D StackedRNNCells Subtract TimeDistributed
    UnitNormalization UpSampling1D ZeroPadding1D
"""
INITIALIZERS = """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform
    Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform TruncatedNormal
    VarianceScaling Zeros
"""
ALLOWED = {
    "keras": {"Sequential", "DTypePolicy"},
    "keras.src.models.functional": {"Functional"},
    "keras.layers": set(LAYERS.split()),
    "keras.initializers": set(INITIALIZERS.split()),
    "keras.regularizers": {"L1", "L2", "L1L2", "OrthogonalRegularizer"},
    "keras.constraints": {"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"},
}


class Refused(Exception):
    """A model is not taken; the sentence says why."""


# ---- the walls ----

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_NO_NEW_PRIVS = 38
READ_FILE, READ_DIR, WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
# The rights of each version of Landlock that came with new ones; execution is among them, and
# is given back nowhere, so that no other program can be started.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
READABLE = ("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", sys.prefix, sys.base_prefix)


def shut_in(folder: Path, seconds: int, memory: int, size: int) -> list[str]:
    """Limit this process for good, and return what stays open on this machine.

    Without fail: `memory` bytes of address space, `seconds` of processor
    time, `size` bytes for any file, no core dump. Where the kernel lets us:
    a network of its own with nothing on it, and no file to read but the
    system's and `folder`'s, none to write but `folder`'s.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    left_open = []
    # In a user namespace of its own even root cannot lift the limits again.
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        left_open.append("network")
    for what, limit in [
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CORE, 0),
    ]:
        resource.setrlimit(what, (limit, limit))
    # The first ends the process with a signal of its own, so that the reason is known.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not _landlock(libc, folder):
        left_open.append("files")
    return left_open


def _landlock(libc: ctypes.CDLL, folder: Path) -> bool:
    """Close the file system but for what is read to run Keras, and `folder`."""
    create, add, restrict = 444, 445, 446
    version = libc.syscall(create, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    everything = sum(rights for since, rights in FILE_RIGHTS.items() if since <= version)
    handled = ctypes.c_uint64(everything)
    ruleset = libc.syscall(create, ctypes.byref(handled), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    rules = {place: READ_FILE | READ_DIR for place in READABLE}
    rules |= {"/dev/null": READ_FILE | WRITE_FILE, "/dev/urandom": READ_FILE}
    rules |= {str(folder): everything & ~1, str(Path(__file__)): READ_FILE}
    for place, rights in rules.items():
        try:
            opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        rule = rights.to_bytes(8, sys.byteorder) + opened.to_bytes(4, sys.byteorder)
        failed = libc.syscall(add, ruleset, 1, rule, 0)
        os.close(opened)
        if failed:
            return False
    failed = libc.syscall(restrict, ruleset, 0)
    os.close(ruleset)
    return not failed


# ---- the archive ----


def open_archive(path: Path, size: int) -> dict[str, bytes]:
    """Return the parts of a .keras archive, once their names, kinds and sizes are as they must be.

    Raises
    ------
    Refused
        It is no archive, is damaged, or holds what Keras does not write.
    """
    with path.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(b"\x89HDF"):
        raise Refused("it is a file in the old format .h5, which can hold code, by another name")
    if not start.startswith(b"PK\x03\x04"):
        raise Refused("it is no .keras archive")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for member in members:
                _check_member(member, size)
            names = [member.filename for member in members]
            if len(set(names)) < len(names):
                raise Refused("its archive holds a name twice")
            if missing := [part for part in PARTS if part not in names]:
                raise Refused(f"its archive holds no {missing[0]}")
            if sum(member.file_size for member in members) > size:
                raise Refused(f"its archive unpacks to more than {size:,} bytes")
            return {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError):
        raise Refused("its archive is damaged or cut off") from None


def _check_member(member: zipfile.ZipInfo, size: int) -> None:
    name = member.filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    if name.startswith(("/", "\\")) or ".." in name or ":" in name:
        raise Refused("its archive holds a name that leads out of the folder")
    if kind == stat.S_IFLNK:
        raise Refused("its archive holds a symbolic link")
    if name not in PARTS:
        raise Refused(f"its archive holds {name[:60]!r}, which is no part of such a model")
    if kind not in (0, stat.S_IFREG):
        raise Refused("its archive holds something that is no plain file")
    if member.flag_bits & 1:
        raise Refused("its archive is encrypted")
    limit = JSON_BYTES if name.endswith(".json") else size
    if member.file_size > limit:
        raise Refused(f"{name} unpacks to {member.file_size:,} bytes; {limit:,} are allowed")
    # A config is text, and short: it may shrink as text does.
    if name.endswith(".h5") and member.file_size > RATIO * max(member.compress_size, 1):
        raise Refused(f"{name} unpacks to more than {RATIO} times its size, as a bomb does")


# ---- the config ----


def check_config(text: bytes) -> dict[str, Any]:
    """Return the config of a model without what is needed for training only.

    Raises
    ------
    Refused
        It is no JSON, too large or too deep, or names anything but the
        building blocks in ALLOWED.
    """

    def constant(name):
        raise ValueError(name)

    try:
        config = json.loads(text.decode("utf-8"), parse_constant=constant)
    except (ValueError, RecursionError):
        raise Refused("its config.json is no JSON") from None
    if not isinstance(config, dict) or config.get("class_name") not in ("Sequential", "Functional"):
        raise Refused("its config.json describes no Sequential or functional model")
    left, seen = [(config, 0)], 0
    while left:
        node, depth = left.pop()
        seen += 1
        if depth > DEPTH or seen > NODES:
            raise Refused("its config.json is too large or too deep")
        if isinstance(node, dict):
            if "class_name" in node:
                node.pop("compile_config", None)
                _check_class(node)
            left += [(value, depth + 1) for value in node.values()]
        elif isinstance(node, list):
            left += [(value, depth + 1) for value in node]
    return config


def _check_class(node: dict[str, Any]) -> None:
    name, module = node["class_name"], node.get("module")
    if name == "__keras_tensor__":
        return
    if name in ("Lambda", "__lambda__"):
        raise Refused("it has a Lambda layer, which carries code")
    known = isinstance(module, str) and isinstance(name, str) and name in ALLOWED.get(module, ())
    if not known or node.get("registered_name") not in (None, name):
        shown = f"{module}.{name}"[:80]
        raise Refused(f"it uses {shown!r}, which is not among the layers that are allowed")


# ---- the weights ----


def check_weights(content: bytes, size: int) -> None:
    """Look whether all in an HDF5 file is plain numbers in the file itself, and not too many.

    Raises
    ------
    Refused
        It is no HDF5 file, leads to other files, or declares more than `size` bytes.
    """
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            left, seen, total = [file["/"]], 0, 0
            while left:
                group = left.pop()
                for name in group:
                    seen += 1
                    if seen > H5_OBJECTS:
                        raise Refused("its weights have too many parts")
                    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                        raise Refused("its weights lead to another place or file")
                    found = group[name]
                    if isinstance(found, h5py.Group):
                        left.append(found)
                        continue
                    if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "fiub":
                        raise Refused("its weights hold something that is no number")
                    if found.external or found.is_virtual:
                        raise Refused("its weights lead to another place or file")
                    total += found.size * found.dtype.itemsize
                    if total > size:
                        raise Refused(f"its weights declare more than {size:,} bytes")
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        raise Refused("its weights are no whole HDF5 file") from None


# ---- the model ----


def cause(error: Exception) -> str:
    """Return the last line of what Keras says: before it stands the whole configuration."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1][:250]


def predict(path: Path, x) -> list[float]:
    """Return a score for each row of x, which is padded or cut in front to the model's length.

    Raises
    ------
    Refused
        Keras does not load the model, or it does not take peptides as exercise 11 encodes them.
    """
    import keras
    import numpy as np

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except MemoryError:
        raise
    except Exception as error:
        raise Refused(f"Keras does not load it: {cause(error)}") from None
    shape = model.input_shape
    if not (isinstance(shape, tuple) and len(shape) == 2):
        raise Refused(
            f"its input has the shape {shape}; it must take rows of whole numbers, one a peptide"
        )
    length = shape[1] or x.shape[1]
    if length > LONGEST:
        raise Refused(f"its input has {length:,} places; {LONGEST:,} are allowed")
    if model.output_shape != (None, 1):
        raise Refused(
            f"its output has the shape {model.output_shape}; it must give one score a peptide"
        )
    rows = np.zeros((len(x), length), x.dtype)
    kept = min(length, x.shape[1])
    rows[:, length - kept :] = x[:, x.shape[1] - kept :]
    try:
        scores = model.predict(rows, verbose=0)
    except MemoryError:
        raise
    except Exception as error:
        raise Refused(f"it does not work on the encoded peptides: {cause(error)}") from None
    return np.asarray(scores, float)[:, 0].tolist()


def answer(folder: Path, seconds: int, memory: int, size: int) -> dict[str, Any]:
    """Shut this process in, and return the scores of the model in `folder`, or why there are none.

    `size` is how much the model may unpack to.
    """
    left_open = shut_in(folder, seconds, memory, 2 * size)
    try:
        parts = open_archive(folder / "model.keras", size)
        config = check_config(parts["config.json"])
        check_weights(parts["model.weights.h5"], size)
        path = folder / "checked.keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("metadata.json", "{}")
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("model.weights.h5", parts["model.weights.h5"])
        import numpy as np

        x = np.load(folder / "x.npy", allow_pickle=False)
        return {"scores": predict(path, x), "open": left_open}
    except Refused as reason:
        return {"refused": str(reason)}
    except MemoryError:
        return {"refused": f"it needs more memory than {memory >> 30} GB"}
    except Exception as error:
        # Not the model's fault as far as we know; the board goes on with the others.
        return {"refused": f"the process that should run it failed: {error!r}"}


def main() -> None:
    """Answer on the standard output that was given, and on nothing else."""
    # What TensorFlow or a layer prints must not pass for an answer.
    out = os.dup(1)
    os.dup2(2, 1)
    folder, *limits = sys.argv[1:]
    found = answer(Path(folder), *map(int, limits))
    with os.fdopen(out, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
