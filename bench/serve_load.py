"""Load on `wherein serve`: questions over many connections, alone and beside changes of the library.

python bench/serve_load.py SQUAD_TRAIN.json [FOLDER] [--passages 100000] [--connections 50] [--seconds 60]
    [--change-seconds 60] [--limit 5] [--mode hybrid] [--no-sentence] [--corpus CORPUS] [--watch]

The library is that of bench/warm_query.py, with vectors spread as real ones are when CORPUS (of bench/ann.py) is given:
random ones have no neighborhoods, and an index of lists has to read nearly all of them. FOLDER is kept and reused.
The server is a process of its own, and so is the client, which sends the next question of the file on each connection
as soon as the last is answered. Prints

- how long the server takes to be ready, beside a cold `wherein query`;
- the median of one question at a time, over HTTP and in the process, over the same questions;
- how many questions a second the encoder alone embeds, one at a time in 16 threads and many at once;
- for both loads: questions a second and the server's CPU time for each, p50 and p99, errors, and the server's memory
  near the start, in the middle and at the end.

The library changes by uploads and reindexes, or with --watch by the server following a folder in which each second some
files are saved, one is made and one deleted. Meanwhile every twentieth question asks for the two passages of a document
that changes all the time: both have to be of one version. The exit code is 1 after an error or a wrong answer, or if
the last version of a saved file is not found. With 0 for --seconds or --change-seconds that load is left out.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from warm_query import build

from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.embed.precision import resolve_precision
from wherein.evaluation.collection import read_squad
from wherein.library import Library, ResultOptions

THREADS, PROBE_EACH, FOUND_SECONDS = 16, 20, 60
UPLOADED, SAVED = "zyxwvu", "qponml"
"""Words of the documents that change."""


@dataclass
class Load:
    """What a client saw: seconds of each answer, statuses, versions, and answers that mix two states."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    versions: set[str] = field(default_factory=set)
    mixed: int = 0

    @property
    def errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != "200") + self.mixed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--change-seconds", type=float, default=60)
    parser.add_argument("--limit", type=int, default=5)
    parser.add_argument("--mode", default="hybrid")
    parser.add_argument("--no-sentence", action="store_true")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--watch", action="store_true")
    chosen = parser.parse_args()
    collection = read_squad(chosen.squad)
    questions = random.Random(1).sample(collection.questions, 2_000)
    asked = {"limit": chosen.limit, "mode": chosen.mode, "sentence": not chosen.no_sentence}
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary) / "library"
        if not (folder / "catalog.db").exists():
            build(folder, collection, chosen.passages, chosen.corpus)
        alone = encoder_alone(questions, 10.0)
        cold = cold_query(folder)
        watched = folder.with_name(f"{folder.name}-watched")
        if chosen.watch:
            follow(folder, watched)
        with server(folder, *(["--watch"] if chosen.watch else [])) as (process, port, ready):
            print(f"ready after {ready:.2f} s, a cold query takes {cold:.2f} s: {ready / cold:.2f} times as long")
            one_at_a_time(folder, port, questions[:150], asked)
            rest = process.pid, port, questions, asked, chosen.connections
            errors = 0
            if chosen.seconds:
                errors += measured("nobody writes", *rest, chosen.seconds, alone).errors
            if chosen.change_seconds and chosen.watch:
                with saving(port, watched):
                    errors += measured("beside a watch", *rest, chosen.change_seconds, alone, SAVED).errors
            elif chosen.change_seconds:
                with uploading(port):
                    errors += measured(
                        "beside uploads and reindexes", *rest, chosen.change_seconds, alone, UPLOADED
                    ).errors
    return 1 if errors else 0


# The server, and what it is compared with.


