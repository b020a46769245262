"""A confined source stays within itself: no link leads out, and no page is fetched from a private address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from toy import ToyEncoder
from web_server import Answer, Site, site
from wherein.ingest.progress.events import RunProblem
from wherein.library import Library


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "deep" / "secret.txt").write_text("A secret.")
    inside = (tmp_path / "in").resolve()
    inside.mkdir()
    (inside / "a.txt").write_text("A text.")
    (inside / "file.txt").symlink_to(tmp_path / "out" / "deep" / "secret.txt")
    (inside / "folder").symlink_to(tmp_path / "out")
    (inside / "again.txt").symlink_to(inside / "a.txt")
    return inside


def ingest(library: Library, *sources: Path | str, confined: bool) -> list[str]:
    events: list[object] = []
    library.ingest(sources, confined=confined, report=events.append)
    return [event.reason for event in events if isinstance(event, RunProblem)]


def names(library: Library) -> list[str]:
    return sorted(document.uri.rpartition("/")[2] for document in library.documents())


@pytest.mark.parametrize("pattern", ["", "/*", "/**", "/*/deep/*"])
def test_no_link_leads_out(tmp_path: Path, tree: Path, pattern: str) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    (tree / "b.txt").write_text("Another text.")
    problems = ingest(library, tree / "b.txt", f"{tree}{pattern}", confined=True)
    assert set(problems) == {"a link that leads out of the source, which is confined"}
    assert "secret.txt" not in names(library)
    library.reindex()
    assert "secret.txt" not in names(library)


def test_the_same_source_that_is_not_confined_follows_links(tmp_path: Path, tree: Path) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    assert ingest(library, tree, confined=False) == []
    assert names(library) == ["a.txt", "secret.txt"]


def test_only_the_owner_frees_a_source(tmp_path: Path, tree: Path) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    ingest(library, tree, confined=True)
    assert [source.confined for source in library.sources()] == [True]
    ingest(library, tree, confined=False)
    assert [source.confined for source in library.sources()] == [False]
    assert names(library) == ["a.txt", "secret.txt"]
    ingest(library, tree, confined=True)
    assert [source.confined for source in library.sources()] == [False]


@pytest.fixture
def private() -> Iterator[Site]:
    with site() as pages:
        pages.pages["/page"] = Answer(b"<p>The secret of the router.</p>")
        yield pages


def test_a_page_at_a_private_address_is_fetched_for_its_owner_alone(tmp_path: Path, private: Site) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    (problem,) = ingest(library, f"{private.address}/page", confined=True)
    assert problem.startswith("has the private address 127.0.0.1")
    assert private.paths() == []
    assert ingest(library, f"{private.address}/page", confined=False) == []
    assert "/page" in private.paths()
    assert names(library) == ["page"]


def test_behind_a_proxy_a_name_that_only_the_proxy_resolves_is_not_fetched(
    tmp_path: Path, private: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", private.address)
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    (problem,) = ingest(library, "http://router.invalid/page", confined=True)
    assert problem == "its address cannot be checked: only the proxy can resolve its name"
    (problem,) = ingest(library, "http://127.0.0.1/page", confined=True)
    assert problem.startswith("has the private address")
    assert private.paths() == []
