"""OpenVINO: the graph compiled for this CPU, through a cache on disk that may be lost or damaged at any time."""

import json
import zlib
from pathlib import Path
from typing import Any

from embed.model import IR, WEIGHTS, Model, checked, fingerprint
from embed.precision import apply_precision

__all__ = ["compile_model"]

_CHECKSUMS = "checksums.json"


def compile_model(model: Model, precision: str, cache: Path | None, threads: int) -> Any:
    """Return an `openvino.CompiledModel` with one stream a thread; `threads` 0 means one for each core.

    `cache` is a folder for compiled models. What is damaged in it is thrown away, and one that cannot be written
    is done without: either only costs time. Raises Damaged when the model's own files are not the manifest's.
    """
    import openvino

    core = openvino.Core()
    settings: dict[str, Any] = {
        # Without this hint a CPU with AMX would calculate in bfloat16, and its vectors would differ from other CPUs'.
        "INFERENCE_PRECISION_HINT": "f32",
        # Nor may activations be rounded at run time: w8a32 would then depend on the CPU and on the batch.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": str(threads) if threads else _streams(core),
    }
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    folder = _usable(cache / fingerprint(model, precision)) if cache else None
    if folder is None:
        return core.compile_model(_graph(core, model, precision), "CPU", settings)
    cached = {**settings, "CACHE_DIR": str(folder)}
    try:
        compiled = core.compile_model(_compilable(core, model, precision), "CPU", cached)
    except RuntimeError:  # a cache that cannot be read after all
        return core.compile_model(_graph(core, model, precision), "CPU", settings)
    if not compiled.get_property("LOADED_FROM_CACHE"):
        _check(model)
    _record(folder)
    return compiled


def _check(model: Model) -> None:
    for name in (IR, WEIGHTS):
        checked(model, name)


def _graph(core: Any, model: Model, precision: str) -> Any:
    """Return the model's graph at a precision, read from files that are the manifest's."""
    _check(model)
    graph = core.read_model(str(model.folder / IR))
    apply_precision(graph, precision)
    return graph


def _compilable(core: Any, model: Model, precision: str) -> Any:
    """Return what to compile: the path of an IR that is used as it is shipped, else the changed graph.

    By path OpenVINO finds the compiled form without reading the weights, which saves a tenth of a second.
    """
    if precision != "w8a8":
        return _graph(core, model, precision)
    return str(model.folder / IR)


def _streams(core: Any) -> str:
    """Return the number of threads that OpenVINO would use: one for each core that this process may run on."""
    _, most = core.get_property("CPU", "RANGE_FOR_STREAMS")
    return str(most)


def _usable(folder: Path) -> Path | None:
    """Return the cache folder with every damaged file removed, None when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        known = _known(folder)
        for blob in folder.glob("*.blob"):
            if known.get(blob.name) != _checksum(blob):
                blob.unlink()
        probe = folder / _CHECKSUMS
        probe.touch()
    except OSError:
        return None
    return folder


def _record(folder: Path) -> None:
    """Write down the checksums of the files that OpenVINO has added."""
    blobs = {blob.name for blob in folder.glob("*.blob")}
    known = _known(folder)
    if blobs <= set(known):
        return
    temporary = folder / f"{_CHECKSUMS}.new"
    try:
        temporary.write_text(json.dumps({name: known.get(name) or _checksum(folder / name) for name in blobs}))
        temporary.replace(folder / _CHECKSUMS)
    except OSError:
        return


def _known(folder: Path) -> dict[str, int]:
    try:
        known = json.loads((folder / _CHECKSUMS).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _checksum(path: Path) -> int:
    return zlib.crc32(path.read_bytes())
