"""From a prepared question to its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wherein.embed.encoder import Encoder, Matrix
from wherein.errors import UsageError
from wherein.search.calibration import NO_GOOD_MATCH
from wherein.search.hybrid import MODES
from wherein.search.provenance import Provenance
from wherein.search.query_syntax import Question
from wherein.search.results.postprocess import ResultOptions
from wherein.search.semantic import Hit

__all__ = ["Answer", "PreparedQuery", "check_asked", "doubts", "is_encoded", "notes_on"]

_NO_GOOD_MATCH = "no good match; what follows is the nearest there is"
_TOO_LONG = "the question is too long; of its words only the first ones were looked up"


@dataclass(frozen=True)
class Answer:
    """The hits for a question, best first; `truncated` is the part of it that the model did not see.

    `notes` are sentences for the user: what else of the question was passed over, that no hit is a good match. `basis`
    tells from which generations and by which model it was answered.
    """

    question: str
    truncated: str
    hits: list[Hit]
    notes: tuple[str, ...] = ()
    basis: Provenance | None = None


@dataclass(frozen=True)
class PreparedQuery:
    """A question made ready: `asked` in the modes that look at words, `vector` `[width]` where `encoder` was needed."""

    question: str
    asked: Question | None
    vector: Matrix | None = None
    encoder: Encoder | None = None
    cut: str = ""


def check_asked(question: str, mode: str, aids: ResultOptions) -> None:
    """Raise UsageError for a question that cannot be asked."""
    if not question.strip():
        raise UsageError("The question is empty")
    if mode not in MODES:
        raise UsageError(f"There is no mode {mode}; there are {', '.join(MODES)}")
    if mode == "hybrid" and aids.min_score is not None and not 0 <= aids.min_score <= 1:
        raise UsageError("The lowest score is a chance in the mode hybrid: a number from 0 to 1")


def is_encoded(mode: str, aids: ResultOptions) -> bool:
    """Whether the question's meaning is needed; words alone need no model, the nearest sentence does."""
    return mode != "keyword" or aids.sentence


def notes_on(asked: Question | None) -> tuple[str, ...]:
    """Return what of a question was passed over, as sentences for the user."""
    return (_TOO_LONG,) if asked and asked.cut else ()


def doubts(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return a sentence for the user when no hit is a good match."""
    chances = [hit.chance for hit in hits if hit.chance is not None]
    return (_NO_GOOD_MATCH,) if chances and max(chances) < NO_GOOD_MATCH else ()
