"""What grows with what: one thing doubles twice at a time, and the exponent of the time of each operation is printed.

    python bench/growth.py [THING ...] [--times]

An exponent of 1 means that twice as much takes twice as long, of 0 that it takes the same. An asterisk marks those over
1.1, and over 0.2 for a question; docs/decisions/growth.md explains what is left of them. Times are CPU times in
milliseconds, the shortest of some tries, with the deterministic toy encoder; files are read in the same process.
"""

import argparse
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from inline_pool import InlinePool
from toy import ToyEncoder
from wherein.library import Library, ingesting
from wherein.search.filters.parse import parse_filter
from wherein.search.results.postprocess import ResultOptions

WORDS = [f"word{number}" for number in range(5_000)]
QUESTION = "word17 word4000 or word3 lease"
OPERATIONS = ("ingest", "open", "question", "folded", "filter", "status", "documents", "reindex")
_LIMITS = dict.fromkeys(("question", "folded", "filter"), 0.2)
_USUAL_LIMIT = 1.1
_TRIES = 15
_GROWTH = 4  # not 2, because the times of small libraries vary by a tenth


@dataclass
class Case:
    """A library of one size: its sources in `docs`, the options of its ingest, and what is asked."""

    folder: Path
    n: int
    question: str = QUESTION

    def __post_init__(self) -> None:
        self.docs = self.folder / "docs"
        self.docs.mkdir()
        self.sources = [str(self.docs)]
        self.exclude: list[str] = []
        self.afterwards: Callable[[], object] = lambda: None
        self.chance = random.Random(0)

    def library(self) -> Library:
        return Library(self.folder / "library", encoder=ToyEncoder())

    def sentence(self, words: int = 40) -> str:
        return " ".join(self.chance.choices(WORDS, k=words))

    def files(self, count: int, words: int = 40, name: str = "file") -> None:
        for number in range(count):
            part = self.docs / f"{name}{number // 200:03}"
            part.mkdir(exist_ok=True)
            (part / f"{number:05}.txt").write_text(self.sentence(words))

    def records(self, texts: list[str], **fields: str) -> None:
        lines = (json.dumps({"id": str(number), "text": text, **fields}) for number, text in enumerate(texts))
        (self.docs / "records.jsonl").write_text("\n".join(lines))


def document_size(case: Case) -> None:
    """Words of one document, in one line."""
    (case.docs / "long.txt").write_text(case.sentence(case.n))


def passages(case: Case) -> None:
    """Paragraphs of one document."""
    (case.docs / "long.txt").write_text("\n\n".join(case.sentence() for _ in range(case.n)))


def file_size(case: Case) -> None:
    """Kilobytes of a page that has only a little text."""
    (case.docs / "page.html").write_text(f"<p>{case.sentence()}<!--{'-x ' * 340 * case.n}--></p>")


def documents(case: Case) -> None:
    """Files of one passage."""
    case.files(case.n)


def records(case: Case) -> None:
    """Records of one passage in one file."""
    case.records([case.sentence() for _ in range(case.n)])


def copies(case: Case) -> None:
    """Records with one text."""
    case.records([case.sentence()] * case.n)


def near_copies(case: Case) -> None:
    """Records that differ in one word."""
    text = case.sentence()
    case.records([f"{text} own{number}" for number in range(case.n)])


def sources(case: Case) -> None:
    """Sources, each a file."""
    case.files(case.n)
    case.sources = sorted(map(str, case.docs.rglob("*.txt")))


def exclusions(case: Case) -> None:
    """Patterns of what is left out of a folder of 300 files."""
    case.files(300)
    case.exclude = [f"nothing{number}/*.md" for number in range(case.n)]


def golden_questions(case: Case) -> None:
    """Golden questions of 300 documents."""
    case.files(300)

    def add() -> None:
        library = case.library()
        names = [document.uri for document in library.documents()]
        for number in range(case.n):
            library.add_golden(f"word{number} lease", names[number % len(names)])

    case.afterwards = add


def generations(case: Case) -> None:
    """Reindexes that wrote an index, of 300 documents."""
    case.files(300)

    def write() -> None:
        library = case.library()
        for number in range(case.n):
            library.ingest_stream(f"note{number}", case.sentence().encode())
            library.reindex()

    case.afterwards = write


