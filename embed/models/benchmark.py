"""How fast a model is on this machine at each precision, and what was measured, remembered."""

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

from wherein.embed.encoder import Encoder
from wherein.embed.model import Model, fingerprint, load_model
from wherein.embed.models.installed import find_model, models_folder
from wherein.embed.precision import PRECISIONS

__all__ = ["SHORT_CONTEXT_TOKENS", "Speed", "benchmark", "fastest_precision", "measure", "save_speeds"]

SHORT_CONTEXT_TOKENS = 160
"""Tokens of a usual context: those of SQuAD have so many on average."""

_FILE = "speeds.json"
_CPU_INFO = Path("/proc/cpuinfo")
_FIRST = 4


@dataclass(frozen=True)
class Speed:
    """Texts a second: contexts of all the tokens a context may have, contexts of 160, and questions one by one."""

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
    report: Callable[[str], None] = lambda _: None,
) -> tuple[Model, list[Speed]]:
    """Measure an installed model, the shipped one if none is named, at every precision, and remember it."""
    model = find_model(name, models_folder()) if name else load_model()
    speeds = []
    for precision in PRECISIONS:
        if precision != "auto":
            report(f"{model.name} at {precision}")
            speeds.append(measure(model, precision, seconds, cache=cache, threads=threads))
    save_speeds(cache, model, speeds)
    return model, speeds


def measure(model: Model, precision: str, seconds: float, *, cache: Path | None = None, threads: int = 0) -> Speed:
    """Run a model for about `seconds` on each kind of text, after what loading it takes."""
    many = Encoder(model, precision, cache=cache, threads=threads)
    one = Encoder(model, precision, cache=cache, threads=threads, one_by_one=True)
    return Speed(
        precision,
        contexts=_rate(many, _ids(many, model.context_tokens), seconds),
        short_contexts=_rate(many, _ids(many, min(SHORT_CONTEXT_TOKENS, model.context_tokens)), seconds),
        questions=_rate_one_by_one(one, _ids(one, model.question_tokens), seconds),
    )


def save_speeds(cache: Path, model: Model, speeds: Sequence[Speed]) -> None:
    """Keep what was measured in the cache folder; where that cannot be written, it is not kept."""
    kept = _kept(cache)
    kept[_key(model)] = {speed.precision: asdict(speed) for speed in speeds}
    temporary = cache / f"{_FILE}.{os.getpid()}.new"
    with suppress(OSError):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(kept, indent=2), "utf-8")
        temporary.replace(cache / _FILE)


def fastest_precision(cache: Path, model: Model) -> str | None:
    """Return the precision that took in the most usual contexts a second, None when not every one was measured."""
    found: Any = _kept(cache).get(_key(model))
    try:
        rates = {name: float(found[name]["short_contexts"]) for name in PRECISIONS if name != "auto"}
    except (TypeError, KeyError, ValueError):
        return None
    return max(rates, key=lambda name: rates[name])


def _ids(encoder: Encoder, length: int) -> list[int]:
    """Return the ids of a text that has `length` tokens."""
    (ids,) = encoder.tokenizer.contexts(["where may it lie " * length])
    return [*ids[: length - 1], ids[-1]]


def _rate(encoder: Encoder, ids: list[int], seconds: float) -> float:
    """Return how many texts a second are done, many at a time."""
    _time(encoder, ids, _FIRST)  # makes room, and is slow
    count = _FIRST
    took = _time(encoder, ids, count)
    while took < seconds / 2:  # not by the clock: what is under way when time is up must count
        count = max(count + 1, min(16 * count, round(count * seconds / took)))
        took = _time(encoder, ids, count)
    return count / took


def _time(encoder: Encoder, ids: list[int], count: int) -> float:
    began = time.perf_counter()
    for _ in encoder.stream(enumerate(repeat(ids, count))):
        pass
    return time.perf_counter() - began


def _rate_one_by_one(encoder: Encoder, ids: list[int], seconds: float) -> float:
    """Return how many texts a second are done, each begun when the one before is done."""
    _time(encoder, ids, 1)
    count, took = 0, 0.0
    while took < seconds:
        took += _time(encoder, ids, 1)
        count += 1
    return count / took


# What is remembered: by the CPU, OpenVINO's version and the model, because other ones have another speed.


def _kept(cache: Path) -> dict[str, Any]:
    try:
        found = json.loads((cache / _FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(model: Model) -> str:
    return f"{_cpu()}, OpenVINO {version('openvino')}, {fingerprint(model, '')}"


def _cpu() -> str:
    with suppress(OSError):
        for line in _CPU_INFO.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
