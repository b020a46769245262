"""The filters of the page: what there is to choose, with how many documents, and where each choice leads."""

from datetime import date
from pathlib import Path

import pytest

from wherein.errors import UsageError
from wherein.library import Library
from wherein.server.page.menus import Menu, menus
from wherein.server.page.search import Search

TODAY = date.today()


def menu(library: Library, search: Search, name: str) -> Menu:
    return next(one for one in menus(library, search, TODAY) if one.name == name)


def choices(found: Menu) -> list[tuple[str, int | None, bool, int]]:
    return [(one.label, one.count, one.is_chosen, one.indent) for group in found.groups for one in group.choices]


def test_types_are_counted_without_their_own_choice(shelved: Library) -> None:
    found = menu(shelved, Search(types=("md",), where="author LIKE 'Anna%'"), "type")
    assert (found.chosen, choices(found)) == ("Markdown", [("Markdown", 2, True, 0)])
    every = choices(menu(shelved, Search(types=("md", "pdf")), "type"))
    assert every == [("Markdown", 4, True, 0), ("Text", 4, False, 0), ("PDF", 1, True, 0)]


def test_a_folder_opens_and_closes(shelved: Library, shelf: Path) -> None:
    closed = menu(shelved, Search(), "in")
    assert choices(closed) == [("house", 4, False, 0), ("odd", 3, False, 0), ("pets", 2, False, 0)]
    assert closed.groups[0].choices[2].address.endswith("pets")
    opened = menu(shelved, Search(folders=(f"{shelf}/docs/pets",)), "in")
    assert choices(opened) == [("pets", 2, True, 0)]
    assert opened.groups[0].choices[0].address == "/"
    assert opened.chosen.endswith("pets")


def test_a_pattern_that_is_no_folder_can_be_taken_back(shelved: Library) -> None:
    found = menu(shelved, Search("q", folders=("*.md", "nowhere")), "in")
    assert choices(found)[:2] == [("*.md", None, True, 0), ("nowhere", None, True, 0)]
    assert found.groups[0].choices[0].address == "/?q=q&in=nowhere"


def test_dates_count_what_is_as_new(shelved: Library) -> None:
    found = menu(shelved, Search(), "since")
    assert choices(found) == [("Past week", 8, False, 0), ("Past month", 8, False, 0), ("Past year", 8, False, 0)]
    assert menu(shelved, Search(since="1999-01-01"), "since").chosen == "since 1999-01-01"
    week = found.groups[0].choices[0].address.partition("since=")[2]
    assert menu(shelved, Search(since=week), "since").chosen == "Past week"


def test_fields_that_say_something_are_offered(shelved: Library) -> None:
    found = menu(shelved, Search(fields=("author=Anna Miller",)), "meta")
    assert [group.heading for group in found.groups] == ["Author"]
    assert choices(found) == [
        ("Anna Miller", 2, True, 0),
        ("<b id=bold>Eve</b>", 1, False, 0),
        ("Tom Baker", 1, False, 0),
    ]
    assert found.groups[0].choices[2].address == "/?meta=author%3DAnna+Miller&meta=author%3DTom+Baker"


@pytest.mark.parametrize(
    "search", [Search(since="soon"), Search(types=("nonsense",)), Search(where="a ="), Search(fields=("color=red",))]
)
def test_a_wrong_filter_is_refused(shelved: Library, search: Search) -> None:
    with pytest.raises(UsageError):
        menus(shelved, search, TODAY)
