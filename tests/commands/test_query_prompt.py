"""`wherein query` without a question."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(6):
        (folder / f"{n}.txt").write_text(f"In town {n} the market opens at {n + 5} o'clock in the morning.\n" * 3)
    return folder


def test_the_prompt_answers_each_line(wherein: Command, docs: Path) -> None:
    wherein("ingest", str(docs))
    shown = wherein("query", "-n", "1", stdin="market of town 1\nmarket of town 4\n").stdout
    assert "1.txt" in shown
    assert "4.txt" in shown
