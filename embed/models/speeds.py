"""How fast models were on this machine, as `model bench` measured it: what precision and batches are fastest."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wherein.embed.batches import Batching
from wherein.embed.devices import CPU
from wherein.embed.model import Model, fingerprint
from wherein.embed.precision import PRECISIONS
from wherein.embed.processor import CPU_INFO, read_processor

__all__ = ["Speed", "fastest_batching", "fastest_precision", "measured_speeds", "save_speeds"]

_SPEEDS_FILE = "speeds.json"
# A larger batch or step, in a file that was edited, could only waste memory and time.
_MAX_BATCH_TOKENS, _MAX_STEP = 4096, 384


@dataclass(frozen=True)
class Speed:
    """Texts per second: contexts of full length, contexts of 160 tokens, and questions one by one.

    Contexts of mixed lengths were embedded fastest with `batch_tokens` in a batch, padded to multiples of
    `length_step`: see `Batching`.
    """

    precision: str
    contexts: float
    short_contexts: float
    questions: float
    batch_tokens: int = Batching.tokens
    length_step: int = Batching.step


def save_speeds(cache: Path, model: Model, speeds: Sequence[Speed], device: str = CPU) -> None:
    """Write the figures to the cache folder; nothing happens if it cannot be written."""
    speeds_by_key = _load_speeds(cache)
    speeds_by_key[_key(model, device)] = {speed.precision: asdict(speed) for speed in speeds}
    temporary = cache / f"{_SPEEDS_FILE}.{os.getpid()}.new"  # two processes may save at once
    with suppress(OSError):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(speeds_by_key, indent=2), "utf-8")
        temporary.replace(cache / _SPEEDS_FILE)


def fastest_precision(cache: Path, model: Model, device: str = CPU) -> str | None:
    """Return the precision that embeds the most contexts of 160 tokens per second, None unless all were measured."""
    speeds: Any = measured_speeds(cache, model, device)
    try:
        rates = {name: float(speeds[name]["short_contexts"]) for name in PRECISIONS if name != "auto"}
    except (TypeError, KeyError, ValueError):
        return None
    return max(rates, key=lambda name: rates[name])


def fastest_batching(cache: Path, model: Model, precision: str, device: str = CPU) -> Batching:
    """Return how texts are best embedded together, the default where that was not measured."""
    speeds: Any = measured_speeds(cache, model, device)
    try:
        tokens, step = (int(speeds[precision][name]) for name in ("batch_tokens", "length_step"))
    except (TypeError, KeyError, ValueError):
        return Batching()
    is_sound = 0 <= tokens <= _MAX_BATCH_TOKENS and 0 < step <= _MAX_STEP and step % Batching.step == 0
    return Batching(tokens, step) if is_sound else Batching()


def measured_speeds(cache: Path, model: Model, device: str = CPU) -> Any:
    """Return what was measured of a model on this machine, the fields of `Speed` by precision; None if nothing was."""
    speeds_by_key = _load_speeds(cache)
    # Most machines have no such file, and need not look up the version of OpenVINO.
    return speeds_by_key.get(_key(model, device)) if speeds_by_key else None


# The file: its key is CPU, OpenVINO's version and model, because the figures depend on each of them.


def _load_speeds(cache: Path) -> dict[str, Any]:
    """Return the speeds of each precision by key, nothing if the file is missing or damaged."""
    try:
        speeds_by_key = json.loads((cache / _SPEEDS_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return speeds_by_key if isinstance(speeds_by_key, dict) else {}


def _key(model: Model, device: str) -> str:
    on = "" if device == CPU else f" {device},"
    return f"{read_processor(CPU_INFO).name},{on} OpenVINO {version('openvino')}, {fingerprint(model, '')}"
