"""A library that many threads ask while others change it, and a check of every answer.

One area of it is never changed: what is asked about it has one right answer. Each change of the other area, `moving`,
is of one document and has a number, so that every committed state is known; an answer must be the exact one of a state
between the last change that had been finished before the question, and the last one that had been begun after it.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from wherein.library import Filter, Hit, Library, ResultOptions, parse_filter

__all__ = ["BusyLibrary"]

THINGS = [
    "harbour crane", "brass telescope", "kayak", "greenhouse roof", "violin bow", "glacier", "lighthouse keeper",
    "bakery oven", "tax return", "beekeeper", "printing press", "mountain hut", "railway bridge", "chess club",
    "desert caravan", "museum guard", "orchard", "submarine", "weather balloon", "castle moat",
]  # fmt: skip
PLACES = ["in Lisbon", "at the northern end of the island", "behind the old town hall"]
FERRIES = 6


class BusyLibrary:
    """A library in `work`; `mistakes` and `answers` count what its threads found, by kind."""

    def __init__(self, work: Path, **options: Any) -> None:
        self.library = Library(work / "library", **options)
        self._still, self._moving = work / "still", work / "moving"
        self._still.mkdir()
        self._moving.mkdir()
        for number, (thing, place) in enumerate((thing, place) for thing in THINGS for place in PLACES):
            text = f"Record {number}. The {thing} {place} has the code q{number}z{number * 7}. Nobody else keeps one.\n"
            (self._still / f"{number}.txt").write_text(text)
        self.states: list[dict[int, int]] = [dict.fromkeys(range(FERRIES), 0)]
        self.done = 0
        self._finished = Lock()
        self._versions = count(1)
        for ferry in range(FERRIES):
            self._write_file(ferry, 0)
        self.library.ingest([str(self._still), str(self._moving)])
        self._questions = [f"where is the {thing}?" for thing in THINGS]
        self._ranked = {question: self._still_hits(question, len(THINGS) * len(PLACES)) for question in self._questions}
        self.answers, self.mistakes = Counter[str](), Counter[str]()

    # Changes.

    def ingest(self, ferry: int) -> None:
        """Write another version of a document and ingest it."""
        version = next(self._versions)
        self._begin({**self.states[-1], ferry: version})
        self._write_file(ferry, version)
        self.library.ingest([str(self._moving)])
        self.done = len(self.states) - 1

    def remove(self, ferry: int) -> None:
        """Remove a document; its file stays."""
        if ferry in self.states[-1]:
            self._begin({other: version for other, version in self.states[-1].items() if other != ferry})
            self.library.remove_documents([str(self._path(ferry))])
            self.done = len(self.states) - 1

    def change(self, rng: random.Random) -> None:
        """Change one document."""
        (self.remove if rng.random() < 0.3 else self.ingest)(rng.randrange(FERRIES))

    def _begin(self, state: dict[int, int]) -> None:
        self.states.append(state)

    def _write_file(self, ferry: int, version: int) -> None:
        written = self._moving.with_name("next.txt")
        written.write_text(f"Ferry {ferry} leaves on schedule version {version}.\n")
        written.rename(self._path(ferry))  # at once: the reindex may read it at any moment

    def _path(self, ferry: int) -> Path:
        return self._moving / f"{ferry}.txt"

    # Questions.

    def ask(self, rng: random.Random) -> tuple[str, str]:
        """Ask something; return the kind of question and what is wrong with the answer, "" if nothing is."""
        kinds = (
            self._ask_by_meaning, self._ask_by_words, self._ask_by_both, self._ask_many, self._ask_about_the_moving,
            self._ask_words_of_the_moving, self._list,
        )  # fmt: skip
        kind = rng.choices(kinds, (6, 6, 6, 1, 1, 1, 1))[0]
        return kind.__name__.strip("_").removeprefix("ask_"), kind(rng)

    def _ask_by_meaning(self, rng: random.Random) -> str:
        question = rng.choice(self._questions)
        found, expected = self._still_hits(question, 5), self._ranked[question]
        return "" if found and found == expected[: len(found)] else f"{question}: {found} instead of {expected[:5]}"

    def _ask_by_words(self, rng: random.Random) -> str:
        number = rng.randrange(len(THINGS) * len(PLACES))
        hits = self.library.query(f"code q{number}z{number * 7}", 1, mode="keyword").hits
        return self._right(number, hits)

    def _ask_by_both(self, rng: random.Random) -> str:
        number = rng.randrange(len(THINGS) * len(PLACES))
        thing, place = THINGS[number // len(PLACES)], PLACES[number % len(PLACES)]
        options = ResultOptions(fold=rng.random() < 0.2)
        hits = self.library.query(f"which {thing} {place} has q{number}z{number * 7}?", 3, options=options).hits
        return self._right(number, hits)

    def _ask_many(self, rng: random.Random) -> str:
        questions = rng.sample(self._questions, 4)
        answers = self.library.query_many(questions, 1, mode="semantic", only=self._only("still"))
        for question in questions[: rng.randint(1, 4)]:  # sometimes the rest is not wanted
            found = _shown(next(answers).hits)
            if found != self._ranked[question][:1]:
                return f"{question}: {found} instead of {self._ranked[question][:1]}"
        return ""

    def _ask_about_the_moving(self, _: random.Random) -> str:
        return self._of_one_state(
            lambda: self.library.query("ferry schedule", 20, mode="semantic", only=self._only("moving")).hits
        )

    def _ask_words_of_the_moving(self, _: random.Random) -> str:
        return self._of_one_state(lambda: self.library.query("ferry", 20, mode="keyword").hits)

    def _list(self, rng: random.Random) -> str:
        number = rng.randrange(len(THINGS) * len(PLACES))
        document, text, _ = self.library.document(str(self._still / f"{number}.txt"))
        first = next(self.library.documents())
        right = text.startswith(f"Record {number}.") and document.uri.endswith(f"/{number}.txt") and first.uri
        return "" if right else f"document {number}: {text}"

    def _of_one_state(self, ask: Callable[[], Sequence[Hit]]) -> str:
        before = self.done
        hits = ask()
        states = self.states[before:]
        found = {int(hit.text.split()[1]): int(hit.text.split()[-1].strip(".")) for hit in hits}
        right = len(found) == len(hits) and found in states
        return "" if right else f"{found} with {len(hits)} hits, which is none of {states}"

    def _still_hits(self, question: str, k: int) -> list[tuple[str, str, float]]:
        hits = self.library.query(question, k, mode="semantic").hits
        return _shown([hit for hit in hits if "/still/" in hit.uri])

    def _right(self, number: int, hits: Sequence[Hit]) -> str:
        right = hits and hits[0].uri.endswith(f"/still/{number}.txt") and f"q{number}z{number * 7}." in hits[0].text
        return "" if right else f"{number}: {_shown(hits)}"

    def _only(self, area: str) -> Filter:
        return parse_filter([str(self._still if area == "still" else self._moving)])

    # Threads.

    def __enter__(self) -> "BusyLibrary":
        return self

    def __exit__(self, *_: object) -> None:
        self.library.close()

    def run(self, threads: int, seconds: float, answers: int = 0, states: int = 1, *, writers: bool = True) -> None:
        """Ask with `threads` threads for `seconds`, and until there are `answers` and committed `states`.

        With `writers` two others write meanwhile.
        """
        end = Event()
        crew = [Thread(target=self._work, args=[seed, end]) for seed in range(threads)]
        if writers:
            change = partial(self.change, random.Random(0))
            crew.append(Thread(target=self._write, args=[change, end, "change"]))
            crew.append(Thread(target=self._write, args=[self.library.reindex, end, "reindex"]))
        for thread in crew:
            thread.start()
        began = time.monotonic()
        while time.monotonic() < began + seconds or not (self.mistakes or self._has(answers, states)):
            time.sleep(0.05)
        end.set()
        for thread in crew:
            thread.join()

    def _has(self, answers: int, states: int) -> bool:
        return self.answers.total() >= answers and len(self.states) >= states

    def _work(self, seed: int, end: Event) -> None:
        rng = random.Random(seed)
        while not end.is_set():
            try:
                kind, mistake = self.ask(rng)
            except BaseException as error:
                kind, mistake = "error", f"{type(error).__name__}: {error}"
            with self._finished:
                self.answers[kind] += 1
                if mistake:
                    self.mistakes[mistake] += 1

    def _write(self, write: Callable[[], object], end: Event, kind: str) -> None:
        while not end.is_set():
            try:
                write()
            except BaseException as error:
                with self._finished:
                    self.mistakes[f"{kind}: {type(error).__name__}: {error}"] += 1
                return
            with self._finished:
                self.answers[kind] += 1
            end.wait(0.05)


def _shown(hits: Sequence[Hit]) -> list[tuple[str, str, float]]:
    return [(hit.uri, hit.text, hit.score) for hit in hits]
