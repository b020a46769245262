"""OpenVINO: the graph compiled for this CPU, through a cache on disk that may be lost or damaged at any time."""

import hashlib
import importlib
import io
import json
import os
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache as kept
from pathlib import Path
from threading import get_ident
from types import ModuleType
from typing import Any

from wherein.embed.graph import IN_GRAPH, adapt
from wherein.embed.model import IR, WEIGHTS, Model, ModelFiles, fingerprint, read_checked
from wherein.embed.precision import apply_precision

__all__ = ["compile_files", "compile_model", "damaged_blobs", "import_openvino", "openvino_core"]

_CONVERTER = "openvino.tools.ovc"
# A blob takes as much room as the weights; other threads, precisions and versions of OpenVINO have blobs of their own.
_KEPT_BLOBS = 6


def import_openvino() -> ModuleType:
    """Return the module `openvino`, imported without its model converter.

    The converter is not needed here, and its import reports each use of OpenVINO to Google Analytics and writes to
    ~/intel (openvino/tools/ovc/__init__.py of 2026.4); OpenVINO does without it when it cannot be imported. None in
    `sys.modules` makes an import fail (https://docs.python.org/3/reference/import.html#the-module-cache).
    """
    if "openvino" in sys.modules or _CONVERTER in sys.modules:
        return importlib.import_module("openvino")
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("openvino")
    finally:
        del sys.modules[_CONVERTER]


@kept
def openvino_core() -> Any:
    """Return the one `openvino.Core` of this process.

    Each has a CPU plugin of its own, which gives the thread that first uses it another stack for signal handlers, and
    puts back the earlier one at its end (https://github.com/openvinotoolkit/openvino/pull/11894). Of two that do not
    end in the opposite order the stack that is put back is gone, and the next signal, such as Ctrl-C, is a crash.
    """
    return import_openvino().Core()


def compile_model(model: Model, precision: str, cache: Path | None, threads: int, one_by_one: bool) -> Any:
    """Return an `openvino.CompiledModel`; `threads` 0 means one for each core.

    With `one_by_one` all threads work on one text, else each on a text of its own, which takes less time in all.
    `cache` is a folder for compiled models. What is damaged in it is thrown away, and one that cannot be written
    is done without: either only costs time. Raises Damaged when the model's own files are not the manifest's.
    """
    unit = model.metric == "cosine" and model.pooling == IN_GRAPH
    name = fingerprint(model, precision)
    return compile_files(model, name, precision, cache, threads, one_by_one, lambda graph: adapt(graph, unit=unit))


def compile_files(
    model: ModelFiles,
    name: str,
    precision: str,
    cache: Path | None,
    threads: int,
    one_by_one: bool,
    change: Callable[[Any], Any] = lambda graph: graph,
) -> Any:
    """Return the graph of a model of any kind, as `compile_model` does.

    `name` is what it is kept by in the cache; `change` is done to the graph before it gets its precision.
    """
    core = openvino_core()
    settings = _settings(core, threads, one_by_one)
    if cache is None:
        return core.compile_model(_graph(core, model, precision, change), "CPU", settings)
    key = _key(core, name, settings, model.folder)
    compiled = _load(core, cache, key, settings)
    if compiled is None:
        compiled = core.compile_model(_graph(core, model, precision, change), "CPU", settings)
        _save(compiled, cache, key)
    return compiled


def _settings(core: Any, threads: int, one_by_one: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {
        # Without this hint a CPU with AMX would calculate in bfloat16, and its vectors would differ from other CPUs'.
        "INFERENCE_PRECISION_HINT": "f32",
        # Nor may activations be rounded at run time: w8a32 would then depend on the CPU and on the batch.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        "PERFORMANCE_HINT": "LATENCY" if one_by_one else "THROUGHPUT",
        "NUM_STREAMS": "1" if one_by_one else str(threads) if threads else _streams(core),
    }
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    return settings


def _streams(core: Any) -> str:
    """Return the number of threads that OpenVINO would use: one for each core that this process may run on."""
    _, most = core.get_property("CPU", "RANGE_FOR_STREAMS")
    return str(most)


def _graph(core: Any, model: ModelFiles, precision: str, change: Callable[[Any], Any]) -> Any:
    """Return the model's graph at a precision, read from files that are the manifest's."""
    for name in (IR, WEIGHTS):
        read_checked(model, name)
    graph = change(core.read_model(str(model.folder / IR)))
    apply_precision(graph, precision)
    return graph


# The cache: a file for each compiled graph, its checksum in its name. OpenVINO's own cache would have to be given the
# graph, read and changed for the precision, before it could find anything, and would not notice a flipped bit.


def _key(core: Any, name: str, settings: dict[str, Any], folder: Path) -> str:
    """Return what must be the same for a compiled graph to be used again, as the beginning of its file's name.

    A model's file that was touched is read and checked again, so that damage to it is told though the compiled graph
    could still be used.
    """
    device = core.get_versions("CPU")["CPU"].build_number, core.get_property("CPU", "FULL_DEVICE_NAME")
    told = json.dumps([*device, settings, [_stamp(folder / name) for name in (IR, WEIGHTS)]], sort_keys=True)
    return f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _stamp(path: Path) -> list[int]:
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _load(core: Any, cache: Path, key: str, settings: dict[str, Any]) -> Any:
    """Return the compiled graph called `key`, None when there is none that is whole."""
    for path in cache.glob(f"{key}-*.blob"):
        try:
            data = path.read_bytes()
            if path.name == _blob_name(key, data):
                return core.import_model(io.BytesIO(data), "CPU", settings)
        except (OSError, RuntimeError):  # unreadable, or OpenVINO refuses it after all
            pass
        with suppress(OSError):
            path.unlink()
    return None


def damaged_blobs(cache: Path) -> list[Path]:
    """Return the compiled graphs in a cache whose content is not what their names say; the next use drops them."""
    found = []
    for path in sorted(cache.glob("*.blob")):
        with suppress(OSError):  # another process may have dropped it
            if path.name != _blob_name(path.stem.rpartition("-")[0], path.read_bytes()):
                found.append(path)
    return found


def _save(compiled: Any, cache: Path, key: str) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = compiled.export_model().getvalue()
        temporary = cache / f"{key}.{os.getpid()}-{get_ident()}.new"  # two encoders may compile at the same time
        temporary.write_bytes(data)
        temporary.replace(cache / _blob_name(key, data))
        blobs = sorted(cache.glob("*.blob"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in blobs[_KEPT_BLOBS:]:
            path.unlink(missing_ok=True)
    except (OSError, RuntimeError):  # no room, no right to write, or a graph that cannot be exported
        return


def _blob_name(key: str, data: bytes) -> str:
    return f"{key}-{zlib.crc32(data):08x}.blob"
