"""One writer and several readers on one library, each in a process of its own, and a check of every answer.

A counter in the database is incremented with every changed row, inside the transaction that changes it, so each
committed state has a number of its own. The writer process reads each state back through another connection before it
continues, and logs it (`states.log`). A reader notes the number before and after its question: its answer must be the
exact one of a state between the two. The check replays that log beside the readers' logs; see `oracle.py`.

Both run until their standard input is closed; after every `STEP` answers a reader prints their number and the time.
"""

import os
import pickle
import random
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from oracle import Found, Passage, State, found, mistake, read_passages
from toy import ToyEncoder
from wherein.errors import LibraryBusy
from wherein.library import Library

__all__ = ["STEP", "Answer", "Crew", "Verdict", "check"]

STEP = 50
WORDS = [f"word{n}" for n in range(300)]
FILES = 80
_FOLD_AT_LEAST = 30
_COMMIT_VECTORS = 6
_HEAD = struct.Struct("<Q")


@dataclass(frozen=True)
class Answer:
    """A reader's answer, the states before and after it, when it began (monotonic clock) and how many seconds it took.

    `waited` is the time in which the reader neither computed nor was runnable: it waited for a lock or for the disk.
    `refused` counts how often SQLite would have made it wait for a lock; `generation` is the one that was searched.
    """

    before: int
    after: int
    question: str
    k: int
    hits: list[Found]
    began: float
    seconds: float
    waited: float
    refused: int
    generation: int | None


@dataclass(frozen=True)
class Verdict:
    """The result of the check: the number of states, all answers, each reader's generations, and what was wrong."""

    states: int
    answers: list[Answer]
    generations: list[set[int]]
    wrong: list[str]


