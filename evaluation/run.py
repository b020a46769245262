"""Measure how often a library finds the right documents of its user's questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.embed.encoder import Encoder

if TYPE_CHECKING:
    from wherein.evaluation.golden import DocumentHit
    from wherein.evaluation.squad_beir import Evaluation

__all__ = ["EvaluatedLibrary", "Measured", "evaluate_golden_file"]


@dataclass(frozen=True)
class Measured:
    """The evaluation of one mode of a model or a library. `missing` names documents that are not in the library."""

    evaluation: Evaluation
    model: str
    folder: str
    precision: str
    mode: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class EvaluatedLibrary:
    """A library to be measured: `ask(question, k, mode)` returns the `k` best of its `passages`, best first."""

    folder: Path
    encoder: Encoder
    passages: int
    ask: Callable[[str, int, str], Sequence[DocumentHit]]


def evaluate_golden_file(
    library: EvaluatedLibrary,
    path: Path,
    uris: Iterable[str],
    *,
    modes: Sequence[str] = ("hybrid",),
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Measured]:
    """Ask the questions of a golden file (JSON lines: `question`, `documents`) and measure, in each mode.

    `uris` are those of the library's documents. `report` receives messages about progress. Raises UsageError for a
    line that is wrong, WhereinError when the extra `evaluate` is missing.
    """
    from wherein.evaluation.golden_file import evaluate_golden, read_golden, resolve
    from wherein.evaluation.measures import require_measures, require_stats

    require_measures()
    if len(modes) > 1:
        require_stats()
    questions = resolve(path, read_golden(path), uris)
    missing = tuple(dict.fromkeys(name for golden in questions for name in golden.missing))
    encoder = library.encoder
    for mode in modes:
        ask = partial(_ask, library, mode)
        evaluation = evaluate_golden(questions, ask, library.passages, report)
        yield Measured(evaluation, encoder.model.name, str(library.folder), encoder.precision, mode, missing)


def _ask(library: EvaluatedLibrary, mode: str, question: str, k: int) -> Sequence[DocumentHit]:
    return library.ask(question, k, mode)
