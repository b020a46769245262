"""The time left that an ingest shows, against the time it then took, beside two simpler estimators.

    apt-get install python3.11-doc git-doc r-doc-pdf
    python bench/time_left.py [--every 8] [--order folders|shuffled] [--cpu]

The corpus is one file in EVERY of git's pages, R's manuals as PDF, Python's pages, DOCX made of Python's texts, these
texts themselves, and copies of pages that came before. In the order `folders` one kind follows the other; `shuffled`
mixes them. The simpler estimators get the same events at the same times. Compared are the estimates between one minute
after the start and 15 s before the end. `--cpu` counts seconds of CPU, for a machine that is busy with other work.
"""

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import docx

from wherein.ingest.progress import lookahead
from wherein.ingest.progress.eta import EtaEstimator, FileCost
from wherein.ingest.progress.events import Progress
from wherein.ingest.progress.sampler import PendingFile
from wherein.library import Library

DOCS = Path("/usr/share/doc")
FROM, UNTIL = 60.0, 15.0
Estimate = tuple[float, float | None]


def build_corpus(folder: Path, every: int, order: str) -> None:
    texts = sorted(DOCS.glob("python3.11/html/_sources/**/*.txt"))
    pages = sorted(DOCS.glob("git/**/*.html"))
    parts = {
        "01-git": pages[::every],
        "02-manuals": sorted(DOCS.glob("r-doc-pdf/manual/R-*.pdf"))[:: max(1, every // 3)],
        "03-python": sorted(DOCS.glob("python3.11/html/**/*.html"))[::every],
        "04-reports": [path for path in texts[1::every] if path.stat().st_size < 40_000],
        "05-texts": texts[::every],
        "06-copies": pages[::every],
    }
    files = [(part, path) for part, paths in parts.items() for path in paths]
    if order == "shuffled":
        random.Random(1).shuffle(files)
    for number, (part, path) in enumerate(files):
        target = folder / (part if order == "folders" else "mixed") / f"{number:05}-{path.name}"
        target.parent.mkdir(exist_ok=True)
        if part == "04-reports":
            write_docx(target.with_suffix(".docx"), path.read_text())
        else:
            shutil.copy(path, target)


def write_docx(target: Path, text: str) -> None:
    report = docx.Document()
    for paragraph in text.split("\n\n"):
        report.add_paragraph(paragraph)
    report.save(str(target))


class BytesPerSecond:
    """Seconds per byte of each kind of file, over the bytes that are ahead; a kind that did not come yet is average."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.ahead = Counter[str]()
        self.bytes = Counter[str]()
        self.spent = Counter[str]()
        self.batch: list[FileCost] = []
        self.began = self.last = 0.0

    def expect(self, kind: str, size: int) -> None:
        self.ahead[kind] += size
        self.began = self.last = self.clock()

    def done(self, cost: FileCost) -> None:
        self.batch.append(cost)

    def seconds(self) -> float | None:
        self._learn()
        return self._left() if self.bytes.total() else None

    def _learn(self) -> None:
        """Share out the time since the last commit among its files, by their bytes."""
        if size := sum(cost.bytes for cost in self.batch):
            now = self.clock()
            for cost in self.batch:
                self._add(cost, (now - self.last) * cost.bytes / size)
            self.last = now
        self.batch = []

    def _add(self, cost: FileCost, spent: float) -> None:
        self.spent[cost.kind] += spent
        self.bytes[cost.kind] += cost.bytes
        self.ahead[cost.kind] -= cost.bytes

    def _left(self) -> float:
        average = self.spent.total() / self.bytes.total()
        return sum(
            size * (self.spent[kind] / self.bytes[kind] if self.bytes[kind] else average)
            for kind, size in self.ahead.items()
        )


class TokensPerByte(BytesPerSecond):
    """Tokens per byte of each kind, and one speed for all: the estimator of the product, without a sample."""

    def _learn(self) -> None:
        for cost in self.batch:
            self._add(cost, cost.work)
        self.batch = []

    def _left(self) -> float:
        return super()._left() * (self.clock() - self.began) / self.spent.total()


class Recorder(EtaEstimator):
    """The estimator of the product, which hands on what it learns, and keeps what the others estimate."""

    clock: Callable[[], float] = time.monotonic
    estimates: ClassVar[dict[str, list[Estimate]]] = {}

    def __init__(self) -> None:
        super().__init__(Recorder.clock)
        self.others = [BytesPerSecond(Recorder.clock), TokensPerByte(Recorder.clock)]

    def expect(self, file: PendingFile) -> None:
        super().expect(file)
        for other in self.others:
            other.expect(file.kind, file.size)

    def done(self, cost: FileCost) -> None:
        super().done(cost)
        for other in self.others:
            other.done(cost)

    def seconds(self) -> float | None:
        left = super().seconds()
        for name, estimate in (("look ahead", left), *((type(o).__name__, o.seconds()) for o in self.others)):
            self.estimates.setdefault(name, []).append((Recorder.clock(), estimate))
        return left


def errors(estimates: list[Estimate], began: float, ended: float) -> list[float]:
    return sorted(
        abs(left / (ended - now) - 1)
        for now, left in estimates
        if left is not None and now - began >= FROM and ended - now >= UNTIL
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--order", choices=("folders", "shuffled"), default="folders")
    parser.add_argument("--precision", default="w8a8")
    parser.add_argument("--cpu", action="store_true", help="count seconds of CPU")
    chosen = parser.parse_args()
    Recorder.clock = time.process_time if chosen.cpu else time.monotonic
    lookahead.EtaEstimator = Recorder  # type: ignore[misc]
    moments: list[float] = []

    def report(event: object) -> None:
        if isinstance(event, Progress):
            moments.append(Recorder.clock())

    with tempfile.TemporaryDirectory() as work:
        docs = Path(work) / "docs"
        docs.mkdir()
        build_corpus(docs, chosen.every, chosen.order)
        library = Library(Path(work) / "library", precision=chosen.precision, cache=Path(work) / "cache")
        began = Recorder.clock()
        summary = library.ingest([str(docs)], look_ahead=True, report=report)
    ended = moments[-1]
    print(f"{summary.new} documents, {summary.embedded} passages, {ended - began:.0f} s")
    for name, estimates in Recorder.estimates.items():
        found = errors(estimates, began, ended)
        if not found:
            print("too short to compare: lower --every")
            break
        median, within = found[len(found) // 2], sum(error <= 0.2 for error in found)
        print(f"{name:>14}: worst {found[-1]:.0%}, median {median:.0%}, within 20 %: {within} of {len(found)}")


if __name__ == "__main__":
    main()
