"""What an ingest reports of its sources, and which it does not follow."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from toy import ToyEncoder
from web_server import Answer, site
from wherein.errors import UsageError
from wherein.ingest.progress.events import Note, RunProblem
from wherein.library import Fields, Library


class Sources:
    """A library, and a folder `r` with some files."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.library = Library(work / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
        for name in ("top.txt", "priv/s.txt", "sub/b.txt", "sub/priv/t.txt"):
            (work / "r" / name).parent.mkdir(parents=True, exist_ok=True)
            (work / "r" / name).write_text(f"The text of {name}.")
        self.events: list[Any] = []

    def ingest(self, *names: str, **options: Any) -> list[str]:
        """Ingest, and return the notes."""
        self.events = []
        self.library.ingest([str(self.work / name) for name in names], report=self.events.append, **options)
        return [event.text for event in self.events if isinstance(event, Note)]

    def reindex(self, **options: Any) -> int:
        """Reindex, and return the number of problems."""
        self.events = []
        return self.library.reindex(report=self.events.append, **options).failed

    def held(self) -> list[str]:
        prefix = f"file://{self.work}/r/"
        return [document.uri.removeprefix(prefix) for document in self.library.documents()]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


def test_exclusions_are_kept_added_to_and_dropped(sources: Sources) -> None:
    assert sources.ingest("r", exclude=["priv"]) == []
    kept = f"still excluded: {{}}; to drop them, run: wherein ingest --no-exclude {sources.work / 'r'}"
    assert sources.ingest("r") == [kept.format("priv")]
    assert sources.held() == ["sub/b.txt", "top.txt"]
    gone = "excluded now, and removed by the next reindex: 1 document"
    assert sources.ingest("r", exclude=["sub"]) == [kept.format("priv"), gone]
    sources.reindex()
    assert sources.held() == ["top.txt"]
    assert sources.ingest("r", exclude=["top.txt"], no_exclude=True) == [gone]
    assert sources.ingest("r", no_exclude=True) == []
    assert sources.held() == ["priv/s.txt", "sub/b.txt", "sub/priv/t.txt", "top.txt"]


def test_an_exclusion_that_matches_nothing_is_reported_once(sources: Sources) -> None:
    assert sources.ingest("r", "r/sub", exclude=["none", "priv", "priv/s.txt", "b.txt"]) == [
        "--exclude none matches nothing"
    ]


def test_everything_of_a_source_may_be_excluded(sources: Sources) -> None:
    sources.ingest("r")
    sources.ingest("r", exclude=["*"])
    assert sources.reindex() == 0
    assert sources.held() == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("r/*.pdf", {}),
        ("none/**/*.md", {}),
        ("t.csv", {"fields": Fields("nosuch")}),
        ("u.json", {"fields": Fields("x")}),
    ],
)
def test_what_never_worked_is_not_followed(sources: Sources, name: str, options: dict[str, Any]) -> None:
    (sources.work / "t.csv").write_text("a,b\n1,2\n")
    (sources.work / "u.json").write_text('[{"a": 1}, {"a": 2}]')
    assert sources.ingest(name, **options) == ["nothing in it could be ingested, so it is not followed"]
    assert sources.library.sources() == []
    assert sources.library.problems() == []
    assert sources.reindex() == 0


def test_a_source_that_worked_once_stays_and_keeps_its_fields(sources: Sources) -> None:
    (sources.work / "t.csv").write_text("body,b\none,2\n")
    sources.ingest("t.csv", fields=Fields("body"))
    assert sources.ingest("t.csv", fields=Fields("nosuch")) == []
    sources.ingest("r")
    with site() as web:
        web.pages["/a"] = Answer(b"<p>The owner signs.")
        sources.library.ingest([f"{web.address}/a", f"{web.address}/none"])
        web.pages["/a"] = Answer(status=500)
        sources.library.ingest([f"{web.address}/a"])
        assert [source.uri for source in sources.library.sources()][2:] == [f"{web.address}/a"]