@contextmanager
def server(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int, float]]:
    """Start a server; yield its process, its port and after how many seconds it was ready."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "wherein", "--library", str(folder), "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            port = int(process.stderr.readline().rpartition(":")[2])
            threading.Thread(target=process.stderr.read, daemon=True).start()  # else its log would fill the pipe
            while status(port, "/readyz") != 200:
                time.sleep(0.01)
            yield process, port, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(60)


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def cold_query(folder: Path) -> float:
    command = [sys.executable, "-m", "wherein", "--library", str(folder), "query", "who may sign the lease?"]
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def encoder_alone(questions: list[str], seconds: float) -> float:
    """Return how many questions a second the encoder embeds, the faster way."""
    model, precision = load_model(), resolve_precision("auto")
    single, many = Encoder(model, precision, one_by_one=True), Encoder(model, precision)
    many.encode_questions(questions[:256])
    single.encode_question(questions[0])
    until, counts = time.monotonic() + seconds, [0] * THREADS

    def embed(number: int) -> None:
        while time.monotonic() < until:
            single.encode_question(questions[(counts[number] * THREADS + number) % len(questions)])
            counts[number] += 1

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(embed, range(THREADS)))
    shared = sum(counts) / seconds
    began = time.monotonic()
    many.encode_questions(questions)
    batched = len(questions) / (time.monotonic() - began)
    print(f"the encoder alone: {shared:.0f} questions a second from {THREADS} threads, {batched:.0f} many at once")
    return max(shared, batched)


def one_at_a_time(folder: Path, port: int, questions: list[str], asked: dict[str, Any]) -> None:
    """Print the medians of single questions in this process and over HTTP, in turns."""
    options = ResultOptions(fold=True, sentence=asked["sentence"])
    with Library(folder) as library:
        library.query(questions[0], asked["limit"], mode=asked["mode"], options=options)
        own, http = [], []
        connection = Connection(port)
        with asyncio.Runner() as runner:
            runner.run(connection.open())
            for question in questions:
                began = time.perf_counter()
                library.query(question, asked["limit"], mode=asked["mode"], options=options)
                own.append(time.perf_counter() - began)
                began = time.perf_counter()
                runner.run(connection.ask({"question": question, **asked}))
                http.append(time.perf_counter() - began)
    inside, outside = (1000 * statistics.median(part[len(part) // 3 :]) for part in (own, http))
    print(f"one at a time: {inside:.1f} ms in the process, {outside:.1f} ms over HTTP, {outside - inside:+.1f} ms")


# The client.


class Connection:
    """A connection that is kept; the least that HTTP needs, so that the client takes little of the machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)

    async def ask(self, asked: dict[str, Any]) -> tuple[str, bytes]:
        """Return status and body of an answer."""
        body = json.dumps(asked).encode()
        head = f"POST /v1/query HTTP/1.1\r\nHost: localhost:{self._port}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:"))
        return lines[0].split(" ")[1], await self._reader.readexactly(length)


async def _ask_all(
    port: int, questions: list[str], asked: dict[str, Any], connections: int, seconds: float, marker: str
) -> Load:
    load, until, turn = Load(), time.monotonic() + seconds, 0

    async def client() -> None:
        nonlocal turn
        connection = Connection(port)
        await connection.open()
        while time.monotonic() < until:
            turn += 1
            probes = marker and turn % PROBE_EACH == 0
            question = probe(marker) if probes else {"question": questions[turn % len(questions)], **asked}
            began = time.perf_counter()
            try:
                code, body = await connection.ask(question)
            except (OSError, EOFError, asyncio.IncompleteReadError) as error:
                load.statuses[type(error).__name__] += 1
                await connection.open()
                continue
            load.seconds.append(time.perf_counter() - began)
            load.statuses[code] += 1
            if probes:
                version = version_of(body, marker)
                load.versions |= {version}
                load.mixed += not version

    await asyncio.gather(*(client() for _ in range(connections)))
    return load


def probe(marker: str) -> dict[str, Any]:
    return {"question": marker, "mode": "keyword", "fold": False, "sentence": False}


def version_of(body: bytes, marker: str) -> str:
    """Return the version of which an answer has both passages, "" if there is none."""
    versions = [hit["text"].split(marker)[1].split()[0] for hit in json.loads(body)["hits"]]
    return versions[0] if len(versions) == 2 and len(set(versions)) == 1 else ""


def client() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def ask_all(*given: Any) -> Load:
    """Ask the questions of a port over some connections for some seconds; in a process of its own."""
    return asyncio.run(_ask_all(*given))


