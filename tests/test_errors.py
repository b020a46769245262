"""The exceptions and their exit codes: the tree that the docstring draws is the tree that there is."""

import inspect
import re
from itertools import chain

import pytest

from wherein import errors
from wherein.errors import LibraryBusy, WhereinError


def descendants(kind: type[WhereinError]) -> list[type[WhereinError]]:
    below = kind.__subclasses__()
    return [*below, *chain.from_iterable(map(descendants, below))]


def test_the_docstring_lists_every_exception_with_its_exit_code() -> None:
    drawn = dict(re.findall(r"^    (?:[├└]── )?(\w+) +(\d|-) ", str(errors.__doc__), re.MULTILINE))
    kinds = [kind for kind in (WhereinError, *descendants(WhereinError)) if kind.__module__ == errors.__name__]
    assert set(drawn) == {kind.__name__ for kind in kinds}
    for kind in kinds:
        if drawn[kind.__name__] != "-":  # never raised to the command line
            assert drawn[kind.__name__] == str(kind.exit_code)


def test_the_codes_without_an_exception_are_in_the_docstring() -> None:
    assert f"{errors.EXIT_PARTLY_FAILED} (EXIT_PARTLY_FAILED)" in str(errors.__doc__)
    assert f"{errors.EXIT_INTERRUPTED}\n(EXIT_INTERRUPTED)" in str(errors.__doc__)
    assert len({1, 2, 4, 5, 6, errors.EXIT_PARTLY_FAILED, errors.EXIT_INTERRUPTED}) == 7


def test_every_name_is_exported() -> None:
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) or inspect.isfunction(value) or name.startswith("EXIT_")
    }
    assert defined == set(errors.__all__)


@pytest.mark.parametrize("pid", [None, 7])
def test_a_busy_library_names_the_process(pid: int | None) -> None:
    error = LibraryBusy("process 7 is writing", pid)
    assert (str(error), error.pid, error.exit_code) == ("process 7 is writing", pid, 4)