def delta(case: Case) -> None:
    """Passages that were added after the index of 5,000 was written."""
    case.records([case.sentence() for _ in range(5_000)])

    def add() -> None:
        library = case.library()
        library.reindex()
        (case.docs / "delta.txt").write_text("\n\n".join(case.sentence() for _ in range(case.n)))
        time.sleep(2.1)
        library.ingest(case.sources)

    case.afterwards = add


def removals(case: Case) -> None:
    """Documents that were removed after the index of 5,000 was written."""
    case.records([case.sentence() for _ in range(5_000)])

    def remove() -> None:
        library = case.library()
        library.reindex()
        library.remove_documents([document.uri for document in library.documents()][: case.n])

    case.afterwards = remove


def question_words(case: Case) -> None:
    """Words of a question to 1,000 passages."""
    case.records([case.sentence() for _ in range(1_000)])
    case.question = case.sentence(case.n)


def metadata_fields(case: Case) -> None:
    """Metadata fields of each of 300 records."""
    case.records([case.sentence() for _ in range(300)], **{f"field{number}": "value" for number in range(case.n)})


SIZES = {
    document_size: 50_000, passages: 1_000, file_size: 1_000, documents: 500, records: 1_000, copies: 500,
    near_copies: 500, sources: 100, exclusions: 100, golden_questions: 20, generations: 3, delta: 1_000,
    removals: 500, question_words: 300, metadata_fields: 10,
}  # fmt: skip
THINGS = {thing.__name__: thing for thing in SIZES}


def measured(thing: Callable[[Case], None], n: int, folder: Path) -> dict[str, float]:
    """Return the time of each operation on a library of size `n`, in ms."""
    folder.mkdir()
    case = Case(folder, n)
    thing(case)
    time.sleep(2.1)  # a file that was modified just before it was read is read again by the next run
    times = {"ingest": spent(lambda: case.library().ingest(case.sources, exclude=case.exclude), tries=1)}
    case.afterwards()
    case.library().query(case.question)
    times["open"] = spent(lambda: case.library().query(case.question))
    library, only = case.library(), parse_filter(["docs"])
    times["question"] = spent(lambda: library.query(case.question))
    times["folded"] = spent(lambda: library.query(case.question, options=ResultOptions(fold=True)))
    times["filter"] = spent(lambda: library.query(case.question, only=only))
    times["status"] = spent(library.status)
    times["documents"] = spent(lambda: list(library.documents()))
    library.reindex()
    times["reindex"] = spent(library.reindex, tries=2)
    return times


def spent(run: Callable[[], object], tries: int = _TRIES) -> float:
    shortest = math.inf
    for _ in range(tries):
        began = time.process_time()
        run()
        shortest = min(shortest, time.process_time() - began)
    return 1000 * shortest


def exponent(operation: str, small: float, large: float) -> str:
    power = math.log(large / small, _GROWTH)
    return f"{power:5.2f}{'*' if power > _LIMITS.get(operation, _USUAL_LIMIT) else ' '}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("things", nargs="*", metavar="THING", help=f"only these of {', '.join(THINGS)}")
    parser.add_argument("--times", action="store_true", help="also print the times in ms")
    given = parser.parse_args()
    if unknown := [name for name in given.things if name not in THINGS]:
        parser.error(f"{unknown[0]} is not one of {', '.join(THINGS)}")
    ingesting.Pool = InlinePool  # type: ignore[assignment,misc]
    print(f"{'':<25}" + "".join(f"{operation:>10}" for operation in OPERATIONS))
    for name in given.things or THINGS:
        thing = THINGS[name]
        n = SIZES[thing]
        with tempfile.TemporaryDirectory() as folder:
            small, large = (measured(thing, size, Path(folder) / str(size)) for size in (n, _GROWTH * n))
        row = "".join(f"{exponent(operation, small[operation], large[operation]):>10}" for operation in OPERATIONS)
        print(f"{f'{name} {n:,}':<25}{row}", flush=True)
        for times in (small, large) if given.times else ():
            print(f"{'':<25}" + "".join(f"{times[operation]:>9.1f} " for operation in OPERATIONS), flush=True)


if __name__ == "__main__":
    main()
