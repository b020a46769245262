"""Questions over libraries with one odd document, or very many that say the same: what each costs at most.

python bench/odd_documents.py [FOLDER] [--model] [--only NAME]

Each library is built in FOLDER, which is kept and reused, or in a temporary folder; beside what is odd it holds 200
plain records. With --model the shipped model embeds instead of the toy encoder of the tests, which takes many minutes.
Printed is the longest of three CPU times of a library that is open, in seconds, for each kind of question and mode.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from toy import ToyEncoder
from wherein.library import Library
from wherein.search.results.postprocess import ResultOptions

QUESTIONS = {
    "near": "tenant lease copy abc",
    "far": "what does the walrus eat?",
    "phrase": '"sign the copy"',
    "excluded": 'lease -"the lease of"',
    "common": "the of a page",
}
MODES = ("hybrid", "semantic", "keyword")


def long_word(folder: Path) -> None:
    """One word of 8 MB, whose passages have few different vectors."""
    (folder / "word.txt").write_text("abcdefghijklmnop" * 500_000)


def one_line(folder: Path) -> None:
    """A line of 8 MB that repeats itself, whose passages are copies of a few."""
    (folder / "line.txt").write_text("the tenant may sign the lease on a copy of page abc " * 160_000)


def long_text(folder: Path) -> None:
    """A text of 19 MB in which each paragraph says nearly the same."""
    (folder / "text.txt").write_text("\n\n".join(paragraph(number) for number in range(70_000)))


def near_copies(folder: Path) -> None:
    """20,000 records that differ in one word."""
    (folder / "near.jsonl").write_text("\n".join(record(number, paragraph(number)) for number in range(20_000)))


def exact_copies(folder: Path) -> None:
    """2,000 records with one text."""
    (folder / "exact.jsonl").write_text("\n".join(record(number, paragraph(1)) for number in range(2_000)))


KINDS: dict[str, Callable[[Path], None]] = {
    kind.__name__: kind for kind in (long_word, one_line, long_text, near_copies, exact_copies)
}


def paragraph(number: int) -> str:
    words = " ".join(f"the tenant {letters(step)} may {letters(step * 7)} the lease of" for step in range(8))
    return f"{words} {letters(number)} on the copy of this page."


def letters(number: int) -> str:
    return "".join(chr(97 + number // 26**place % 26) for place in range(4))


def record(number: int, text: str) -> str:
    return json.dumps({"id": str(number), "text": text})


def build(folder: Path, kind: Callable[[Path], None], encoder: ToyEncoder | None) -> Library:
    """Return the library of one kind, which is built where it does not exist."""
    library = Library(folder / "library", encoder=encoder)  # type: ignore[arg-type]
    if not (folder / "library").exists():
        (folder / "docs").mkdir(parents=True)
        plain = "\n".join(record(number, f"The walrus {letters(number * 31)} eats clams.") for number in range(200))
        (folder / "docs" / "plain.jsonl").write_text(plain)
        kind(folder / "docs")
        library.ingest([str(folder / "docs")])
    return library


def slowest(library: Library, question: str, mode: str) -> tuple[float, int]:
    """Return the longest of three CPU times, and the number of hits."""
    times, hits = [], 0
    for _ in range(3):
        began = time.process_time()
        hits = len(library.query(question, 5, mode=mode, options=ResultOptions(fold=True)).hits)
        times.append(time.process_time() - began)
    return max(times), hits


def lines(folder: Path, names: list[str], encoder: ToyEncoder | None) -> Iterator[str]:
    """Yield a line for each library, kind of question and mode."""
    for name in names:
        library = build(folder / name, KINDS[name], encoder)
        for question, text in QUESTIONS.items():
            for mode in MODES:
                seconds, hits = slowest(library, text, mode)
                yield f"{name:<14}{question:<10}{mode:<10}{seconds:>7.2f} s  {hits} hits"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--only", choices=KINDS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for line in lines(
            chosen.folder or Path(temporary),
            [chosen.only] if chosen.only else list(KINDS),
            None if chosen.model else ToyEncoder(),
        ):
            print(line, flush=True)


if __name__ == "__main__":
    main()