class Crew:
    """A library with documents in `work`, and the processes that use it."""

    def __init__(self, work: Path, name: str = "library") -> None:
        self.work = work
        self.library = work / name
        self.docs = work / f"{name}-docs"
        self.docs.mkdir()
        self.readers: list[subprocess.Popen[str]] = []
        self.writer: subprocess.Popen[str] | None = None
        self._begin()

    def _begin(self) -> None:
        rng = random.Random(0)
        for n in range(FILES // 2):
            (self.docs / f"{n}.txt").write_text(text(rng))
        Library(self.library, encoder=ToyEncoder()).ingest([str(self.docs)])
        db = sqlite3.connect(self.library / "catalog.db", isolation_level=None)
        db.execute("INSERT INTO settings (key, value) VALUES ('state', '1')")
        for table in ("documents", "chunks"):
            for event in ("INSERT", "UPDATE", "DELETE"):
                db.execute(
                    f"CREATE TRIGGER {table}_{event} AFTER {event} ON {table} BEGIN"
                    " UPDATE settings SET value = CAST(value + 1 AS TEXT) WHERE key = 'state'; END"
                )
        db.close()

    def start_writer(self, seed: int) -> None:
        self.writer = _start("write", self.library, self.docs, self.work / f"{self.library.name}-states.log", seed)
        assert self.writer.stdout is not None
        assert self.writer.stdout.readline() == "writing\n"

    def start_reader(self) -> subprocess.Popen[str]:
        number = len(self.readers)
        reader = _start("read", self.library, self.work / f"answers-{number}.log", number)
        self.readers.append(reader)
        return reader

    def read_on(self, answers: int) -> None:
        """Wait until each reader has given about that many more answers."""
        now = time.monotonic()
        for reader in self.readers:
            count, at = _progress(reader)
            while at < now:
                count, at = _progress(reader)
            enough = count + answers
            while count < enough:
                count, at = _progress(reader)

    def holds_lock(self) -> bool:
        """Whether the writer holds the lock."""
        assert self.writer is not None
        return (self.library / "writer.lock").read_text().strip() == str(self.writer.pid)

    def stop_midway(self) -> None:
        """Stop the writer while it holds the lock; `signal.SIGCONT` lets it continue."""
        assert self.writer is not None
        while True:
            self.writer.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.writer.pid, os.WSTOPPED)
            if self.holds_lock():
                return
            self.writer.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the writer, which may be stopped."""
        assert self.writer is not None
        self.writer.kill()
        self.writer.communicate()
        self.writer = None

    def finish(self) -> None:
        """Let every process finish. Raises CalledProcessError when one of them failed."""
        for process in self._processes():
            process.communicate("")
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, process.args)
        self.writer = None

    def end(self) -> None:
        """Kill every process that is left."""
        for process in self._processes():
            process.kill()
            process.communicate()

    def _processes(self) -> list[subprocess.Popen[str]]:
        return [*self.readers, *([self.writer] if self.writer else [])]


def _progress(reader: subprocess.Popen[str]) -> tuple[int, float]:
    assert reader.stdout is not None
    count, at = reader.stdout.readline().split()
    return int(count), float(at)


def _start(*arguments: object) -> subprocess.Popen[str]:
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(here)}
    command = [sys.executable, "-c", "import traffic; traffic.main()", *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


# The writer.


def write(library: str, docs: str, log: str, seed: str) -> None:
    """Change files and ingest them, until standard input is closed."""
    from wherein.ingest import commit
    from wherein.ingest import run as ingest_run
    from wherein.storage.catalog import connection
    from wherein.storage.cleanup import prune

    record = _Recorder(Path(library), Path(log))
    record()
    connection.failpoint = lambda name: record() if name.endswith(".committed") else None
    # Commits, new generations and the deletion of orphans come much more often than in real use.
    ingest_run.fold_within_run = partial(ingest_run.fold_within_run, at_least=_FOLD_AT_LEAST)
    commit._COMMIT_VECTORS = _COMMIT_VECTORS
    rng = random.Random(int(seed))
    print("writing", flush=True)
    while not _must_end():
        prune.ORPHAN_DAYS = rng.choice((0, 30))
        for _ in range(rng.randint(1, 6)):
            _change(rng, Path(docs))
        _command(rng, Library(Path(library), encoder=ToyEncoder()), docs)


def _change(rng: random.Random, docs: Path) -> None:
    files = sorted(docs.iterdir())
    kinds = ["new"] * (FILES - len(files) > 0) * 3 + ["edit"] * 4 + ["move"] * 2 + ["copy"] + ["delete"] * 2
    kind, path, other = rng.choice(kinds), rng.choice(files), docs / f"{rng.randrange(FILES)}.txt"
    if kind == "new":
        other.write_text(text(rng))
    elif kind == "edit":
        parts = path.read_text().split("\n\n")
        parts[rng.randrange(len(parts))] = paragraph(rng)
        path.write_text("\n\n".join(parts))
    elif kind == "move":
        path.rename(other)
    elif kind == "copy":
        other.write_bytes(path.read_bytes())
    elif len(files) > FILES // 4:
        path.unlink()


def _command(rng: random.Random, library: Library, docs: str) -> None:
    match rng.choice(("ingest", "ingest", "ingest", "reindex", "reindex", "remove")):
        case "ingest":
            library.ingest([docs], wait=True)
        case "reindex":
            library.reindex(wait=True)
        case "remove":
            uris = [document.uri for document in library.documents()]
            library.remove_documents(rng.sample(uris, min(3, len(uris))), wait=True)


class _Recorder:
    """Appends each new state to a log: the first one whole, each other one as the difference from the one before."""

    def __init__(self, library: Path, log: Path) -> None:
        from wherein.storage.catalog.connection import open_reader

        self._db = open_reader(library)
        whole = sum(_HEAD.size + len(data) for data in _records(log)) if log.exists() else 0
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT)
        os.ftruncate(self._log, whole)  # drop the record that a killed writer left incomplete
        os.lseek(self._log, 0, os.SEEK_END)
        self._number = 0
        self._known: dict[Passage, bytes] | None = None

    def __call__(self) -> None:
        self._db.execute("BEGIN")
        number = _number(self._db)
        passages = read_passages(self._db) if number != self._number else None
        self._db.rollback()
        if passages is None:
            return
        known = self._known or {}
        added = {passage: vector for passage, vector in passages.items() if known.get(passage) != vector}
        removed = [passage for passage in known if passage not in passages]
        data = pickle.dumps((number, self._known is None, added, removed))
        os.write(self._log, _HEAD.pack(len(data)) + data)
        self._number, self._known = number, passages


def _records(log: Path) -> Iterator[bytes]:
    with log.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            data = file.read(_HEAD.unpack(head)[0])
            if len(data) < _HEAD.unpack(head)[0]:
                return
            yield data


def _number(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM settings WHERE key = 'state'").fetchone()[0])


# A reader.


def read(library: str, log: str, seed: str) -> None:
    """Ask one library, which is opened only once, as fast as it answers, until standard input is closed."""
    from wherein.storage.catalog.connection import open_reader

    rng = random.Random(f"reader {seed}")
    asked, numbers = Library(Path(library), encoder=ToyEncoder()), open_reader(Path(library))
    asked.query("word1")
    with asked._reader.connection() as db:  # the only one, since one thread asks
        db.execute("PRAGMA busy_timeout=0")  # report a lock instead of waiting for it
    with Path(log).open("wb") as file:
        count = 0
        while not _must_end():
            answer = _ask(rng, asked, numbers)
            pickle.dump(answer, file)
            count += 1
            if count % STEP == 0:
                file.flush()
                print(count, time.monotonic(), flush=True)


def _ask(rng: random.Random, asked: Library, numbers: sqlite3.Connection) -> Answer:
    question = " ".join(rng.choices(WORDS, k=rng.randint(1, 4)))
    few, many, everything = rng.randint(1, 10), rng.randint(10, 100), 10_000
    k = rng.choices((few, many, everything), (80, 19, 1))[0]
    before = _number(numbers)
    began, busy, queued = time.monotonic(), time.thread_time(), _queued()
    answer, refused = None, 0
    while answer is None:
        try:
            answer = asked.query(question, k, mode="semantic")
        except LibraryBusy:
            refused += 1
    seconds = time.monotonic() - began
    waited = seconds - (time.thread_time() - busy) - (_queued() - queued)
    assert answer.basis is not None
    generation, hits = answer.basis.generation, found(answer.hits)
    return Answer(before, _number(numbers), question, k, hits, began, seconds, waited, refused, generation)


def _queued() -> float:
    """Return for how many seconds this thread has waited for a processor (proc_pid_schedstat(5))."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def _must_end() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


