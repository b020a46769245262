"""One check: isolated, and shown without the user's home folder."""

from pathlib import Path

import pytest

from wherein.diagnosis.check import Check, exit_code_of, run_check, without_home
from wherein.errors import Damaged, LibraryBusy, ModelMismatch, UsageError, WhereinError


@pytest.mark.parametrize(
    ("error", "problem", "code"),
    [
        (Damaged("It is damaged; run: wherein repair"), "It is damaged; run: wherein repair", 5),
        (ModelMismatch("Another model"), "Another model", 6),
        (UsageError("No such model"), "No such model", 2),
        (
            ImportError("libfaiss.so: no such file\nmore"),
            "this check failed: ImportError: libfaiss.so: no such file",
            1,
        ),
        (PermissionError(13, "Permission denied", "/home/notes"), "Permission denied: /home/notes", 1),
        (OSError(5, "Input/output error", b"\xff"), "Input/output error: \udcff", 1),
        (OSError("timed out"), "timed out", 1),
        (KeyError(), "this check failed: KeyError", 1),
        (RecursionError("deep"), "this check failed: RecursionError: deep", 1),
    ],
)
def test_what_a_check_raises_is_its_problem(error: Exception, problem: str, code: int) -> None:
    def look() -> Check:
        raise error

    assert run_check("part", look) == Check("part", problem=problem, exit_code=code)


def test_the_exit_code_is_that_of_the_worst_problem() -> None:
    fine = Check("fine", "text")
    assert exit_code_of([]) == exit_code_of([fine]) == 0
    errors = [WhereinError("e"), UsageError("e"), LibraryBusy("e"), ModelMismatch("e"), Damaged("e")]
    found = [fine]
    for error, code in zip(errors, (1, 2, 4, 6, 5), strict=True):
        found.append(fine.with_problem(error))
        assert exit_code_of(found) == code


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann", "~"),
        ("/home/ann/notes, /home/ann", "~/notes, ~"),
        ("in '/home/ann/a b'", "in '~/a b'"),
        ("file:///home/ann/notes", "file://~/notes"),
        (
            "/home/annabel /home/ann-old /home/ann.old /data/home/ann",
            "/home/annabel /home/ann-old /home/ann.old /data/home/ann",
        ),
    ],
)
def test_the_home_folder_is_shortened(monkeypatch: pytest.MonkeyPatch, text: str, shown: str) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert without_home(text) == shown
    assert without_home({text: [text, 1, None, (True, text)]}) == {shown: [shown, 1, None, [True, shown]]}


@pytest.mark.parametrize("home", ["/", "", "relative"])
def test_a_home_that_is_none_is_left_alone(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    monkeypatch.setenv("HOME", home)
    assert without_home(str(Path("/usr/share"))) == "/usr/share"
