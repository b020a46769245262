"""`wherein status --coverage`, and what `documents show` prints of it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_the_coverage_of_a_document_and_of_the_library(wherein: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The lease of the house is signed by the owner, and it is for the year.")
    wherein("ingest", "a.txt")
    shown = wherein("documents", "show", "1").stdout
    assert "tokens       18, 0 of them unknown to the model (0.00%)\n" in shown
    assert "language     en (guessed)\n" in shown
    assert "dropped      0 characters\n" in shown
    assert "languages        en 1 (guessed)\n" in wherein("status", "--coverage").stdout
    coverage = json.loads(wherein("status", "--coverage", "--json").stdout)
    assert (coverage["tokens"], coverage["languages"]) == (18, {"en": 1})