def test_an_empty_folder_is_followed(sources: Sources) -> None:
    (sources.work / "inbox").mkdir()
    assert sources.ingest("inbox") == []
    (sources.work / "inbox" / "late.txt").write_text("Late.")
    assert sources.library.reindex().new == 1


def test_a_text_without_words_is_no_source(sources: Sources) -> None:
    sources.library.ingest_stream("empty", b"")
    assert sources.library.sources() == []


# What is gone.


def test_a_file_that_is_gone_is_reported_once_and_forgotten(sources: Sources) -> None:
    sources.ingest("r/top.txt", "r/sub")
    (sources.work / "r" / "top.txt").unlink()
    assert sources.reindex() == 0
    (note,) = [event for event in sources.events if isinstance(event, Note)]
    assert note.text == "the file is gone, and so are its documents; it is no longer followed"
    assert sources.held() == ["sub/b.txt", "sub/priv/t.txt"]
    assert sources.reindex() == 0
    assert not [event for event in sources.events if isinstance(event, Note)]


@pytest.mark.parametrize("accept", [False, True])
def test_a_folder_deleted_on_purpose_is_dropped_as_the_message_says(sources: Sources, accept: bool) -> None:
    sources.ingest("r")
    shutil.rmtree(sources.work / "r")
    assert sources.reindex(accept_removals=accept) == 1
    *_, problem = [event for event in sources.events if isinstance(event, RunProblem)]
    number = problem.reason.rpartition("wherein sources remove ")[2].partition(" --remove")[0]
    assert sources.library.remove_source(number, remove=True).removed == 4
    assert sources.held() == []
    assert sources.reindex() == 0


# Sources that are removed.


def test_what_another_source_covers_stays_with_it(sources: Sources) -> None:
    sources.ingest("r/top.txt")
    sources.ingest("r")
    sources.ingest("r/sub")
    for name, shared in (("r/top.txt", 1), ("r/sub", 2)):
        removed = sources.library.remove_source(str(sources.work / name), remove=True)
        assert (removed.shared, removed.removed, removed.kept) == (shared, 0, 0)
    (sources.work / "r" / "top.txt").unlink()
    assert sources.library.reindex().removed == 1


def test_kept_documents_are_removed_later_or_taken_over_again(sources: Sources) -> None:
    sources.ingest("r")
    assert sources.library.remove_source(str(sources.work / "r")).kept == 4
    (sources.work / "r" / "top.txt").unlink()
    sources.reindex()
    assert len(sources.held()) == 4  # nobody follows them
    sources.ingest("r/sub")
    removed = sources.library.remove_source(str(sources.work / "r"), remove=True)
    assert (removed.source, removed.removed) == (None, 2)
    assert sources.held() == ["sub/b.txt", "sub/priv/t.txt"]
    with pytest.raises(UsageError, match="There is no source"):
        sources.library.remove_source(str(sources.work / "r"), remove=True)


def test_exclusions_of_a_removed_source_hold_around_it(sources: Sources) -> None:
    sources.ingest("r/sub", exclude=["priv"])
    sources.ingest("r")
    assert sources.library.remove_source(str(sources.work / "r/sub")).heirs == (str(sources.work / "r"),)
    sources.reindex()
    assert sources.held() == ["priv/s.txt", "sub/b.txt", "top.txt"]
    assert sources.library.sources()[0].exclude == ("/sub/**/priv",)


# Links.


def test_a_file_with_several_paths_is_one_document(sources: Sources) -> None:
    (sources.work / "link").symlink_to("r")
    (sources.work / "r" / "sub" / "again.txt").symlink_to("../top.txt")
    sources.ingest("link", "r", "link/../r/sub")
    assert sources.held() == ["priv/s.txt", "sub/b.txt", "sub/priv/t.txt", "top.txt"]
    others = sources.library.other_uris(str(sources.work / "r" / "top.txt"))
    assert others == [f"file://{sources.work}/{name}" for name in ("link/top.txt", "r/sub/again.txt")]
    (sources.work / "r" / "sub" / "again.txt").unlink()
    sources.reindex()
    assert sources.library.other_uris(str(sources.work / "r" / "top.txt")) == others[:1]
