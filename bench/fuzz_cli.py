"""Run random but plausible command lines of `wherein`, one after another, over folders of odd files.

    python bench/fuzz_cli.py [--lines 5000] [--seed 1] [--only WORLD] [--failures FOLDER] [--shipped-model]

A world is a scratch folder with odd files (tests/odd_folders.py), a library in some state, and an environment; a row of
command lines (tests/command_lines.py) is run in it, while its files change. Each must end within two minutes, with a
documented exit code, without a traceback, with valid JSON where JSON was asked for; after each, `wherein verify` must
find nothing. Each command is a process of its own, forked from one that has imported the program. A world depends on
the seed and its number alone: `--only` repeats it. The exit code is 1 if there was a failure; each is in the folder.
"""

import argparse
import importlib
import io
import json
import os
import pkgutil
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import wherein as package
from command_lines import command_line, inputs
from odd_folders import change, populate
from tiny import write_tiny
from wherein.cli import main as wherein
from wherein.embed.runtime import import_openvino

MAX_SECONDS = 120
PARTS = frozenset(("commands", "embed", "evaluation", "ingest", "library", "search", "storage"))
LINES_PER_WORLD = 25
EXIT_CODES = frozenset((0, 1, 2, 3, 4, 5, 6, 130))
STATES = (
    "missing",
    "missing",
    "new",
    "new",
    "new",
    "file",
    "empty folder",
    "read-only",
    "killed",
    "no home",
    "latin-1",
)
SIGNS = (b"Traceback (most recent call last)", b"Exception ignored", b"Fatal Python error")


@dataclass(frozen=True)
class Ended:
    """How a command ended: the exit code (negative: the signal that killed it), and what it printed."""

    line: Sequence[str]
    code: int
    out: bytes
    err: bytes
    seconds: float


