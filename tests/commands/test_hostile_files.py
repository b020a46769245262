"""A folder with everything that should not be there: good files are ingested, the rest is reported with a reason."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from hostile import BAD, GOOD, SPECIAL, write_hostile

Command = Callable[..., subprocess.CompletedProcess[str]]


def workers(marker: Path) -> list[str]:
    """The processes that read files and were started from the folder `marker`, by their numbers."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes()
            dead = "\nState:\tZ" in (place / "status").read_text()
        except OSError:
            continue
        if b"wherein.ingest.workers.worker" in line and str(marker).encode() in line and not dead:
            found.append(place.name)
    return found


@pytest.mark.slow
def test_every_good_file_is_ingested_and_every_bad_one_is_reported(wherein: Command, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write_hostile(docs)
    changing = threading.Event()

    def change() -> None:
        with (docs / "changing.txt").open("a") as file:
            while not changing.wait(0.001):
                file.write("One more line, and it is not the last one.\n")
                file.flush()

    writer = threading.Thread(target=change)
    writer.start()
    try:
        done = wherein("ingest", "--json", "--max-size", "2", str(docs))
    finally:
        changing.set()
        writer.join()
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    assert workers(tmp_path) == []
    events = [json.loads(line) for line in done.stdout.splitlines()]
    troubles = [(event["uri"], event["reason"]) for event in events if event["event"] in ("skipped", "failed")]
    base = f"file://{quote(str(docs))}/"
    reasons = {uri.removeprefix(base).partition("#")[0]: reason for uri, reason in troubles}
    listed = wherein("documents", "list", "--json").stdout.splitlines()
    read = {json.loads(line)["uri"].removeprefix(base).partition("#")[0] for line in listed}
    names = {quote(name, safe="!$&'()*+,;=:@/-._~") for name in GOOD}
    assert {name for name in names if name not in read} == set()
    assert "inner/same.txt" in read
    for name, (_, why) in BAD.items():
        assert why in reasons.pop(quote(name)), name
    failed = {event["uri"].removeprefix(base) for event in events if event["event"] == "failed"}
    for name, why in SPECIAL.items():
        assert why in reasons.pop(os.fsdecode(name)), name
        assert os.fsdecode(name) not in failed
    assert set(reasons) <= {"changing.txt", "inner/up", "inner/self", *names}
    assert all(reason.isprintable() and reason for _, reason in troubles)
    assert wherein("verify").returncode == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_reported(wherein: Command, tmp_path: Path) -> None:
    (tmp_path / "docs" / "closed").mkdir(parents=True)
    (tmp_path / "docs" / "secret.txt").write_text("A secret.")
    (tmp_path / "docs" / "secret.txt").chmod(0)
    (tmp_path / "docs" / "closed").chmod(0)
    try:
        done = wherein("ingest", "docs")
    finally:
        (tmp_path / "docs" / "closed").chmod(0o700)
    assert done.returncode == 3
    assert done.stderr.count("permission denied") == 2
