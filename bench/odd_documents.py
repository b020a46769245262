"""Questions over libraries with one odd document, or very many that say the same: what each costs at most.

python bench/odd_documents.py [FOLDER] [--model] [--only NAME] [--ratio]

Each library is built in FOLDER, which is kept and reused, or in a temporary folder; beside what is odd it holds 200
plain records. With --model the shipped model embeds instead of the toy encoder of the tests, which takes many minutes.
Printed is the longest of three CPU times of a library that is open, in seconds, for each kind of question and mode.

With --ratio each library is compared with a plain one of as many passages: the CPU time of a warm question with
near-copies folded, in milliseconds, as the median of 30 questions to each, in alternation; only with the questions
`near` and `far`, of which the first finds what is odd. To build the log of 64 MB and its plain library takes many
minutes.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import numpy as np

from toy import ToyEncoder
from wherein.library import Library
from wherein.search.results.postprocess import ResultOptions

LICENCES = (
    "Copyright (c) {year} {holder}. Permission is hereby granted, free of charge, to any person obtaining a copy of"
    " this software and associated documentation files, to deal in the Software without restriction, including without"
    " limitation the rights to use, copy, modify, merge, publish, distribute, sublicense and sell copies of the"
    " Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:"
    " the above copyright notice and this permission notice shall be included in all copies of it.",
    "Copyright (c) {year} {holder}. All rights reserved. Redistribution and use in source and binary forms, with or"
    " without modification, are permitted provided that redistributions of source code retain the above copyright"
    " notice, this list of conditions and the following disclaimer. This software is provided by the copyright holders"
    " as is, and any express or implied warranties, including those of merchantability, are disclaimed.",
)
QUESTIONS = {
    "near": "tenant lease copy abc",
    "far": "what does the walrus eat?",
    "phrase": '"sign the copy"',
    "excluded": 'lease -"the lease of"',
    "common": "the of a page",
}
NEAR = {
    "licences": "permission to use and sell copies of the software",
    "near_copies": "may the tenant keep a copy?",
    "long_word": "abcdefghijklmnop",
    "long_log": "which request of the tenant was rejected?",
}
MODES = ("hybrid", "semantic", "keyword")


def long_word(folder: Path) -> None:
    """One word of 8 MB, whose passages have few different vectors."""
    (folder / "word.txt").write_text("abcdefghijklmnop" * 500_000)


def long_log(folder: Path) -> None:
    """A log of 64 MB, whose lines differ in the time, a word and the trace."""
    with (folder / "server.log").open("w") as log:
        log.writelines(map(log_line, range(64_000_000 // len(log_line(0)))))


def log_line(number: int) -> str:
    minutes, seconds = divmod(number, 60)
    trace = hashlib.sha512(str(number).encode()).hexdigest()
    result = ("answered", "repeated", "rejected")[number % 3]
    return f"{minutes:05}:{seconds:02} the request of tenant {letters(number)} was {result} trace={trace}\n"


def one_line(folder: Path) -> None:
    """A line of 8 MB that repeats itself, whose passages are copies of a few."""
    (folder / "line.txt").write_text("the tenant may sign the lease on a copy of page abc " * 160_000)


def long_text(folder: Path) -> None:
    """A text of 19 MB in which each paragraph says nearly the same."""
    (folder / "text.txt").write_text("\n\n".join(paragraph(number) for number in range(70_000)))


def near_copies(folder: Path) -> None:
    """20,000 records that differ in one word of 55."""
    words = [letters(31 * step) for step in range(40)]
    lease = ["the", "tenant", "may", "sign", "the", "lease", "and", "keep", "a", "copy", "of", "this", "page"]
    texts = (" ".join([*words[:20], letters(number), *words[20:], *lease]) for number in range(20_000))
    (folder / "near.jsonl").write_text("\n".join(record(number, text) for number, text in enumerate(texts)))


def short_tails(folder: Path) -> None:
    """20,000 records that repeat themselves, of which a short last passage differs."""
    (folder / "tails.jsonl").write_text("\n".join(record(number, paragraph(number)) for number in range(20_000)))


def licences(folder: Path) -> None:
    """5,000 copies of two licenses, for different holders and, of every tenth, in another year."""
    texts = (
        LICENCES[number % 2].format(year=1990 + number // 10 % 30, holder=letters(number)) for number in range(5_000)
    )
    (folder / "licences.jsonl").write_text("\n".join(record(number, text) for number, text in enumerate(texts)))


def plain(folder: Path, count: int) -> None:
    """Records of 55 words, no two of them alike."""
    texts = (
        " ".join(
            [f"the tenant of {letters(number)}", *(letters(number * 53 + 17 * step) for step in range(40)), "lease"]
        )
        for number in range(count)
    )
    (folder / "plain_too.jsonl").write_text("\n".join(record(number, text) for number, text in enumerate(texts)))


def exact_copies(folder: Path) -> None:
    """2,000 records with one text."""
    (folder / "exact.jsonl").write_text("\n".join(record(number, paragraph(1)) for number in range(2_000)))


KINDS: dict[str, Callable[[Path], None]] = {
    kind.__name__: kind
    for kind in (long_word, long_log, one_line, long_text, near_copies, short_tails, exact_copies, licences)
}
COMPARED = ("licences", "near_copies", "exact_copies", "long_word", "long_log")
PLAIN = 200


def paragraph(number: int) -> str:
    words = " ".join(f"the tenant {letters(step)} may {letters(step * 7)} the lease of" for step in range(8))
    return f"{words} {letters(number)} on the copy of this page."


def letters(number: int) -> str:
    return "".join(chr(97 + number // 26**digit % 26) for digit in range(4))


def record(number: int, text: str) -> str:
    return json.dumps({"id": str(number), "text": text})


def build(folder: Path, kind: Callable[[Path], None], encoder: ToyEncoder | None) -> Library:
    """Return the library of one kind, which is built where it does not exist."""
    library = Library(folder / "library", encoder=encoder)  # type: ignore[arg-type]
    if not (folder / "library").exists():
        (folder / "docs").mkdir(parents=True)
        plain = "\n".join(record(number, f"The walrus {letters(number * 31)} eats clams.") for number in range(PLAIN))
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


def ratios(folder: Path, names: list[str], encoder: ToyEncoder | None) -> Iterator[str]:
    """Yield a line for each library, question and mode: its time, that of a plain one, and their ratio."""
    for name in names:
        odd = build(folder / name, KINDS[name], encoder)
        count = odd.status().chunks - PLAIN
        even = build(folder / f"plain_{count}", lambda docs, count=count: plain(docs, count), encoder)
        asked = {"near": NEAR.get(name, QUESTIONS["near"]), "far": QUESTIONS["far"]}
        for question, text in asked.items():
            for mode in MODES:
                times = [[cpu_ms(library, text, mode) for library in (odd, even)] for _ in range(33)][3:]
                one, other = np.median(times, axis=0)
                yield f"{name:<14}{question:<10}{mode:<10}{one:>7.1f} ms {other:>7.1f} ms {one / other:>6.2f}"


def cpu_ms(library: Library, question: str, mode: str) -> float:
    began = time.process_time()
    library.query(question, 10, mode=mode, options=ResultOptions(fold=True))
    return 1000 * (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--ratio", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        names = [chosen.only] if chosen.only else list(COMPARED if chosen.ratio else KINDS)
        encoder = None if chosen.model else ToyEncoder()
        for line in (ratios if chosen.ratio else lines)(chosen.folder or Path(temporary), names, encoder):
            print(line, flush=True)


if __name__ == "__main__":
    main()