# The check.


def check(crew: Crew) -> Verdict:
    """Compare every answer with the states that it may be the answer of."""
    logs = [list(_answers(crew.work / f"answers-{number}.log")) for number in range(len(crew.readers))]
    answers = sorted((answer for log in logs for answer in log), key=lambda answer: answer.before)
    encoder = ToyEncoder()
    open_ones: list[tuple[Answer, list[str]]] = []
    wrong, coming, count = [], iter([*answers, None]), 0
    upcoming = next(coming)
    for number, state in _states(crew.work / f"{crew.library.name}-states.log"):
        count += 1
        while upcoming is not None and upcoming.before <= number:
            if upcoming.before != number:
                wrong.append(f"state {upcoming.before} was seen and not recorded")
            open_ones.append((upcoming, []))
            upcoming = next(coming)
        left = []
        for answer, reasons in open_ones:
            vector, _ = encoder.encode_question(answer.question)
            reason = mistake(state, vector, answer.k, answer.hits)
            if reason is None:
                continue
            reasons.append(f"state {number}: {reason}")
            if answer.after > number:
                left.append((answer, reasons))
            else:
                wrong.append(f"{answer.question!r}, k={answer.k}, states {answer.before} to {answer.after}: {reasons}")
        open_ones = left
    wrong += [f"{answer.question!r} ended after the last state" for answer, _ in open_ones]
    wrong += ["an answer of a state after the last one"] * (upcoming is not None)
    return Verdict(count, answers, [{a.generation for a in log if a.generation} for log in logs], wrong)


def _answers(log: Path) -> Iterator[Answer]:
    with log.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return


def _states(log: Path) -> Iterator[tuple[int, State]]:
    held: dict[Passage, bytes] = {}
    last = -1
    for number, whole, added, removed in map(pickle.loads, _records(log)):
        if whole:
            if number == last:
                assert held == added, "the next writer found another state than the last one left"
            held = {}
        for passage in removed:
            del held[passage]
        held.update(added)
        if number != last:
            vectors = np.frombuffer(b"".join(held.values()), "<f2").astype(np.float32)
            yield number, State(list(held), vectors.reshape(len(held), -1 if held else 0))
        last = number


def text(rng: random.Random) -> str:
    return "\n\n".join(paragraph(rng) for _ in range(rng.randint(1, 6)))


def paragraph(rng: random.Random) -> str:
    # From 3, 30 or 300 words, so that some paragraphs are equal and many are near each other.
    return " ".join(rng.choices(WORDS[: rng.choice((3, 30, 300))], k=rng.choice((2, 8, 40)))) + "."


def main() -> None:
    {"write": write, "read": read}[sys.argv[1]](*sys.argv[2:])
