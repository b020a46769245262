"""The same day in the life of three libraries: in a folder, in Milvus Lite and on a Milvus server.

    python bench/cluster_scenario.py DOCUMENTS WORK [--questions FILE] [--server milvus://HOST:PORT] [--no-lite] [--toy]

DOCUMENTS is a folder of text files, of which the first `--limit` are used; without `--questions` (one a line) each
question is a sentence of a document. Each library ingests them, answers all questions in each mode and with filters,
takes over an edit, a removal and a new file, is given another index and rolled back. Printed is for each step whether
counts and sentences are equal, and the mean overlap of the ten best passages with those of the folder. The exit code is
1 when a count or a sentence differs, or an overlap is below 0.98.
"""

import argparse
import random
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from toy import ToyEncoder
from wherein.errors import WhereinError
from wherein.library import Filter, Library, parse_filter
from wherein.search.modes import MODES

LEAST = 0.98
_SENTENCE = re.compile(r"[A-Z][^.!?\n]{40,160}[.!?]")


class Scenario:
    """Libraries of the same documents; every step is done in each, and compared with the first."""

    def __init__(self, libraries: dict[str, Library], documents: Path, questions: Sequence[str]) -> None:
        self.failed = False
        self._libraries = libraries
        self._documents = documents
        self._questions = questions

    def compare(self, step: str, do: Callable[[Library], Any]) -> None:
        """Print whether a step gives the same in each library, and how long it took."""
        results, seconds = [], []
        for library in self._libraries.values():
            began = time.monotonic()
            try:
                results.append(do(library))
            except WhereinError as error:
                results.append(f"{type(error).__name__}: {error}")
            seconds.append(time.monotonic() - began)
        is_same = all(result == results[0] for result in results)
        self.failed |= not is_same
        times = ", ".join(f"{name} {one:.1f} s" for name, one in zip(self._libraries, seconds, strict=True))
        print(
            f"{'equal' if is_same else 'DIFFERS':<8} {step} ({times}): {results[0] if is_same else results}", flush=True
        )

    def ask(self, step: str, mode: str, only: Filter | None = None, share: int = 1) -> None:
        """Print how many of the ten best passages are the folder's; of every `share`-th question."""
        questions, found, seconds = self._questions[::share], [], []
        for library in self._libraries.values():
            began = time.monotonic()
            answers = library.query_many(questions, 10, mode=mode, only=only)
            found.append([{(hit.uri, hit.start) for hit in answer.hits} for answer in answers])
            seconds.append(1000 * (time.monotonic() - began) / len(questions))
        for name, own, each in zip(self._libraries, found, seconds, strict=True):
            shares = list(map(overlap_of, found[0], own))
            overlap = sum(shares) / len(shares)
            self.failed |= overlap < LEAST
            print(f"{overlap:8.4f} {step}, {mode}, {name}: {each:.0f} ms a question", flush=True)

    def run(self) -> None:
        """Do all steps."""
        documents = sorted(self._documents.iterdir())
        self.compare("ingest", lambda library: counts(library.ingest([self._documents])))
        self.compare("held", held)
        for mode in MODES:
            self.ask("questions", mode)
        inside = parse_filter([str(documents[0].with_name(f"{documents[0].name[:1]}*"))])
        self.ask("a filter by name", "hybrid", inside, 4)
        self.ask("a filter by type", "keyword", parse_filter(types=["txt"]), 4)
        for wrong in (parse_filter(where="nope = 1"), None):
            self.compare(
                "a wrong question", lambda library, wrong=wrong: library.query("what" if wrong else " ", only=wrong)
            )
        documents[0].write_text(documents[0].read_text() + "\n\nThe okapi crossed the aqueduct at noon.\n")
        documents[1].unlink()
        (self._documents / "new.txt").write_text("A new file, which tells of giraffes.\n")
        self.compare("reindex", lambda library: counts(library.reindex()))
        self.compare("remove", lambda library: [one.uri for one in library.remove_documents([str(documents[2])])])
        self.compare("held", held)
        self.ask("after the changes", "hybrid", None, 4)
        self.compare("another index", lambda library: counts(library.reindex(index="hnsw")))
        self.compare("its name", lambda library: library.status().index)
        self.compare("rollback", lambda library: library.roll_back().endswith("answers again"))
        self.compare("held", held)
        self.compare("a second rollback", lambda library: library.roll_back())
        self.ask("after the rollback", "hybrid", None, 4)
        self.compare("the edit", lambda library: [hit.uri for hit in library.query("okapi aqueduct", 1).hits])
        self.compare("no document", lambda library: library.document("nothing.txt"))


def overlap_of(one: set[Any], other: set[Any]) -> float:
    return len(one & other) / max(len(one), len(other)) if one or other else 1.0


def counts(summary: Any) -> dict[str, int]:
    return {name: value for name, value in asdict(summary).items() if name != "seconds" and value}


def held(library: Library) -> tuple[int, int, int]:
    status = library.status()
    return status.documents, status.chunks, len(list(library.documents()))


def some_sentences(documents: Path, count: int) -> list[str]:
    found = [match for path in sorted(documents.iterdir()) for match in _SENTENCE.findall(path.read_text())[:3]]
    return random.Random(1).sample(found, min(count, len(found)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--server", help="milvus://HOST:PORT")
    parser.add_argument("--no-lite", action="store_true", help="Leave Milvus Lite out: it is slow with many")
    parser.add_argument("--limit", type=int, default=2_000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--toy", action="store_true", help="Vectors without a model, to compare stores quickly.")
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    documents = options.work / "documents"
    documents.mkdir(parents=True)
    files = sorted(path for path in options.documents.rglob("*") if path.is_file())
    for number, path in enumerate(files[: options.limit]):
        shutil.copy(path, documents / f"{number % 10}-{number:05d}{path.suffix}")
    questions = (
        options.questions.read_text().splitlines() if options.questions else some_sentences(documents, options.count)
    )
    places = {"folder": str(options.work / "library")}
    if not options.no_lite:
        places["lite"] = f"milvus:{options.work / 'library.db'}"
    if options.server:
        places["server"] = f"{options.server.rstrip('/')}/s{uuid4().hex}"
    encoder: Any = ToyEncoder(128, 384, 128) if options.toy else None
    libraries = {name: Library(place, encoder=encoder) for name, place in places.items()}
    scenario = Scenario(libraries, documents, questions[: options.count])
    scenario.run()
    sys.exit(scenario.failed)


if __name__ == "__main__":
    main()
