"""What a run reports: problems and progress while it lasts, counts at its end."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass

from wherein.ingest.progress.reindex_report import ReindexReport, Stage

__all__ = [
    "Ahead", "CaughtUp", "DocumentDone", "Note", "Progress", "Report", "RunProblem", "Stopped", "Summary", "Watching",
    "summarize",
]  # fmt: skip

_COUNTS = (
    "new",
    "brought_back",
    "changed",
    "unchanged",
    "moved",
    "removed",
    "skipped",
    "failed",
    "chunks",
    "embedded",
    "reused",
)


@dataclass(frozen=True)
class RunProblem:
    """A file or record that is not ingested: `kind` is skipped (nothing to read) or failed, with the reason."""

    kind: str
    uri: str
    reason: str


@dataclass(frozen=True)
class Note:
    """A sentence about a source that a user should know: what is remembered, left out, or no longer followed."""

    uri: str
    text: str


@dataclass(frozen=True)
class DocumentDone:
    """A document that is committed: `kind` is new, changed or moved; `embedded` of its `chunks` are embedded.

    With `brought_back` it had been removed or purged, and the user named its file.
    """

    kind: str
    uri: str
    chunks: int
    embedded: int
    reused: int
    brought_back: bool = False


@dataclass(frozen=True)
class Ahead:
    """The number of files that are to be read, and their size in bytes."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Progress:
    """What is committed so far, in counts and in bytes of the files that had to be read.

    `bytes_total` is the size of all such files, None when the run does not look ahead. While a library is moved to
    another model, both count the characters of its texts instead. `seconds_left` is None while it is unknown.
    """

    documents: int
    chunks: int
    embedded: int
    bytes_done: int
    bytes_total: int | None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Stopped:
    """The run stopped before it was done, and why."""

    why: str


@dataclass(frozen=True)
class Summary:
    """A run in figures. Documents are counted, but files or records where they were skipped or failed.

    Of the `chunks` of new and changed documents, `embedded` were embedded and `reused` had a vector already.
    `brought_back` of the new documents had been removed or purged.
    """

    new: int
    changed: int
    unchanged: int
    moved: int
    removed: int
    skipped: int
    failed: int
    chunks: int
    embedded: int
    reused: int
    seconds: float
    brought_back: int = 0

    def as_dict(self) -> dict[str, int | float]:
        """Return the figures by name."""
        return asdict(self)


@dataclass(frozen=True)
class Watching:
    """All sources were walked, and this many are followed from now on."""

    sources: int


@dataclass(frozen=True)
class CaughtUp:
    """The library has caught up with changes of its sources, or a walk of them has ended."""

    summary: Summary


Report = Callable[
    [RunProblem | Note | DocumentDone | Ahead | Progress | Stopped | Stage | ReindexReport | Watching | CaughtUp], None
]


def summarize(tally: Counter[str], seconds: float) -> Summary:
    """Return the figures of a tally whose keys are the field names."""
    return Summary(**{name: tally[name] for name in _COUNTS}, seconds=round(seconds, 3))