def measured(
    what: str, pid: int, port: int, questions: list[str], asked: dict[str, Any], connections: int, seconds: float,
    alone: float, marker: str = "",
) -> Load:  # fmt: skip
    """Ask for some seconds and print how it went."""
    memory, before = [], processor_seconds(pid)
    with client() as pool:
        asking = pool.submit(ask_all, port, questions, asked, connections, seconds, marker)
        while not wait([asking], 0.5).done:
            memory.append(resident(pid))
    load = asking.result()
    ranked, rate = sorted(load.seconds), len(load.seconds) / seconds
    each = 1000 * (processor_seconds(pid) - before) / len(ranked)
    p50, p99 = (1000 * ranked[int(share * (len(ranked) - 1))] for share in (0.5, 0.99))
    tenth = max(1, len(memory) // 10)
    parts = memory[tenth : 2 * tenth], memory[5 * tenth : 6 * tenth], memory[-tenth:]
    first, middle, last = (statistics.median(part) / 1e6 for part in parts)
    print(
        f"{what}: {len(ranked):,} answers, {rate:.0f} a second, {rate / alone:.2f} of the encoder alone, {each:.1f} ms"
        f" of CPU each; p50 {p50:.0f} ms, p99 {p99:.0f} ms; {load.errors} errors {dict(load.statuses)}, {load.mixed}"
        f" mixed of {len(load.versions)} versions; memory {first:.0f}, {middle:.0f} and {last:.0f} MB", flush=True,
    )  # fmt: skip
    return load


def resident(pid: int) -> int:
    """Return the memory of a process in bytes, without the files that it has mapped."""
    resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid: int) -> float:
    """Return the CPU time of a process, of its threads together."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


# The changes.


@contextmanager
def uploading(port: int) -> Iterator[None]:
    """Change the library by uploads and reindexes meanwhile."""
    upload(port, 0)
    with meanwhile(change, port):
        yield


@contextmanager
def saving(port: int, folder: Path) -> Iterator[None]:
    """Save files in the followed folder each second meanwhile. Raises SystemExit if the last is not found soon."""
    versions: list[int] = []
    with meanwhile(save_often, folder, versions):
        yield
    began = time.monotonic()
    with asyncio.Runner() as runner:
        connection = Connection(port)
        runner.run(connection.open())
        while version_of(runner.run(connection.ask(probe(SAVED)))[1], SAVED) != f"v{versions[-1]}":
            if time.monotonic() > began + FOUND_SECONDS:
                sys.exit(f"the last version of the saved file is not found after {FOUND_SECONDS} s")
            time.sleep(0.02)
    print(f"the last of {len(versions)} versions is found after {time.monotonic() - began:.1f} s")


@contextmanager
def meanwhile(work: Callable[..., None], *given: Any) -> Iterator[None]:
    """Run `work(…, stop)` in a thread until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=[*given, stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def follow(library: Path, folder: Path) -> None:
    """Make a folder of the file that changes and of some others, and a source of the library."""
    folder.mkdir(exist_ok=True)
    for number in range(10):
        save(folder / f"other{number}.md", text(f"other{number}", 0))
    save(folder / "marked.md", text(SAVED, 0))
    command = [sys.executable, "-m", "wherein", "--library", str(library), "ingest", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def save_often(folder: Path, versions: list[int], stop: threading.Event) -> None:
    """Save the marked file and two others, make one and delete another, each second; append to `versions`."""
    while not stop.wait(1):
        version = len(versions) + 1
        save(folder / "marked.md", text(SAVED, version))
        for number in (version % 10, (version + 5) % 10):
            save(folder / f"other{number}.md", text(f"other{number}", version))
        save(folder / f"new{version}.md", text(f"new{version}", version))
        (folder / f"new{version - 3}.md").unlink(missing_ok=True)
        versions.append(version)


def save(path: Path, content: str) -> None:
    """Save a file as editors do: all at once."""
    beside = path.with_suffix(".tmp")
    beside.write_text(content)
    beside.replace(path)


def change(port: int, stop: threading.Event) -> None:
    """Upload the marked document in another version, and reindex, again and again."""
    version = 0
    while not stop.is_set():
        version += 1
        upload(port, version)
        if version % 5 == 0:
            done(port, send(port, "/v1/reindex", b'{"index": "exact"}'))


def upload(port: int, version: int) -> None:
    done(port, send(port, "/v1/documents?name=marked.md", text(UPLOADED, version).encode()))


def text(marker: str, version: int) -> str:
    """Return a document of two passages."""
    filler = " ".join(f"filler{version}x{number}" for number in range(150))
    return f"{marker} v{version} first {filler}\n\n# Next\n\n{marker} v{version} second {filler} {version}"


def send(port: int, path: str, body: bytes) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/octet-stream"}
    )
    with urllib.request.urlopen(request) as response:
        return str(json.load(response)["id"])


def done(port: int, task: str) -> None:
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/tasks/{task}?wait=30") as response:
            if json.load(response)["state"] in ("done", "failed", "stopped"):
                return


if __name__ == "__main__":
    sys.exit(main())
