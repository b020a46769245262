"""Every command of docs/serving.md works as it stands there."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import wherein
from served import Served

PAGE = (Path(wherein.__file__).resolve().parent / "docs" / "serving.md").read_text("utf-8")
COMMANDS = re.findall(r"^curl .*$", PAGE, re.MULTILINE)


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_works(served: Served, docs: Path, tmp_path: Path, command: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (docs / "2025").mkdir()
    (docs / "2025" / "may.md").write_text("A note of May.")
    for name in ("minutes.txt", "report.pdf"):
        (tmp_path / name).write_text("The minutes of the meeting.")
    here = command.replace("127.0.0.1:8080", f"127.0.0.1:{served.port}").replace("/home/me/notes", str(docs))
    here = here.replace("https://example.com/", "http://127.0.0.1:1/")  # nothing leaves this machine
    words = [*shlex.split(here), "-w", "\n%{http_code}"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.rpartition("\n")[2] in ("200", "202"), done.stdout
