"""Kill commands on one library with SIGKILL at random moments, and check the library after each.

    python bench/kills.py [--kills 1000] [--seed 1]

Each round changes some files, starts a command in a process of its own and kills it after a random time. Then the
library must be sound (tests/invariants.py), hold everything acknowledged and each document in its old or its new
version, and never reuse an id. A failing round prints its seed; `--seed` repeats it, although the exact moments of the
kills depend on the machine.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from invariants import Kept, checked_state
from mortal import finish, start
from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.connection import open_reader
from wherein.uri import file_uri

MAX_FILES = 40
MAX_SECONDS = 0.15
"""The longest time after which a command is killed."""
WORDS = ("herring", "quay", "brooch", "market", "ferry", "poplar", "island", "clock", "orchard", "lantern")


def opened(library: Path) -> Library:
    return Library(library, encoder=ToyEncoder())


def ingest(library: Path, docs: Path, acknowledge: Connection) -> None:
    opened(library).ingest([str(docs)])
    acknowledge.send("done")


def reindex(library: Path, docs: Path, acknowledge: Connection) -> None:
    opened(library).reindex()
    acknowledge.send("done")


def remove(library: Path, docs: Path, acknowledge: Connection) -> None:
    opened(library).remove_documents([(docs.parent / "target").read_text()])
    acknowledge.send("done")


def purge(library: Path, docs: Path, acknowledge: Connection) -> None:
    opened(library).remove_documents([(docs.parent / "target").read_text()], purge=True)
    acknowledge.send("done")


class Round:
    """The state of a run: the files, the library's content after the last round, and the ids used so far."""

    def __init__(self, work: Path, seed: int) -> None:
        self.chosen = random.Random(seed)
        self.docs, self.library, self.target = work / "docs", work / "library", work / "target"
        self.docs.mkdir()
        self.state: dict[str, Kept] = {}
        self.left_out: set[str] = set()
        self.removed_until_changed: set[str] = set()
        self.ids: set[int] = set()
        self.vectors: dict[int, bytes] = {}
        self.count = 0

    def text(self) -> str:
        self.count += 1
        lines = (
            f"Version {self.count}, line {n}: " + " ".join(self.chosen.choices(WORDS, k=12))
            for n in range(self.chosen.randrange(1, 30))
        )
        return "\n\n".join(lines)

    def change_files(self) -> None:
        for _ in range(self.chosen.randrange(1, 6)):
            files = sorted(self.docs.iterdir())
            kind = self.chosen.choice(["add", "add", "edit", "edit", "move", "copy", "delete"])
            if kind == "add" or not files:
                if len(files) < MAX_FILES:
                    self.write(self.docs / f"{self.count}.txt", self.text())
                continue
            path = self.chosen.choice(files)
            if kind == "edit":
                self.write(path, self.text())
            elif kind == "move":
                self.count += 1
                path.rename(self.docs / f"moved-{self.count}.txt")
            elif kind == "copy" and len(files) < MAX_FILES:
                self.count += 1
                shutil.copy(path, self.docs / f"copy-{self.count}.txt")
            elif kind == "delete":
                path.unlink()

    def write(self, path: Path, text: str) -> None:
        path.write_text(text)
        self.removed_until_changed.discard(file_uri(str(path)))

    def play(self) -> tuple[str, bool]:
        """Change files, run a command and kill it; return its name and whether it was killed before it ended."""
        self.change_files()
        command = self.chosen.choice([ingest, ingest, ingest, reindex, reindex, remove, purge])
        target = ""
        if not self.state:
            command = ingest
        elif command in (remove, purge):
            target = self.chosen.choice(sorted(self.state))
            self.target.write_text(target)
        process, receiver = start(command, self.library, self.docs)
        if self.chosen.random() < 0.95:
            time.sleep(self.chosen.uniform(0, MAX_SECONDS))
            process.kill()
        acknowledged = bool(finish(process, receiver))
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        self.check(command.__name__, target, acknowledged)
        return command.__name__, process.exitcode == -signal.SIGKILL

    def check(self, command: str, target: str, acknowledged: bool) -> None:
        if not (self.library / "catalog.db").exists() or not has_tables(self.library):
            assert not self.state
            assert not acknowledged
            return
        state = checked_state(self.library, ToyEncoder())
        files = {file_uri(str(path)): path.read_text() for path in self.docs.iterdir()}
        for uri, kept in state.items():
            allowed = {files.get(uri), self.state[uri].text if uri in self.state else None}
            assert kept.text in allowed, f"{uri} has a text that it never had"
            assert uri not in self.left_out, f"{uri} came back"
        for uri in set(self.state) - set(state):
            moved = any(kept.id == self.state[uri].id for kept in state.values())
            may_go = uri == target or moved or (command == "reindex" and uri not in files)
            assert may_go, f"{uri} is lost"
        if target and target not in state:
            (self.left_out if command == "purge" else self.removed_until_changed).add(target)
        if acknowledged and command in ("ingest", "reindex"):
            for uri in set(files) - self.left_out - self.removed_until_changed:
                assert state[uri].text == files[uri], f"{uri} was acknowledged and is not in"
        if acknowledged and target:
            assert target not in state
        self.check_ids(state)
        self.state = state

    def check_ids(self, state: dict[str, Kept]) -> None:
        last = max(self.ids, default=0)
        for uri, kept in state.items():
            assert uri not in self.state or self.state[uri].id == kept.id, f"{uri} has a new id"
            assert kept.id in {known.id for known in self.state.values()} or kept.id > last, f"id {kept.id} is old"
        self.ids.update(kept.id for kept in state.values())
        db = open_reader(self.library)
        for number, name in db.execute("SELECT id, input_hash FROM vectors").fetchall():
            assert self.vectors.setdefault(number, name) == name, f"vector id {number} was given twice"
        db.close()


def has_tables(library: Path) -> bool:
    import sqlite3

    db = sqlite3.connect(library / "catalog.db")
    found = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'backups'").fetchone()[0]
    db.close()
    return bool(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    killed: Counter[str] = Counter()
    finished: Counter[str] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        world = Round(Path(work), chosen.seed)
        while killed.total() < chosen.kills:
            try:
                command, was_killed = world.play()
            except AssertionError:
                print(f"seed {chosen.seed}, round {killed.total() + finished.total() + 1}", flush=True)
                raise
            (killed if was_killed else finished)[command] += 1
            if was_killed and killed.total() % 100 == 0:
                print(
                    f"{killed.total()} kills, {len(world.state)} documents, {time.monotonic() - began:.0f} s",
                    flush=True,
                )
    print(f"seed {chosen.seed}: {killed.total()} kills {dict(killed)}, {finished.total()} commands ended by themselves")
    print("0 acknowledged documents lost, 0 partial documents visible")


if __name__ == "__main__":
    main()
