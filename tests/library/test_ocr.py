"""Pictures of text in a library: read by OCR, in languages that are remembered, and shown as such."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr import drawn, hide_tesseract, needs_tesseract, saved
from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.ingest.progress.events import Progress, RunProblem
from wherein.library import Library
from wherein.storage.catalog.coverage import Coverage, Covered

pytest.importorskip("PIL", reason="pictures are drawn by Pillow; install wherein[ocr]")

LINES = ("The owner signs the lease.", "Rent is due in May.")
TEXT = "\n".join(LINES)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "note.txt").write_text("The heron stands at the pond all day.")
    (folder / "scan.png").write_bytes(saved(drawn(*LINES), "PNG"))
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", encoder=ToyEncoder()) as library:
        yield library


@needs_tesseract
@pytest.mark.workers
def test_a_scan_is_found_and_said_to_be_one(library: Library, docs: Path) -> None:
    library.ingest([docs], ocr_languages="eng")
    hits = {Path(hit.uri).name: hit.recognized for hit in library.query("who signs the lease?", mode="semantic").hits}
    assert hits == {"scan.png": True, "note.txt": False}
    measured = library.coverage(docs / "scan.png")
    assert isinstance(measured, Coverage)
    assert measured.recognized == ((0, len(TEXT)),)
    covered = library.coverage()
    assert isinstance(covered, Covered)
    assert covered.recognized == len(TEXT)


@needs_tesseract
@pytest.mark.workers
def test_the_languages_are_remembered(library: Library, docs: Path) -> None:
    library.ingest([docs], ocr_languages="eng")
    assert [source.ocr_languages for source in library.sources()] == ["eng"]
    assert library.reindex().as_dict()["unchanged"] == 2
    (docs / "second.jpg").write_bytes(saved(drawn("Quinces are sour and hard."), "JPEG"))
    library.reindex()
    (note,) = library.document(docs / "second.jpg")[0].notes
    assert note.startswith("read by OCR (eng, ")


@needs_tesseract
@pytest.mark.workers
def test_a_text_from_standard_input(library: Library) -> None:
    library.ingest_stream("scan", saved(drawn(*LINES), "PNG"), ocr_languages="eng")
    assert library.document("stdin:scan")[1] == TEXT


@needs_tesseract
@pytest.mark.workers
def test_photographs_have_no_text(library: Library, docs: Path) -> None:
    from PIL import Image

    noise = Image.frombytes("L", (300, 300), random.Random(3).randbytes(90_000))
    (docs / "photo.png").write_bytes(saved(noise, "PNG"))
    problems: list[RunProblem] = []

    def report(event: RunProblem | Progress) -> None:
        if isinstance(event, RunProblem):
            problems.append(event)

    library.ingest([docs], ocr_languages="eng", report=report)
    assert [(found.kind, found.reason) for found in problems] == [
        ("skipped", "PNG image without text that can be recognized")
    ]


@pytest.mark.parametrize("codes", ["deu eng", "deu,eng", "+eng", "eng+", "-l", "d\u00e9u"])
def test_languages_that_are_none(library: Library, docs: Path, codes: str) -> None:
    with pytest.raises(UsageError, match=r"ocr_languages must be Tesseract's codes, joined by \+, such as deu\+eng"):
        library.ingest([docs], ocr_languages=codes)
    with pytest.raises(TypeError):
        library.ingest([docs], ocr_languages=["eng"])  # type: ignore[arg-type]


def test_a_language_that_is_not_installed(library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_tesseract(monkeypatch, "eng")
    with pytest.raises(UsageError, match=r"lacks the language fra: apt install tesseract-ocr-fra; it has eng$"):
        library.ingest([docs], ocr_languages="fra")
