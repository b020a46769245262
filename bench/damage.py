"""Damage files at random: is all damage noticed, and is no answer ever wrong?

    python bench/damage.py [--trials 600] [--seed 1] [--only KIND]

A small library is copied and one of its files damaged (1 to 64 flipped bits, zeroed pages, truncation, swapped blocks).
Then it is queried by meaning and by words, verified, repaired, verified, queried, reindexed and queried. Answers are
compared with those of every committed state of the undamaged library by text, span and score. Kinds of files:
`catalog`, `log` (left by a process that was killed before it could empty it) and `index` (generations and segments, of
codes and of postings) with a toy encoder; `model` and `compiled` with the shipped model; `cli` is the same through the
command line. A failing trial prints its kind and number: `--only KIND
--trial NUMBER` repeats it.
"""

import argparse
import contextlib
import json
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from toy import ToyEncoder
from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, load_model
from wherein.errors import WhereinError
from wherein.library import Library
from wherein.storage.disk.failpoints import EXIT_CODE
from wherein.storage.index import folding

ROOT = Path(__file__).parent.parent
SHARES = {"catalog": 40, "log": 20, "index": 20, "model": 8, "compiled": 4, "cli": 8}
QUESTIONS = (
    "where does the market open?",
    "barrels of herring on the quay",
    "who hid the brooch?",
    "lot 7.3 of salt",
    "the ferry leaves at noon",
)
ASKED = tuple((question, mode) for mode in ("semantic", "keyword") for question in QUESTIONS)
PAGE = 4096
ALL, SHOWN = 10_000, 5
SECONDS = 120
COLUMNS = ("trials", "detected", "harmless", "earlier", "wrong", "silent", "traceback", "crash", "hang", "unrepaired",
           "restored")  # fmt: skip
FAILURES = ("wrong", "silent", "traceback", "crash", "hang", "unrepaired")
Answers = list[list[list[Any]]]


# The library, and ways to damage it.


def text(number: int, version: int = 0) -> str:
    parts = (f"Lot {number}.{m} has {number * m + version} barrels of herring and {number + m} of salt on the quay."
             for m in range(3 + number % 9))  # fmt: skip
    return "\n\n".join((f"Note {number}: the market of town {number} opens at {number % 12 + 1} o'clock.", *parts))


