"""Measure how often the right passage is found: by a model in a public collection, or by a library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.embed.encoder import Encoder
from wherein.embed.models.installed import find_model, models_folder
from wherein.embed.precision import resolve_precision

if TYPE_CHECKING:
    from wherein.evaluation.golden import DocumentHit
    from wherein.evaluation.squad_beir import Evaluation

__all__ = ["EvaluatedLibrary", "Measured", "evaluate", "evaluate_golden_file"]


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


def evaluate(
    kind: str,
    path: Path,
    *,
    modes: Sequence[str] = ("semantic",),
    models: Sequence[str] = ("default",),
    precision: str = "auto",
    threads: int = 0,
    cache: Path | None = None,
    vectors: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Measured]:
    """Measure each model in each mode on a public collection: `kind` is `squad` or `beir`. No library is touched.

    `models` are names of installed models, folders, or `default`. `vectors` is a folder that keeps vectors for the
    next time. `report` receives messages about progress. Raises UsageError for input that cannot be read, WhereinError
    when the extra `evaluate` is missing.
    """
    # Late, because `wherein.library` imports this module for every question.
    from wherein.evaluation.candidates import Candidates
    from wherein.evaluation.collection import read_beir, read_squad
    from wherein.evaluation.measures import require_measures, require_stats
    from wherein.evaluation.modes import find_mode
    from wherein.evaluation.squad_beir import evaluate_beir, evaluate_squad

    read, measure = {"squad": (read_squad, evaluate_squad), "beir": (read_beir, evaluate_beir)}[kind]
    if kind == "beir":
        require_measures()
    if len(modes) * len(models) > 1:  # report a missing extra now, not after the work
        require_stats()
    ranked_by = {name: find_mode(name) for name in modes}
    chosen = [find_model(name, models_folder()) for name in models]
    collection = read(path)
    for model in chosen:
        encoder = Encoder(model, resolve_precision(precision), cache=cache, threads=threads)
        candidates = Candidates(collection.contexts, encoder, cache=vectors, report=report)
        for name, mode in ranked_by.items():
            found = measure(collection, mode(candidates))
            yield Measured(found, model.name, str(model.folder), encoder.precision, name)


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
