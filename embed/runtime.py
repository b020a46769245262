"""Compile graphs with OpenVINO, through a cache on disk that may be lost or damaged at any time."""

import hashlib
import importlib
import json
import os
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock, get_ident
from types import ModuleType
from typing import Any

import numpy as np

from wherein.embed.devices import CPU, device_names, device_settings, needs_fixed_shape, pick_device
from wherein.embed.graph import COMPLETE, adapt
from wherein.embed.model import IR, WEIGHTS, Model, ModelFiles, fingerprint, read_checked, shared_weights
from wherein.embed.precision import apply_precision
from wherein.errors import WhereinError

__all__ = ["compile_files", "compile_model", "damaged_blobs", "import_openvino", "openvino_core", "present_device"]

_CONVERTER = "openvino.tools.ovc"
# Every number of threads, precision and version of OpenVINO has a blob of its own, each as large as the weights.
_MAX_BLOBS = 6


_FORKED = (
    "OpenVINO was started before this process was forked, and cannot work in the child; start the child with another"
    " method, such as spawn, or fork before the first question"
)
_starting = Lock()
_started: dict[str, tuple[int, Any]] = {}


def import_openvino() -> ModuleType:
    """Return the module `openvino`, imported without its model converter.

    Importing the converter reports each use of OpenVINO to Google Analytics and writes to ~/intel
    (openvino/tools/ovc/__init__.py of 2026.4). It is not needed here, and OpenVINO works when it cannot be imported;
    None in `sys.modules` makes its import fail (https://docs.python.org/3/reference/import.html#the-module-cache).
    """
    if "openvino" in sys.modules or _CONVERTER in sys.modules:
        # The host program has imported it already, with or without the converter: there is nothing left to prevent.
        return importlib.import_module("openvino")
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("openvino")
    finally:
        del sys.modules[_CONVERTER]  # the host program may still want to import it


def openvino_core() -> Any:
    """Return the one `openvino.Core` of this process; raise WhereinError in a child that was forked after it was made.

    Each Core has its own CPU plugin, which replaces the signal stack of the thread that first uses it and restores the
    earlier one when it is destroyed (https://github.com/openvinotoolkit/openvino/pull/11894). Unless two Cores are
    destroyed in reverse order, the restored stack has been freed, and the next signal, such as Ctrl-C, is a crash.
    """
    if "core" not in _started:
        with _starting:
            if "core" not in _started:
                _started["core"] = os.getpid(), import_openvino().Core()
    process, core = _started["core"]
    if process != os.getpid():  # its threads were not copied: an inference would wait for them forever
        raise WhereinError(_FORKED)
    return core


def present_device(name: str) -> str:
    """Return the device that a name stands for here, see `pick_device`. Raises UsageError when it is not there."""
    return name if name == CPU else pick_device(name, openvino_core())  # OpenVINO need not be loaded for the CPU


def compile_model(
    model: Model, precision: str, cache: Path | None, threads: int, one_by_one: bool, device: str = CPU
) -> Any:
    """Return an `openvino.CompiledModel`; `threads` 0 means one per core, `device` is one of `pick_device`.

    With `one_by_one` all threads work on the same text (latency), else each on a text of its own (throughput).
    `cache` is the folder for compiled models. Damaged files in it are removed, and a folder that cannot be written is
    ignored: both cost only time. Raises Damaged when the model's own files are not the manifest's.
    """
    # An imported graph may return vectors of any length; the shipped one normalizes them itself.
    unit = model.metric == "cosine" and model.pooling != COMPLETE
    name = fingerprint(model, precision)
    shape = [1, model.context_tokens] if needs_fixed_shape(device) else None

    def change(graph: Any) -> Any:
        graph = adapt(graph, unit=unit, pooling=model.pooling, output=model.output)
        if shape:
            graph.reshape({one.any_name: shape for one in graph.inputs})
        return graph

    return compile_files(model, name, precision, cache, threads, one_by_one, change, device)


def compile_files(
    model: ModelFiles,
    name: str,
    precision: str,
    cache: Path | None,
    threads: int,
    one_by_one: bool,
    change: Callable[[Any], Any] = lambda graph: graph,
    device: str = CPU,
) -> Any:
    """Compile the graph of a model of either kind, as `compile_model` does.

    `name` identifies it in the cache, for instance a fingerprint; `change` is applied before the precision is.
    """
    core = openvino_core()
    settings = device_settings(core, device, threads, one_by_one)
    if cache is None:
        return core.compile_model(_graph(core, model, precision, change), device, settings)
    key = _key(core, name, settings, model.folder, device)
    compiled = _load(core, cache, key, settings, device)
    if compiled is None:
        compiled = core.compile_model(_graph(core, model, precision, change), device, settings)
        _save(compiled, cache, key)
    return compiled