def write_docs(docs: Path) -> None:
    docs.mkdir()
    for number in range(36):
        (docs / f"{number}.txt").write_text(text(number))
    records = ({"id": f"r{n}", "text": f"Record {n}: the ferry leaves at {n} past noon."} for n in range(12))
    (docs / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    (docs / "long.md").write_text("# Quay\n\n" + "\n\n".join(text(n) for n in range(40, 52)))
    set_times(docs)


def change_docs(docs: Path) -> None:
    for number in range(0, 36, 5):
        (docs / f"{number}.txt").write_text(text(number, version=1))
    (docs / "35.txt").unlink()
    (docs / "new.txt").write_text("The brooch was hidden by the clockmaker of the town.")
    set_times(docs)


def set_times(docs: Path) -> None:
    for path in docs.iterdir():
        os.utime(path, ns=(10**18, 10**18))


def make_library(scene: Path, encoder: Any) -> None:
    """Make a library with deleted rows and orphans, and a copy of its first state for `kill_a_writer`."""
    docs, library = scene / "docs", scene / "library"
    write_docs(docs)
    Library(library, encoder=encoder).ingest([str(docs)])
    Library(library, encoder=encoder).ingest_stream("memo", b"The spare key hangs behind the blue door of the ferry.")
    shutil.copytree(library, scene / "killed")
    shutil.copytree(docs, scene / "docs-before")
    change_docs(docs)
    Library(library, encoder=encoder).reindex()
    for new in ("segment", "delta"):
        (docs / f"{new}.txt").write_text(f"The {new} of the river is full of herring and of salt.\n\n{text(len(new))}")
        set_times(docs)
        with segments_of_any_size() if new == "segment" else contextlib.nullcontext():
            Library(library, encoder=encoder).ingest([str(docs)])
    files = {path.name for path in (library / "generations").iterdir()}
    if not {"s000001.faiss", "s000002.keywords"} <= files:
        raise RuntimeError(f"there were to be segments of both kinds, but there are only {sorted(files)}")


@contextlib.contextmanager
def segments_of_any_size() -> Iterator[None]:
    """Let a run write a segment, however little is new."""
    write = folding.write_segment_if_due
    folding.write_segment_if_due = lambda *given, **_: write(*given[:4], at_least=0)
    try:
        yield
    finally:
        folding.write_segment_if_due = write


def kill_a_writer(scene: Path) -> None:
    """Leave a log with several commits, by killing a process before it empties the log."""
    script = (
        f"import sys; sys.path[:0] = {[str(ROOT / 'tests')]!r}\n"
        "from pathlib import Path; from toy import ToyEncoder\n"
        "from wherein.library import Library; from wherein.ingest import commit\n"
        "commit._COMMIT_SECONDS = 0\n"
        f"Library(Path({str(scene / 'killed')!r}), encoder=ToyEncoder(64)).ingest([{str(scene / 'docs')!r}])\n"
    )
    environment = {**os.environ, "WHEREIN_FAILPOINT": "checkpoint.begun"}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    if killed.returncode != EXIT_CODE:  # else every trial of a log would have none to damage
        raise RuntimeError(f"the writer was to be killed and ended with {killed.returncode}")


def damage(path: Path, rng: random.Random) -> str:
    """Damage a file in place in one way; return which, and how much."""
    data = bytearray(path.read_bytes())
    kind = rng.choice(("bits", "bits", "zeros", "cut", "swap"))
    if kind == "bits":
        count = rng.choice((1, 1, 2, 4, 16, 64))
        for _ in range(count):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == "zeros":
        count = rng.choice((1, 1, 2, 5))
        for _ in range(count):
            at = rng.randrange(0, len(data), PAGE)
            data[at : at + PAGE] = bytes(len(data[at : at + PAGE]))
    elif kind == "cut":
        count = rng.choice((rng.randrange(len(data)), rng.randrange(len(data)) // PAGE * PAGE))
        count *= rng.random() > 0.1
        del data[count:]
    else:
        count = rng.choice((512, PAGE, PAGE, PAGE))
        one, two = (rng.randrange(max(1, len(data) // count)) * count for _ in range(2))
        first, second = data[one : one + count], data[two : two + count]
        size = min(len(first), len(second))
        data[one : one + size], data[two : two + size] = second[:size], first[:size]
    path.write_bytes(data)
    return f"{kind} {count}"


# One trial, in a process of its own.


@dataclass
class Trial:
    """The course of one trial: the answers before and after, and what each stage reported.

    `damaged` and `noted`: verify found damage, or anything at all. `repair_reported`: repair named something.
    `still_damaged`: verify found damage after the repair. `needs_backup`: repair said that only a restore helps.
    """

    kind: str
    number: int
    how: str = ""
    events: list[str] = field(default_factory=list)
    before: Answers | None = None
    damaged: bool = False
    noted: bool = False
    repair_reported: bool = False
    still_damaged: bool = False
    needs_backup: bool = False
    after: Answers | None = None
    after_reindex: Answers | None = None
    error: str = ""


def hits_of(hits: list[Any]) -> list[list[Any]]:
    return [[hit.uri.rpartition("/")[2], hit.start, hit.end, hit.text, hit.score] for hit in hits]


def ask(library: Library, k: int) -> Answers:
    return [hits_of(library.query(question, k, mode=mode).hits) for question, mode in ASKED]


def read_everything(library: Library) -> None:
    """Call everything else that reads."""
    library.status(), library.problems(), library.sources(), library.backups()
    for document in library.documents():
        library.document(document.uri)


def encoder_for(kind: str, folder: Path, scene: Path) -> Any:
    if kind in ("model", "compiled"):
        cache = folder / "compiled" if (folder / "compiled").exists() else scene / "compiled"
        model = folder / "model" if (folder / "model").exists() else DEFAULT_MODEL
        return Encoder(load_model(model), "w8a32", cache=cache, one_by_one=True)
    return ToyEncoder(64)


def target(kind: str, folder: Path, rng: random.Random) -> Path:
    library = folder / "library"
    if kind == "catalog":
        return library / "catalog.db"
    if kind == "log":
        return library / "catalog.db-wal"
    if kind == "index":
        return rng.choice(sorted((library / "generations").iterdir()))
    if kind == "model":
        return folder / "model" / rng.choice(("model.json", "model.xml", "model.bin", "tokenizer.json"))
    return rng.choice(sorted((folder / "compiled").iterdir()))


def prepare(kind: str, scene: Path, folder: Path, rng: random.Random) -> None:
    shutil.copytree(scene / ("killed" if kind == "log" else "library"), folder / "library")
    if kind == "model":
        shutil.copytree(DEFAULT_MODEL, folder / "model")
        if rng.random() < 0.5:
            (folder / "compiled").mkdir()
    if kind == "compiled":
        shutil.copytree(scene / "compiled", folder / "compiled")


def damaged_library(kind: str, number: int, seed: int, scene: Path, folder: Path) -> tuple[str, random.Random]:
    """Copy the library into `folder` and damage it as that trial does; return how, and the trial's random numbers."""
    rng = random.Random(f"{seed} {kind} {number}")
    prepare(kind, scene, folder, rng)
    path = target(kind, folder, rng)
    return f"{path.name}: {damage(path, rng)}", rng


def trial(kind: str, number: int, seed: int, scene: Path, folder: Path) -> Trial:
    done = Trial(kind, number)
    done.how, rng = damaged_library(kind, number, seed, scene, folder)

    def opened() -> Library:
        return Library(folder / "library", encoder=encoder_for(kind, folder, scene))

    try:
        if kind in ("catalog", "log", "index") and rng.random() < 0.3:
            summary = stage(done, "reindex first", lambda: opened().reindex())
            done.events += [f"reindex first: {summary.failed} failed"] if summary and summary.failed else []
        done.before = stage(done, "query", lambda: ask(opened(), SHOWN))
        stage(done, "read", lambda: read_everything(opened()))
        found = stage(done, "verify", lambda: opened().verify())
        done.damaged, done.noted = bool(found and found.damaged), bool(found and found.findings)
        mended = stage(done, "repair", lambda: opened().repair())
        done.repair_reported = bool(mended and (mended.mended or mended.lost or mended.left))
        found = stage(done, "verify again", lambda: opened().verify())
        done.still_damaged = bool(found and found.damaged)
        done.events += [f"repair: {sentence}" for sentence in (*mended.mended, *mended.lost)] if mended else []
        done.events += [f"still damaged: {finding}" for finding in mended.left] if mended else []
        done.after = stage(done, "query again", lambda: ask(opened(), SHOWN))
        if kind in ("catalog", "log", "index") and not done.still_damaged:
            stage(done, "reindex", lambda: opened().reindex())
            found = stage(done, "deep", lambda: opened().verify(deep=True))
            done.still_damaged |= bool(found and found.damaged)
            done.after_reindex = stage(done, "query after reindex", lambda: ask(opened(), SHOWN))
    except Exception:
        done.error = traceback.format_exc()
    return done


def stage(done: Trial, name: str, work: Any) -> Any:
    try:
        return work()
    except WhereinError as error:
        done.events.append(f"{name}: {error}")
        done.needs_backup |= name == "repair" and "wherein restore" in str(error)
        return None


def trial_by_cli(number: int, seed: int, scene: Path, folder: Path) -> Trial:
    """Run a trial through the command line, with the shipped model and a copy of the program that may be damaged."""
    rng = random.Random(f"{seed} cli {number}")
    done = Trial("cli", number)
    program = folder / "program" / "wherein"
    program.mkdir(parents=True)
    packages = {path.parent for path in ROOT.glob("*/__init__.py")} - {ROOT / "embed"}
    for part in (*ROOT.glob("*.py"), *packages):
        (program / part.name).symlink_to(part)
    shutil.copytree(ROOT / "embed", program / "embed")
    shutil.copytree(scene / "library", folder / "library")
    kind = rng.choice(("catalog", "catalog", "index", "model"))
    (folder / "model").symlink_to(program / "embed" / "default")
    path = target(kind, folder, rng)
    done.how = f"{path.name}: {damage(path, rng)}"
    environment = {**os.environ, "PYTHONPATH": str(program.parent), "XDG_CACHE_HOME": str(scene)}

    def run(*arguments: str) -> tuple[int, str]:
        ran = subprocess.run(
            [sys.executable, "-m", "wherein", "--library", str(folder / "library"), *arguments],
            cwd=program, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        if "Traceback" in ran.stderr or ran.returncode < 0:
            raise RuntimeError(f"{arguments}: {ran.returncode}: {ran.stderr}")
        if ran.returncode:
            done.events.append(f"{arguments[0]}: {ran.returncode}: {ran.stderr.strip()}")
        return ran.returncode, ran.stdout

    def asked() -> Answers | None:
        question, mode = ASKED[number % len(ASKED)]
        code, shown = run("query", question, "--mode", mode, "--no-fold", "--json")  # the states are not folded either
        if code:
            return None
        hits = json.loads(shown)["hits"]
        mine = [[hit["uri"].rpartition("/")[2], hit["start"], hit["end"], hit["text"], hit["score"]] for hit in hits]
        return [mine if n == number % len(ASKED) else [] for n in range(len(ASKED))]

    try:
        done.before = asked()
        code, shown = run("verify", "--json")
        done.damaged, done.noted = code == 5, bool(json.loads(shown)["findings"])
        code, shown = run("repair", "--json")
        done.repair_reported = bool(code) or any(json.loads(shown)[name] for name in ("mended", "lost", "left"))
        done.needs_backup = "wherein restore" in "".join(done.events)
        done.still_damaged = run("verify")[0] == 5 and kind != "model"
        done.after = asked()
    except Exception:
        done.error = traceback.format_exc()
    return done


def work(scene: Path, seed: int) -> None:
    """Run the trials that standard input names, one per line."""
    for line in sys.stdin:
        kind, number = line.split()
        with tempfile.TemporaryDirectory(dir=scene / "trials") as root:
            folder = Path(root)
            with contextlib.redirect_stdout(sys.stderr):
                if kind == "cli":
                    done = trial_by_cli(int(number), seed, scene / "shipped", folder)
                else:
                    base = scene / ("shipped" if kind in ("model", "compiled") else "toy")
                    done = trial(kind, int(number), seed, base, folder)
        print(json.dumps(vars(done)), flush=True)


# All trials, and their verdicts.


class Worker:
    """A process that runs trials, replaced after a crash, a hang or 25 trials."""

    def __init__(self, scene: Path, seed: int) -> None:
        self._command = [sys.executable, __file__, "--worker", str(scene), "--seed", str(seed)]
        self._process: subprocess.Popen[str] | None = None
        self._done = 0

    def run(self, kind: str, number: int) -> Trial:
        if self._process is None or self._done >= 25:
            self.close()
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self._done = 0
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{kind} {number}\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], 5 * SECONDS)
        line = self._process.stdout.readline() if ready else ""
        self._done += 1
        if line:
            return Trial(**json.loads(line))
        if not ready:
            self._process.kill()
        code = self._process.wait()
        self._process = None
        return Trial(kind, number, error="hang" if not ready else f"crash: {code}")

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate("")
            self._process = None


@dataclass(frozen=True)
class Expected:
    """The best and all hits of each question, for each committed state, the newest first.

    `newest` states count as the newest: that before a reindex, and that after it.
    """

    best: list[Answers]
    all: list[Answers]
    newest: int = 1

    def is_wrong(self, answers: Answers | None, *, lost: bool) -> bool:
        """Whether there is a hit that no state has, or with another score.

        Where passages are `lost`, words are rarer, and only the scores by meaning stay the same.
        """
        scores = self._scores()
        return any(
            not any(abs(score - hit[4]) <= 1e-5 or (lost and ASKED[n][1] == "keyword")
                    for score in scores[n].get(tuple(hit[:4]), ()))
            for n, hits in enumerate(answers or []) for hit in hits
        ) or any(len({tuple(hit[:4]) for hit in hits}) < len(hits) for hits in answers or [])  # fmt: skip

    def _scores(self) -> list[dict[tuple[Any, ...], set[float]]]:
        """Return for each question the hits of all states, each with its scores."""
        scores: list[dict[tuple[Any, ...], set[float]]] = [{} for _ in ASKED]
        for state in self.all:
            for known, hits in zip(scores, state, strict=True):
                for hit in hits:
                    known.setdefault(tuple(hit[:4]), set()).add(hit[4])
        return scores

    def state_of(self, answers: Answers | None) -> int:
        """Return the number of the state with exactly these answers, 0 for the newest; -1 if there is none."""
        if answers is None:
            return -1
        for number, state in enumerate(zip(self.best, self.all, strict=True)):
            if any(answers) and all(same(*each) for each in zip(answers, *state, strict=True) if each[0]):
                return max(0, number + 1 - self.newest)
        return -1


def same(mine: list[list[Any]], best: list[list[Any]], every: list[list[Any]]) -> bool:
    """Whether these are the best hits of a state; hits with equal scores may come in any order."""
    known = {tuple(hit[:4]): hit[4] for hit in every}
    return len(mine) == len(best) and all(
        abs(one[4] - two[4]) < 1e-5 and abs(known.get(tuple(one[:4]), 9) - one[4]) < 1e-5
        for one, two in zip(mine, best, strict=True)
    )


def right_answers(library: Path, encoder: Any) -> tuple[Answers, Answers]:
    with tempfile.TemporaryDirectory() as root:
        copy = Path(shutil.copytree(library, Path(root) / "copy"))
        opened = Library(copy, encoder=encoder)
        return ask(opened, SHOWN), ask(opened, ALL)


def expected_answers(scene: Path, kind: str) -> Expected:
    if kind == "log":
        states = log_states(scene)
    else:
        encoder = ToyEncoder(64) if kind in ("catalog", "index") else Encoder(
            load_model(), "w8a32", cache=scene / "compiled", one_by_one=True)  # fmt: skip
        states = [right_answers(scene / "library", encoder)]
    return Expected([best for best, _ in states], [every for _, every in states], 2 if kind == "log" else 1)


def log_states(scene: Path) -> list[tuple[Answers, Answers]]:
    """Return the answers of each committed state, the newest first, from the log truncated after each commit.

    First those after a reindex, which removes the document whose file is gone.
    """
    log = (scene / "killed" / "catalog.db-wal").read_bytes()
    states = []
    for end in range(32, len(log) + 1, 24 + PAGE):
        if end == 32 or int.from_bytes(log[end - PAGE - 20 : end - PAGE - 16]):
            with tempfile.TemporaryDirectory() as root:
                copy = Path(shutil.copytree(scene / "killed", Path(root) / "copy"))
                (copy / "catalog.db-wal").write_bytes(log[:end])
                with contextlib.suppress(WhereinError):
                    states.append(right_answers(copy, ToyEncoder(64)))
    with tempfile.TemporaryDirectory() as root:
        copy = Path(shutil.copytree(scene / "killed", Path(root) / "copy"))
        Library(copy, encoder=ToyEncoder(64)).reindex()
        states.append(right_answers(copy, ToyEncoder(64)))
    return states[::-1]


def judge(done: Trial, expected: Expected) -> list[str]:
    if done.error:
        kind = done.error.partition(":")[0]
        return [kind if kind in ("crash", "hang") else "traceback"]
    verdict = []
    if expected.is_wrong(done.before, lost=False) or expected.is_wrong(done.after, lost=done.repair_reported):
        verdict.append("wrong")
    reported = done.damaged or any(event.startswith(("query:", "reindex first:", "read:")) for event in done.events)
    first, last = expected.state_of(done.before), expected.state_of(done.after)
    if first != 0 and done.before is not None and not reported:
        verdict.append("earlier" if first > 0 else "silent")
    if (
        last != 0
        and not (reported or done.repair_reported or done.needs_backup)
        and "silent" not in verdict
        and first == 0
    ):
        verdict.append("silent")
    if not done.needs_backup and (
        (done.still_damaged and done.kind != "model") or (done.damaged and not done.repair_reported)
    ):
        verdict.append("unrepaired")
    if reported or (done.noted and done.kind == "compiled"):
        verdict.append("detected")
    elif not verdict:
        verdict.append("harmless")
    if (done.after_reindex is not None and expected.state_of(done.after_reindex) == 0) or (
        done.after_reindex is None and last == 0
    ):
        verdict.append("restored")
    return verdict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SHARES)
    parser.add_argument("--trial", type=int, help="Run only this one.")
    parser.add_argument("--show", action="store_true", help="Show every trial, not only the failing ones.")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        work(chosen.worker, chosen.seed)
        return
    with tempfile.TemporaryDirectory(prefix="wherein-damage-") as root:
        run(chosen, Path(root))


def run(chosen: argparse.Namespace, scene: Path) -> None:
    kinds = [chosen.only] if chosen.only else list(SHARES)
    total = sum(SHARES[kind] for kind in kinds)
    (scene / "trials").mkdir()
    (scene / "toy").mkdir()
    make_library(scene / "toy", ToyEncoder(64))
    kill_a_writer(scene / "toy")
    if {"model", "compiled", "cli"} & set(kinds):
        (scene / "shipped").mkdir()
        make_library(scene / "shipped", Encoder(load_model(), "w8a32"))
    worker = Worker(scene, chosen.seed)
    table = {}
    for kind in kinds:
        expected = expected_answers(scene / ("toy" if kind in ("catalog", "log", "index") else "shipped"), kind)
        numbers = [chosen.trial] if chosen.trial is not None else range(chosen.trials * SHARES[kind] // total)
        counts: Counter[str] = Counter()
        for number in numbers:
            done = worker.run(kind, number)
            verdict = judge(done, expected)
            counts.update(["trials", *verdict])
            if set(verdict) & set(FAILURES) or chosen.show:
                print(f"--only {kind} --seed {chosen.seed} --trial {number}: {verdict} {done.how}", *done.events,
                      done.error, sep="\n   ", flush=True)  # fmt: skip
        table[kind] = counts
    worker.close()
    print(f"{'':10}", *(f"{name:>9}" for name in COLUMNS))
    for kind, counts in [*table.items(), ("all", sum(table.values(), Counter()))]:
        print(f"{kind:10}", *(f"{counts[name]:>9}" for name in COLUMNS))
    if any(table[kind][name] for kind in table for name in FAILURES):
        sys.exit(1)


if __name__ == "__main__":
    main()
