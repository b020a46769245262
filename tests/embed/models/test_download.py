"""Models from a real HTTP server: interrupted anywhere, with wrong bytes, without a connection, without room."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import wherein
from model_server import BIN, Server
from tiny import write_tiny
from toy_reader import echo, write_graph
from wherein.embed.models.download import fetch_model
from wherein.embed.models.importing import add_model
from wherein.embed.models.installed import damaged_files, find_model, fingerprints, installed_folders
from wherein.embed.models.zoo import ZooFile, ZooModel
from wherein.errors import Damaged, LibraryBusy, UsageError, WhereinError

ROOT = Path(wherein.__file__).parent
FETCH = """
import json, resource, sys
from pathlib import Path
from wherein.embed.models.download import fetch_model
from wherein.embed.models.zoo import ZooFile, ZooModel
from wherein.errors import WhereinError
about = json.loads(sys.argv[1])
files = tuple(ZooFile(*file) for file in about.pop("files"))
if limit := about.pop("limit"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    fetch_model(ZooModel(**about, variants={"FP32-INT8": files}), Path(sys.argv[2]),
                report=lambda file, have, of: print(file, have, flush=True))
except WhereinError as error:
    print(error)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    write_tiny(tmp_path / "served", rows=20_000)
    server = Server(tmp_path / "served")
    yield server
    server.close()


@pytest.fixture
def zoo(server: Server) -> ZooModel:
    files = []
    for path in ("vocab.txt", "FP32-INT8/tiny.xml", BIN):
        data = (server.root / path).read_bytes()
        files.append(ZooFile(path, len(data), hashlib.sha384(data).hexdigest()))
    return ZooModel("tiny", "7", server.url, 6, "l2", 384, 32, "MIT", {"FP32-INT8": tuple(files)})


def size(zoo: ZooModel) -> int:
    return zoo.variants["FP32-INT8"][2].bytes


def part(models: Path) -> Path:
    return models / ".fetch" / "tiny" / f"{BIN}.part"


def start(zoo: ZooModel, models: Path, limit: int = 0) -> subprocess.Popen[str]:
    import json

    names = ("name", "version", "url", "dimension", "metric", "context_tokens", "question_tokens", "licence")
    about = {name: getattr(zoo, name) for name in names}
    about["files"] = [(file.path, file.bytes, file.sha384) for file in zoo.variants["FP32-INT8"]]
    arguments = [sys.executable, "-c", FETCH, json.dumps({**about, "limit": limit}), str(models)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def nothing_installed(models: Path) -> bool:
    return len(list(installed_folders(models))) == 1


def test_a_fetched_model_is_the_one_that_is_added_from_the_same_files(
    server: Server, zoo: ZooModel, models: Path
) -> None:
    reports = []
    added = fetch_model(zoo, models, report=lambda *about: reports.append(about))
    assert (added.new, added.notes) == (True, ())
    assert (added.model.metric, added.model.version) == ("l2", "7")
    assert reports[-1] == (BIN, size(zoo), size(zoo))
    assert not (models / ".fetch" / "tiny").exists()
    same = add_model(server.root, models.parent / "others", entry=zoo).model
    assert fingerprints(same) == fingerprints(added.model)
    asked = len(server.asked)
    assert not fetch_model(zoo, models).new
    assert len(server.asked) == asked  # what is there and whole is not fetched again


def test_a_killed_download_is_resumed(server: Server, zoo: ZooModel, models: Path) -> None:
    server.stop_after = 300_000
    process = start(zoo, models)
    assert process.stdout is not None
    output = iter(process.stdout.readline, "")
    assert any(line == f"{BIN} 300000\n" for line in output)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert part(models).stat().st_size == 300_000
    assert nothing_installed(models)
    with pytest.raises(UsageError):
        find_model("tiny", models)
    server.stop_after = None
    assert fetch_model(zoo, models).new
    assert [path for path, _ in server.asked].count("vocab.txt") == 1
    assert server.ranges_of(BIN) == [None, "bytes=300000-"]
    assert damaged_files(find_model("tiny", models)) == []


def test_a_broken_connection_is_resumed(server: Server, zoo: ZooModel, models: Path) -> None:
    server.cut_after = 250_000
    assert fetch_model(zoo, models).new
    assert server.ranges_of(BIN) == [None, "bytes=250000-", "bytes=500000-"]


def test_a_connection_that_sends_nothing_more(server: Server, zoo: ZooModel, models: Path) -> None:
    server.cut_after = 0
    with pytest.raises(WhereinError, match=r"broke after 0 of .*run the same command again"):
        fetch_model(zoo, models)
    assert nothing_installed(models)


def test_a_server_without_ranges_sends_it_all_again(server: Server, zoo: ZooModel, models: Path) -> None:
    part(models).parent.mkdir(parents=True)
    part(models).write_bytes((server.root / BIN).read_bytes()[:1000])
    server.ranges = False
    assert fetch_model(zoo, models).new


@pytest.mark.parametrize("length", [1000, None, 10_000_000])
def test_a_part_from_elsewhere_is_fetched_again(
    server: Server, zoo: ZooModel, models: Path, length: int | None
) -> None:
    part(models).parent.mkdir(parents=True)
    part(models).write_bytes(b"x" * (length or size(zoo)))
    assert fetch_model(zoo, models).new
    assert damaged_files(find_model("tiny", models)) == []


def flip(data: bytes) -> bytes:
    return data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (flip, Damaged, "SHA-384 differs"),
        (lambda data: data[:-10], WhereinError, "416"),
        (lambda data: data + b"more", Damaged, "larger"),
    ],
)
def test_wrong_bytes_are_not_used(
    server: Server,
    zoo: ZooModel,
    models: Path,
    change: Callable[[bytes], bytes],
    kind: type[WhereinError],
    words: str,
) -> None:
    right = (server.root / BIN).read_bytes()
    (server.root / BIN).write_bytes(change(right))
    with pytest.raises(kind, match=words):
        fetch_model(zoo, models)
    assert nothing_installed(models)
    (server.root / BIN).write_bytes(right)
    assert fetch_model(zoo, models).new
    assert damaged_files(find_model("tiny", models)) == []