def _graph(core: Any, model: ModelFiles, precision: str, change: Callable[[Any], Any]) -> Any:
    """Return the model's graph at a precision, after its files were checked against the manifest."""
    # Checked here, because OpenVINO reads the files itself, by their path.
    for name in (IR, WEIGHTS):
        read_checked(model, name)
    graph = change(_read_graph(core, model))
    apply_precision(graph, precision)
    return graph


def _read_graph(core: Any, model: ModelFiles) -> Any:
    weights = shared_weights(model)
    if weights is None:
        return core.read_model(str(model.folder / IR))
    openvino = import_openvino()
    # The graph keeps the tensor, whose memory is that of the array.
    return core.read_model(read_checked(model, IR), openvino.Tensor(np.frombuffer(weights, np.uint8)))


# The cache: one file per compiled graph, with its checksum in its name. OpenVINO's own cache needs the graph, read and
# changed for the precision, to look anything up (0.13 s of a cold query), and would not notice a flipped bit.


def _key(core: Any, name: str, settings: dict[str, Any], folder: Path, device: str) -> str:
    """Return the cache key, the beginning of the file's name: whatever must be equal to reuse a compiled graph.

    Size and times of the model's files are part of it, so that a modified file is read and checked again and damage
    to it is reported, although the compiled graph could still be used.
    """
    # A compiled graph belongs to one build of OpenVINO and the devices of one machine.
    machine = device, core.get_versions(CPU)[CPU].build_number, device_names(core)
    parts = json.dumps([*machine, settings, [_stamp(folder / name) for name in (IR, WEIGHTS)]], sort_keys=True)
    return f"{name}-{hashlib.sha256(parts.encode()).hexdigest()[:16]}"


def _stamp(path: Path) -> list[int]:
    """Return size and times of a file, nothing when it cannot be read."""
    try:
        stat = path.stat()
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]  # a program may set mtime back, but not ctime


def _load(core: Any, cache: Path, key: str, settings: dict[str, Any], device: str) -> Any:
    """Return the compiled graph under `key`, None when there is no intact one; remove damaged ones."""
    for path in cache.glob(f"{key}-*.blob"):  # the rest of the name is a checksum, not known yet
        try:
            blob = _read_tensor(path)
            if path.name == _blob_name(key, blob.data):
                return core.import_model(blob, device, settings)
        except (OSError, RuntimeError):  # unreadable, or intact and yet refused by OpenVINO
            pass
        # Another process may have removed it; if it cannot be removed, it is compiled again each time.
        with suppress(OSError):
            path.unlink()
    return None


def _read_tensor(path: Path) -> Any:
    """Return the bytes of a file as an `openvino.Tensor`.

    The compiled graph keeps it and uses the weights in it where they are: nothing is copied, as from a stream. It is
    not a mapped file, because one that is cut short by another program would crash this one.
    """
    openvino = import_openvino()
    with path.open("rb") as file:
        tensor = openvino.Tensor(openvino.Type.u8, openvino.Shape([os.fstat(file.fileno()).st_size]))
        file.readinto(tensor.data)
    return tensor


def damaged_blobs(cache: Path) -> list[Path]:
    """Return the compiled graphs in a cache whose checksum differs from that in their name; the next use drops them."""
    damaged = []
    for path in sorted(cache.glob("*.blob")):
        with suppress(OSError):  # another process may have removed it
            if path.name != _blob_name(path.stem.rpartition("-")[0], path.read_bytes()):
                damaged.append(path)
    return damaged


def _save(compiled: Any, cache: Path, key: str) -> None:
    """Write a compiled graph to the cache, and drop the oldest; a failure only costs time."""
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = compiled.export_model().getvalue()
        temporary = cache / f"{key}.{os.getpid()}-{get_ident()}.new"  # two processes or threads may compile at once
        temporary.write_bytes(data)
        temporary.replace(cache / _blob_name(key, data))  # complete, so that nobody reads a half-written file
        blobs = sorted(cache.glob("*.blob"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in blobs[_MAX_BLOBS:]:
            path.unlink(missing_ok=True)  # another process may drop the same one
    except (OSError, RuntimeError):  # no space, no permission, or a graph that cannot be exported
        return


def _blob_name(key: str, data: Any) -> str:
    return f"{key}-{zlib.crc32(data):08x}.blob"
