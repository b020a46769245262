"""Which documents the page shows in a font of one width."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from served import Served, serving
from toy import ToyEncoder
from wherein.library import Library
from wherein.server.page.source_code import is_code
from wherein.server.settings import Settings


@pytest.mark.parametrize(
    ("uri", "media_type", "text", "expected"),
    [
        ("file:///src/repair.py", "text/plain", "def f():\n    return 1\n", True),
        ("file:///src/MAIN.C", "text/plain", "int x;\n", True),
        ("file:///etc/app.yaml", "text/plain", "a:\n  b: 1\n", True),
        ("file:///etc/app.toml", "text/plain", "[a]\n", True),
        ("file:///var/app.log", "text/plain", "12:00 started\n", True),
        ("file:///src/Makefile", "text/plain", "all:\n\techo\n", True),
        ("file:///bin/backup", "text/plain", "#!/bin/sh\nset -e\n", True),
        ("file:///a.zip#src/repair.py", "text/plain", "pass\n", True),
        ("file:///a.zip#repair.py", "text/plain", "pass\n", True),
        ("stdin:run.sh", "text/plain", "set -e\n", True),
        ("file:///data.json", "application/json", "{}", True),
        ("file:///letter.txt", "text/plain", "Dear Anna,\n    as agreed\n", False),
        ("file:///README", "text/plain", "Read this first.\n", False),
        ("file:///src.py/letter", "text/plain", "Dear Anna", False),
        ("file:///notes.draft", "text/plain", "A draft.\n", False),
        ("file:///notes.md", "text/markdown", "# Notes\n", False),
        ("file:///report.pdf", "application/pdf", "#!", False),
    ],
)
def test_code_is_told_from_prose(uri: str, media_type: str, text: str, expected: bool) -> None:
    document = SimpleNamespace(uri=uri, media_type=media_type)
    assert is_code(document, text) is expected  # type: ignore[arg-type]


def test_code_keeps_its_lines_and_indentation(tmp_path: Path) -> None:
    with (
        Library(tmp_path / "library", encoder=ToyEncoder()) as library,  # type: ignore[arg-type]
        serving(library, Settings()) as page,
    ):
        shown = [_shown(page, name) for name in ("repair.py", "repair.txt")]
    assert "def f():\n    if x:\n        return 1\n" in shown[0]
    assert ['<div class="body code">' in text for text in shown] == [True, False]
    assert ['<div class="body">' in text for text in shown] == [False, True]


def _shown(page: Served, name: str) -> str:
    text = b"import os\n\n\ndef f():\n    if x:\n        return 1\n"
    assert page.done(page.post("/v1/documents", params={"name": name}, content=text)).state == "done"
    (number,) = [one["id"] for one in page.get("/v1/documents").json()["documents"] if one["uri"] == f"stdin:{name}"]
    return page.get(f"/documents/{number}").text
