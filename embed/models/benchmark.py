"""Measure how fast a model is on this machine at each precision, and remember the figures."""

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import repeat
from pathlib import Path
from typing import Any

from wherein.embed.devices import CPU
from wherein.embed.encoder import Encoder
from wherein.embed.model import Model, fingerprint, load_model
from wherein.embed.models.installed import find_model, models_folder
from wherein.embed.precision import PRECISIONS

__all__ = ["SHORT_CONTEXT_TOKENS", "Speed", "benchmark", "fastest_precision", "measure", "save_speeds"]

SHORT_CONTEXT_TOKENS = 160
"""Tokens of a typical context: the average of SQuAD's."""

_SPEEDS_FILE = "speeds.json"
_CPU_INFO = Path("/proc/cpuinfo")
_WARM_UP_TEXTS = 4


@dataclass(frozen=True)
class Speed:
    """Texts per second: contexts of full length, contexts of 160 tokens, and questions one by one."""

    precision: str
    contexts: float
    short_contexts: float
    questions: float


def benchmark(
    name: str | None,
    seconds: float,
    *,
    cache: Path,
    threads: int = 0,
    device: str = CPU,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[Model, list[Speed]]:
    """Measure an installed model, by default the shipped one, at every precision, and remember the figures.

    `seconds` is the time for each figure, `device` one of `present_device`. Raises UsageError when there is no such
    model, Damaged when it is damaged.
    """
    model = find_model(name, models_folder()) if name else load_model()
    speeds = []
    for precision in PRECISIONS:
        if precision != "auto":
            report(f"{model.name} at {precision}")
            speeds.append(measure(model, precision, seconds, cache=cache, threads=threads, device=device))
    save_speeds(cache, model, speeds, device)
    return model, speeds


def measure(
    model: Model, precision: str, seconds: float, *, cache: Path | None = None, threads: int = 0, device: str = CPU
) -> Speed:
    """Run a model for about `seconds` on each kind of text; loading it is not counted."""
    many = Encoder(model, precision, cache=cache, threads=threads, device=device)
    one = Encoder(model, precision, cache=cache, threads=threads, one_by_one=True, device=device)
    return Speed(
        precision,
        contexts=_rate(many, _ids(many, model.context_tokens), seconds),
        short_contexts=_rate(many, _ids(many, min(SHORT_CONTEXT_TOKENS, model.context_tokens)), seconds),
        questions=_rate_one_by_one(one, _ids(one, model.question_tokens), seconds),
    )


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
    speeds: Any = _load_speeds(cache).get(_key(model, device))
    try:
        rates = {name: float(speeds[name]["short_contexts"]) for name in PRECISIONS if name != "auto"}
    except (TypeError, KeyError, ValueError):
        return None
    return max(rates, key=lambda name: rates[name])


def _ids(encoder: Encoder, length: int) -> list[int]:
    """Return the ids of a text that has `length` tokens."""
    # At least one token a word, and so always enough of them.
    (ids,) = encoder.tokenizer.contexts(["where may it lie " * length])
    return [*ids[: length - 1], ids[-1]]


def _rate(encoder: Encoder, ids: list[int], seconds: float) -> float:
    """Return the number of texts per second, many at a time."""
    _time(encoder, ids, _WARM_UP_TEXTS)  # the first inferences allocate memory
    count = _WARM_UP_TEXTS
    elapsed = _time(encoder, ids, count)
    # Whole batches of a growing size, not texts until time is up: those in the queue must count, too.
    while elapsed < seconds / 2:
        # At most 16 times as many, because a rate taken from a few texts is no more than an estimate.
        count = max(count + 1, min(16 * count, round(count * seconds / elapsed)))
        elapsed = _time(encoder, ids, count)
    return count / elapsed


def _time(encoder: Encoder, ids: list[int], count: int) -> float:
    """Return the seconds that `count` equal texts take."""
    began = time.perf_counter()
    for _ in encoder.stream(enumerate(repeat(ids, count))):
        pass
    return time.perf_counter() - began


def _rate_one_by_one(encoder: Encoder, ids: list[int], seconds: float) -> float:
    """Return the number of texts per second, each started when the previous one is done."""
    _time(encoder, ids, 1)  # loads the network, which does not count
    count, elapsed = 0, 0.0
    while elapsed < seconds:
        elapsed += _time(encoder, ids, 1)
        count += 1
    return count / elapsed


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
    return f"{_cpu()},{on} OpenVINO {version('openvino')}, {fingerprint(model, '')}"


def _cpu() -> str:
    # platform.processor() comes last: on Linux it names at best the architecture.
    with suppress(OSError):
        for line in _CPU_INFO.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
