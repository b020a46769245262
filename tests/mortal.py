"""Work in a process that may die; it is forked from a server that has imported everything, so it starts at once."""

import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from fork_server import fork_server
from inline_pool import InlinePool
from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.library import Library, ingesting

Work = Callable[[Path, Path, Connection], None]


def start(work: Work, library: Path, docs: Path, failpoint: str = "") -> tuple[ForkServerProcess, Connection]:
    """Start `work` with a failpoint; it sends the name of each command once the command is acknowledged."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = fork_server().Process(target=_run, args=(work, library, docs, failpoint, sender))
    process.start()
    sender.close()
    return process, receiver


def finish(process: ForkServerProcess, receiver: Connection) -> list[str]:
    """Wait for the process to end; return the names of the commands that it acknowledged."""
    acknowledged = []
    with suppress(EOFError):
        while True:
            acknowledged.append(receiver.recv())
    process.join()
    return acknowledged


def _run(work: Work, library: Path, docs: Path, failpoint: str, sender: Connection) -> None:
    os.environ["WHEREIN_FAILPOINT"] = failpoint
    # How workers end with the process is tested with the real program: tests/crash/test_kills.py.
    ingesting.Pool = InlinePool  # type: ignore[assignment, misc]
    work(library, docs, sender)


def every_command(folder: Path, docs: Path, acknowledge: Connection) -> None:
    """Ingest, remove, reindex, purge, and forget a source; skip what an earlier attempt has already done."""

    def library() -> Library:
        return Library(folder, encoder=ToyEncoder())

    library().ingest([str(docs)])
    acknowledge.send("ingest")
    with suppress(UsageError):
        library().remove_documents([str(docs / "removed.txt")])
    acknowledge.send("remove")
    library().reindex(index="exact")
    acknowledge.send("reindex")
    with suppress(UsageError):
        library().remove_documents([str(docs / "purged.txt")], purge=True)
    acknowledge.send("purge")
    with suppress(UsageError):
        library().remove_source(str(docs / "second"))
    acknowledge.send("forget")
