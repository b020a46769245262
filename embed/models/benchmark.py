"""Measure how fast a model is on this machine at each precision, and with which batches, and remember the figures."""

import time
from collections.abc import Callable, Iterable
from itertools import repeat
from pathlib import Path

from wherein.embed.batches import Batching
from wherein.embed.devices import CPU
from wherein.embed.encoder import Encoder
from wherein.embed.model import Model
from wherein.embed.models.installed import find_model
from wherein.embed.models.speeds import Speed, save_speeds
from wherein.embed.precision import PRECISIONS

__all__ = ["SHORT_CONTEXT_TOKENS", "benchmark", "measure"]

SHORT_CONTEXT_TOKENS = 160
"""Tokens of a typical context: the average of SQuAD's."""

_WARM_UP_TEXTS = 4
# The default first. Not more tokens: from 2,048 on memory grows and nothing is gained (docs/decisions/shapes.md).
_BATCHINGS = (Batching(), Batching(0), Batching(1024), Batching(512, 32), Batching(1024, 32), Batching(512, 48))
_BATCHING_ROUNDS = 3
# What is measured as faster by less may be chance, and the default is kept.
_CLEARLY_FASTER = 1.05
# From short notes to full contexts, mixed, four or five of each padded length.
_MIXED_LENGTHS = [24 + 37 * number % 361 for number in range(96)]


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
    model = find_model(name)
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
    many.set_batching(_fastest_batching(many, seconds))
    one = Encoder(model, precision, cache=cache, threads=threads, one_by_one=True, device=device)
    return Speed(
        precision,
        contexts=_rate(many, _ids(many, model.context_tokens), seconds),
        short_contexts=_rate(many, _ids(many, min(SHORT_CONTEXT_TOKENS, model.context_tokens)), seconds),
        questions=_rate_one_by_one(one, _ids(one, model.question_tokens), seconds),
        batch_tokens=many.batching.tokens,
        length_step=many.batching.step,
    )


def _fastest_batching(encoder: Encoder, seconds: float) -> Batching:
    """Return the batching that embeds texts of mixed lengths fastest; the default unless another is clearly faster."""
    longest = encoder.model.context_tokens
    texts = [_ids(encoder, min(length, longest)) for length in _MIXED_LENGTHS]
    rates = dict.fromkeys(_BATCHINGS, 0.0)
    # Alternating, and the best of all rounds: what else the machine does can only slow a round down.
    for batching in _BATCHINGS * _BATCHING_ROUNDS:
        encoder.set_batching(batching)
        rates[batching] = max(rates[batching], _mixed_rate(encoder, texts, seconds / _BATCHING_ROUNDS))
    best = max(rates, key=lambda batching: rates[batching])
    return best if rates[best] >= _CLEARLY_FASTER * rates[Batching()] else Batching()


def _mixed_rate(encoder: Encoder, texts: list[list[int]], seconds: float) -> float:
    """Return the number of texts per second, after as many as take `seconds`, or all of them once."""
    count, elapsed = 0, 0.0
    while not count or elapsed < seconds:
        count, elapsed = count + len(texts), elapsed + _time(encoder, texts)
    return count / elapsed


def _ids(encoder: Encoder, length: int) -> list[int]:
    """Return the ids of a text that has `length` tokens."""
    # At least one token a word, and so always enough of them.
    (ids,) = encoder.tokenizer.contexts(["where may it lie " * length])
    return [*ids[: length - 1], ids[-1]]


def _rate(encoder: Encoder, ids: list[int], seconds: float) -> float:
    """Return the number of texts per second, many at a time."""
    _time(encoder, repeat(ids, _WARM_UP_TEXTS))  # the first inferences allocate memory
    count = _WARM_UP_TEXTS
    elapsed = _time(encoder, repeat(ids, count))
    # Whole batches of a growing size, not texts until time is up: those in the queue must count, too.
    while elapsed < seconds / 2:
        # At most 16 times as many, because a rate taken from a few texts is no more than an estimate.
        count = max(count + 1, min(16 * count, round(count * seconds / elapsed)))
        elapsed = _time(encoder, repeat(ids, count))
    return count / elapsed


def _time(encoder: Encoder, texts: Iterable[list[int]]) -> float:
    """Return the seconds that texts take."""
    began = time.perf_counter()
    for _ in encoder.stream(enumerate(texts)):
        pass
    return time.perf_counter() - began


def _rate_one_by_one(encoder: Encoder, ids: list[int], seconds: float) -> float:
    """Return the number of texts per second, each started when the previous one is done."""
    _time(encoder, [ids])  # loads the network, which does not count
    count, elapsed = 0, 0.0
    while elapsed < seconds:
        elapsed += _time(encoder, [ids])
        count += 1
    return count / elapsed
