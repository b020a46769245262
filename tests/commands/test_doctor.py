"""`wherein doctor`: what a bug report needs, whatever is broken."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from small_library import damage, write_small_library
from toy import ToyEncoder
from unprivileged import UNPRIVILEGED, read_only
from wherein import cli
from wherein.installation import EXTRAS, install_command
from wherein.library import Library
from wherein.storage.disk.lock import writer_lock

Command = Callable[..., subprocess.CompletedProcess[str]]
NAMES = [
    "wherein", "system", "processor", "packages", "devices", "precision", "model", "models", "library", "disk", "cache",
    "extras", "tesseract",
]  # fmt: skip


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, [*arguments[:-1], "doctor", *arguments[-1:]])


def checks(library: Path | str) -> tuple[int, dict[str, dict[str, object]]]:
    done = doctor("--library", str(library), "--json")
    found = json.loads(done.stdout)
    assert (found["schema"], found["exit_code"]) == (1, done.exit_code)
    assert done.stderr == ""
    return done.exit_code, {check["name"]: check for check in found["checks"]}


def test_a_machine_without_a_library_has_no_problems(tmp_path: Path) -> None:
    code, found = checks(tmp_path / "library")
    assert (code, list(found)) == (0, NAMES)
    assert str(found["library"]["text"]).startswith("none in ")
    assert not any(check["problem"] for check in found.values())
    fields = {name: check["fields"] for name, check in found.items()}
    assert isinstance(fields["extras"], dict)
    assert {*fields["extras"]["installed"], *fields["extras"]["missing"]} == set(EXTRAS)
    assert all(
        f"wherein[{extra}]" in command or f"[{extra}]" in command
        for extra, command in fields["extras"]["missing"].items()
    )
    assert isinstance(fields["model"], dict)
    assert set(fields["model"]["fingerprints"]) == {"w8a8", "w8a32"}
    assert not (tmp_path / "library").exists()


def test_it_is_text_for_a_bug_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    done = CliRunner().invoke(cli.main, ["--library", str(tmp_path / "notes"), "doctor"])
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [*NAMES, "no"]
    assert lines[-1] == "no problems"
    assert "none in ~/notes yet; create it with: wherein ingest FOLDER" in done.stdout
    assert str(tmp_path) not in done.stdout


def test_a_sound_library(wherein: Command, tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text("The owner signs the lease.")
    assert wherein("ingest", "lease.txt").returncode == 0
    done = wherein("doctor", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    library = next(check for check in json.loads(done.stdout)["checks"] if check["name"] == "library")
    assert (library["fields"]["documents"], library["fields"]["problems"]) == (1, 0)
    assert library["notes"] == ["wherein verify looks for damage inside"]
    assert f"; {library['fields']['model']} at " in library["text"]


def test_a_library_in_milvus(tmp_path: Path) -> None:
    pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed")
    address = f"milvus:{tmp_path / 'library.db'}"
    with Library(address, encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest_stream("memo", b"A memo.")

    code, found = checks(address)

    assert code == 6
    assert str(found["library"]["problem"]).startswith("The model of this library, toy ")
    fields = found["library"]["fields"]
    assert isinstance(fields, dict)
    assert (fields["documents"], fields["chunks"], fields["model"]) == (1, 1, "toy")
    assert str(fields["engine"]).startswith("Milvus Lite ")
    assert not list(Path.cwd().glob("milvus:*"))


def test_milvus_is_away(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus", reason="pymilvus is not installed")
    code, found = checks("milvus://127.0.0.1:1/notes")
    assert code == 1
    assert str(found["library"]["problem"]).startswith("Milvus at milvus://127.0.0.1:1/notes does not answer")


def test_the_model_of_the_library_is_not_installed(tmp_path: Path) -> None:
    write_small_library(tmp_path)
    code, found = checks(tmp_path)
    assert code == 6
    assert str(found["library"]["problem"]).startswith(
        "The model of this library, toy ffffffffffffffff, is not installed"
    )


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda folder: (folder / "generations" / "000001.faiss").unlink(), "No such file"),
        (lambda folder: (folder / "generations" / "000002.keywords").write_bytes(b"x"), "it has 1 bytes instead of"),
        (lambda folder: (folder / "catalog.db").write_bytes(b"no database" * 1000), "damaged"),
        (lambda folder: (folder / "catalog.db").unlink(), "is missing"),
        (lambda folder: damage(folder, "UPDATE generations SET file = '../x' WHERE id = 2"), "damaged"),
        (lambda folder: damage(folder, "DROP TABLE _sqlite_migrations"), "which schema"),
    ],
)
def test_damage_has_the_exit_code_of_damage(tmp_path: Path, break_it: Callable[[Path], object], words: str) -> None:
    write_small_library(tmp_path)
    break_it(tmp_path)
    code, found = checks(tmp_path)
    problem = str(found["library"]["problem"])
    assert words in problem
    assert "this check failed" not in problem
    assert code == 5


def test_a_library_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("A note.")
    code, found = checks(tmp_path / "notes")
    assert code == 2
    assert str(found["library"]["problem"]).endswith(
        "notes is a file, and a library is a folder; name another with --library"
    )


@pytest.mark.parametrize(
    ("locked", "sentence"),
    [(".", "The library {} cannot be read: Permission denied"),
     ("catalog.db", "The library cannot be read: Permission denied ({}/catalog.db)")],
)  # fmt: skip
def test_a_library_that_cannot_be_read(tmp_path: Path, locked: str, sentence: str) -> None:
    library = tmp_path / "notes"
    library.mkdir()
    write_small_library(library)
    mode = (library / locked).stat().st_mode
    (library / locked).chmod(0)
    done = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-m", "wherein", "--library", str(library), "doctor", "--json"],
        env={**os.environ, "HOME": str(tmp_path / "home")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (library / locked).chmod(mode)
    assert (done.returncode, done.stderr) == (1, "")
    found = {check["name"]: check["problem"] for check in json.loads(done.stdout)["checks"]}
    assert list(found) == NAMES
    assert {name: problem for name, problem in found.items() if problem} == {"library": sentence.format(library)}


@pytest.mark.parametrize("address", ["milvus:notes", "milvus://host/a name", "milvus://"])
def test_an_address_that_makes_no_sense(address: str) -> None:
    done = doctor("--library", address, "--json")
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert (done.exit_code, list(found)) == (2, NAMES)
    assert "not the address of a library in Milvus" in found["library"]["problem"]
    assert list(found["disk"]["fields"]["free"]) == ["cache"]


def test_an_address_without_the_extra_shows_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    done = doctor("--library", "milvus://me:secret@127.0.0.1:19530/notes", "--json")
    library = next(check for check in json.loads(done.stdout)["checks"] if check["name"] == "library")
    assert (done.exit_code, library["text"]) == (1, "milvus://127.0.0.1:19530/notes")
    assert library["problem"] == f"To keep a library in Milvus, install: {install_command('cluster')}"
    assert "secret" not in done.stdout


def test_a_file_of_milvus_that_is_not_there_is_not_created(tmp_path: Path) -> None:
    address = f"milvus:{tmp_path / 'notes.db'}"
    code, found = checks(Path(address))
    assert (code, found["library"]["text"]) == (
        0, f"none in {address} yet; create it with: wherein --library {address} ingest FOLDER"
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    words = f"cd {tmp_path}/gone && rmdir ../gone && {sys.executable} -m wherein --library here doctor"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert "disk        problem: The current folder has been deleted; change to another" in done.stdout


def test_an_unknown_model(tmp_path: Path) -> None:
    done = doctor("--library", str(tmp_path / "library"), "--model", "nosuch", "--json")
    found = {check["name"]: check["problem"] for check in json.loads(done.stdout)["checks"] if check["problem"]}
    sentence = "There is no model nosuch; see: wherein model list"
    assert (done.exit_code, found) == (2, {"precision": sentence, "model": sentence})


def test_a_library_that_is_being_written(tmp_path: Path) -> None:
    write_small_library(tmp_path)
    with writer_lock(tmp_path):
        _, found = checks(tmp_path)
    notes = found["library"]["notes"]
    assert isinstance(notes, list)
    assert f"process {os.getpid()} is writing to it" in notes


def test_a_library_of_a_newer_version(tmp_path: Path) -> None:
    write_small_library(tmp_path)
    damage(tmp_path, "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('wherein', 'm99', '')")
    code, found = checks(tmp_path)
    assert (code, "newer Wherein" in str(found["library"]["problem"])) == (1, True)


def test_a_model_whose_files_are_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wherein.embed.model import DEFAULT_MODEL

    copy = tmp_path / "model"
    copy.mkdir()
    for path in DEFAULT_MODEL.iterdir():
        (copy / path.name).write_bytes(path.read_bytes() if path.name != "tokenizer.json" else b"{}")
    done = doctor("--library", str(tmp_path / "library"), "--model", str(copy), "--json")
    model = next(check for check in json.loads(done.stdout)["checks"] if check["name"] == "model")
    assert (done.exit_code, model["exit_code"]) == (5, 5)
    assert "tokenizer.json is damaged" in model["problem"]


@pytest.mark.parametrize("module", ["numpy", "faiss", "tokenizers", "openvino"])
def test_a_package_that_cannot_be_loaded_is_a_problem_and_no_traceback(tmp_path: Path, module: str) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / f"{module}.py").write_text("raise ImportError('the library is for another processor')")
    environment = {**os.environ, "PYTHONPATH": str(broken)}
    done = subprocess.run(
        [sys.executable, "-m", "wherein", "--library", str(tmp_path / "library"), "doctor"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    assert "cannot be loaded" in done.stdout
    assert "the library is for another processor" in done.stdout
    assert "problems: packages" in done.stdout
    assert "tesseract" in done.stdout


def test_on_a_disk_that_cannot_be_written(tmp_path: Path, compiled_cache: Path) -> None:
    (tmp_path / "home" / "library").mkdir(parents=True)
    write_small_library(tmp_path / "home" / "library")
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home" / "cache")}
    with read_only(tmp_path / "home"):
        before = sorted((tmp_path / "home").rglob("*"))
        done = subprocess.run(
            [*UNPRIVILEGED, sys.executable, "-m", "wherein", "--library", str(tmp_path / "home" / "library"), "doctor"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert sorted((tmp_path / "home").rglob("*")) == before
    assert (done.returncode, done.stderr) == (6, "")
    assert "note: it cannot be written from here; questions are answered" in done.stdout
    assert "2 documents" in done.stdout or "3 documents" in done.stdout