@dataclass
class World:
    """A scratch folder; `lines` are the command lines that were run in it."""

    folder: Path
    state: str
    environment: dict[str, str]
    lines: list[Sequence[str]] = field(default_factory=list)

    def run(self, line: Sequence[str], stdin: bytes | None = b"") -> Ended:
        """Run one command line in a forked process and wait for it."""
        self.lines.append(line)
        began = time.monotonic()
        (self.folder.parent / "stdin").write_bytes(stdin or b"")
        child = os.fork()
        if child == 0:
            self._become(line, closed=stdin is None)
        code = _wait(child, began + MAX_SECONDS)
        out, err = ((self.folder.parent / name).read_bytes() for name in ("stdout", "stderr"))
        return Ended(line, code, out, err, time.monotonic() - began)

    def _become(self, line: Sequence[str], *, closed: bool) -> None:
        code = 120
        try:
            os.setsid()
            os.chdir(self.folder)
            os.environ.clear()
            os.environ.update(self.environment)
            for number, (name, flags) in enumerate((("stdin", 0), ("stdout", 577), ("stderr", 577))):
                os.dup2(os.open(self.folder.parent / name, flags, 0o600), number)
            encoding = "latin-1" if self.state == "latin-1" else "utf-8"
            stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0)), "utf-8", "surrogateescape")
            sys.stdin = None if closed else stdin  # type: ignore[assignment]
            sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), encoding)
            sys.stderr = io.TextIOWrapper(io.BufferedWriter(io.FileIO(2, "w")), encoding, "backslashreplace")
            sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
            sys.argv = ["wherein", *line]
            try:
                wherein()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
            except BaseException:
                traceback.print_exc()
                code = 1
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def main() -> None:
    """Run the worlds and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--failures", type=Path, default=Path("fuzz-cli-failures"))
    parser.add_argument("--shipped-model", action="store_true")
    chosen = parser.parse_args()
    worlds = [chosen.only] if chosen.only is not None else range(-(-chosen.lines // LINES_PER_WORLD))
    _import_everything()
    codes, failures, began, slowest = Counter[int](), 0, time.monotonic(), 0.0
    with tempfile.TemporaryDirectory() as scratch:
        models = Path(scratch) / "models"
        if not chosen.shipped_model:
            _install_tiny(Path(scratch), models)
        for number in worlds:
            with _world(f"{chosen.seed} {number}", models, tiny=not chosen.shipped_model) as world:
                for ended, faults in _row(world, random.Random(f"lines {chosen.seed} {number}")):
                    codes[ended.code] += 1
                    slowest = max(slowest, ended.seconds)
                    if faults:
                        failures += 1
                        _keep(chosen.failures, f"{chosen.seed}-{number}-{len(world.lines)}", world, ended, faults)
                        print(
                            f"world {number}: {faults[0]}: wherein {' '.join(map(ascii, ended.line))[:150]}", flush=True
                        )
    codes_text = ", ".join(f"{code}: {count:,}" for code, count in sorted(codes.items()))
    print(f"{codes.total():,} command lines, {failures} failures, exit codes {codes_text}")
    print(f"slowest {slowest:.1f} s, {time.monotonic() - began:,.0f} s in all")
    sys.exit(failures > 0)


def _row(world: World, dice: random.Random) -> Iterator[tuple[Ended, list[str]]]:
    docs = world.folder / "docs"
    for _ in range(LINES_PER_WORLD):
        line = command_line(dice)
        ended = world.run(line, inputs(dice))
        faults = [*_faults(ended)]
        check = world.run(["verify", "--json"])
        if check.code not in (0, 1, 2) and world.state != "file":
            faults.append(f"verify ends with {check.code}: {check.out[:300]!r} {check.err[-300:]!r}")
        faults += [f"in verify: {fault}" for fault in _faults(check)]
        yield ended, faults
        if faults:
            return
        if docs.is_dir() and dice.random() < 0.5:
            change(docs, dice)


def _faults(ended: Ended) -> Iterator[str]:
    if ended.code == -signal.SIGKILL:
        yield f"not ended after {MAX_SECONDS} s"
    elif ended.code not in EXIT_CODES:
        yield f"exit code {ended.code}"
    for sign in SIGNS:
        if sign in ended.err or sign in ended.out:
            yield sign.decode()
    if ended.code != 0 and not ended.err.strip() and not ended.out.strip():
        yield f"exit code {ended.code} without a word"
    as_json = "--json" in ended.line and not any(word.startswith("--print-") for word in ended.line)
    if as_json and ended.code == 0 and not _is_json(ended.out):
        yield "not JSON"


def _is_json(data: bytes) -> bool:
    try:
        for line in data.splitlines():
            json.loads(line)
    except ValueError:
        try:
            json.loads(data)
        except ValueError:
            return b"Usage: " in data
    return True


@contextmanager
def _world(seed: str, models: Path, *, tiny: bool) -> Iterator[World]:
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "world"
        (folder / "docs").mkdir(parents=True)
        populate(folder / "docs", dice)
        _write_inputs(folder)
        state = dice.choice(STATES)
        home = Path(scratch) / "home"
        environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent" if state == "no home" else str(home),
            "WHEREIN_LIBRARY": dice.choice((str(folder / "lib"), "lib")), "WHEREIN_MODELS": str(models),
            "XDG_CACHE_HOME": str(models.parent / "cache"), "LANG": dice.choice(("C", "C.UTF-8", "")), "TZ": "UTC",
        }  # fmt: skip
        home.mkdir()
        world = World(folder, state, environment)
        _bring_about(world, ["--model", "tiny"] if tiny else [])
        yield world
        os.chmod(folder, 0o700)  # noqa: PTH101


def _bring_about(world: World, model: list[str]) -> None:
    library = world.folder / "lib"
    if world.state == "file":
        library.write_text("not a library")
    elif world.state == "empty folder":
        library.mkdir()
    elif world.state != "missing":
        world.run([*model, "ingest", "docs", "--exclude", "priv"])
    if world.state == "killed":
        for name in ("catalog.db-wal", "writer.lock", "indexes"):
            path = library / name
            if path.is_file():
                path.write_bytes(b"")
    if world.state == "read-only":
        for path in (library, *library.rglob("*")):
            path.chmod(0o500 if path.is_dir() else 0o400)


def _write_inputs(folder: Path) -> None:
    (folder / "questions.txt").write_text("the cat\n\nlantern\n")
    (folder / "questions.jsonl").write_text('{"id": "q", "question": "cat", "documents": ["a.txt"]}\n')
    (folder / "bom.jsonl").write_bytes(b'\xef\xbb\xbf{"id": 1, "question": "cat", "documents": ["docs/a.txt"]}\n')
    (folder / "binary.bin").write_bytes(bytes(range(256)))


def _import_everything() -> None:
    """Import what the commands import when they run: the forked processes need not."""
    for module in pkgutil.walk_packages(package.__path__, "wherein."):
        if module.name.split(".")[1] in PARTS:
            importlib.import_module(module.name)
    import_openvino()


def _install_tiny(scratch: Path, models: Path) -> None:
    write_tiny(scratch / "zoo")
    (scratch / "world").mkdir()
    world = World(scratch / "world", "new", {"PATH": os.environ["PATH"], "WHEREIN_MODELS": str(models)})
    ended = world.run(["model", "add", str(scratch / "zoo"), "--name", "tiny"])
    if ended.code:
        sys.exit(f"The tiny model was not installed: {ended.err.decode()}")


def _wait(child: int, deadline: float) -> int:
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        time.sleep(0.005)


def _keep(folder: Path, name: str, world: World, ended: Ended, faults: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"wherein {' '.join(map(ascii, line))}" for line in world.lines)
    printed = ended.out[-2_000:].decode("utf-8", "replace") + ended.err[-6_000:].decode("utf-8", "replace")
    report = f"state: {world.state}\n{chr(10).join(faults)}\n\n{lines}\n\ncode {ended.code}\n{printed}\n"
    (folder / f"{name}.txt").write_text(report, "utf-8", "replace")
    shutil.rmtree(folder / name, ignore_errors=True)
    shutil.copytree(world.folder, folder / name, symlinks=True, ignore=shutil.ignore_patterns("pipe*"))


if __name__ == "__main__":
    main()