def test_a_server_that_cannot_be_reached(server: Server, zoo: ZooModel, models: Path) -> None:
    with pytest.raises(WhereinError, match=r"404.*nothing was installed"):
        fetch_model(zoo, models, url=f"{server.url}elsewhere/")
    server.close()
    with pytest.raises(WhereinError, match=r"127\.0\.0\.1:\d+ cannot be reached .*wherein model add FOLDER"):
        fetch_model(zoo, models)
    with pytest.raises(UsageError, match="not a valid address"):
        fetch_model(zoo, models, url="nonsense")
    with pytest.raises(UsageError, match="no variant FP8; it has FP32-INT8"):
        fetch_model(zoo, models, variant="FP8")
    assert nothing_installed(models)


def test_a_full_disk(server: Server, zoo: ZooModel, models: Path) -> None:
    output, _ = start(zoo, models, limit=200_000).communicate(timeout=60)
    assert "There is not enough free space for the model" in output.splitlines()[-1]
    assert nothing_installed(models)
    assert part(models).stat().st_size <= 200_000
    assert fetch_model(zoo, models).new
    assert server.ranges_of(BIN)[1] is not None


def test_nothing_is_fetched_for_a_name_that_another_model_has(server: Server, zoo: ZooModel, models: Path) -> None:
    add_model(write_tiny(models.parent / "other", seed=1), models)
    with pytest.raises(UsageError, match="taken by a different model"):
        fetch_model(zoo, models)
    assert server.asked == []
    assert fetch_model(zoo, models, name="own").model.name == "own"
    os.truncate(models / "own" / "model.bin", 5)
    again = fetch_model(zoo, models, name="own")
    assert (again.new, damaged_files(again.model)) == (True, [])


def test_two_processes_do_not_fetch_at_once(server: Server, zoo: ZooModel, models: Path) -> None:
    server.stop_after = 300_000
    process = start(zoo, models)
    assert process.stdout is not None
    assert any(line.startswith(BIN) for line in iter(process.stdout.readline, ""))
    with pytest.raises(LibraryBusy):
        fetch_model(zoo, models)
    process.kill()
    process.communicate()


def test_an_installed_answer_model_is_not_fetched_again(server: Server, models: Path) -> None:
    served = write_graph(server.root / "FP32-INT8", echo)
    (served / "model.json").unlink()
    (served / "tokenizer.json").rename(server.root / "tokenizer.json")
    for suffix in (".xml", ".bin"):
        (served / f"model{suffix}").rename(served / f"reader{suffix}")
    paths = ("tokenizer.json", "FP32-INT8/reader.xml", "FP32-INT8/reader.bin")
    files = [((server.root / path).read_bytes(), path) for path in paths]
    variant = tuple(ZooFile(path, len(data), hashlib.sha384(data).hexdigest()) for data, path in files)
    reader = ZooModel("reader", "7", server.url, 0, "", 384, 64, "MIT", {"FP32-INT8": variant}, kind="reader")
    assert fetch_model(reader, models).new
    asked = len(server.asked)
    assert not fetch_model(reader, models).new
    assert len(server.asked) == asked
