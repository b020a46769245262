"""A run on actors of Ray has the same outcome as one on this machine's processes, whatever dies meanwhile."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from actor_killer import killing_actors
from toy import ToyEncoder
from toy_recipe import FatalRecipe, SlowRecipe, ToyRecipe
from wherein.errors import WhereinError
from wherein.ingest.cluster.actors import Actors
from wherein.ingest.cluster.engine import RayEngine
from wherein.ingest.cluster.recipe import EncoderRecipe
from wherein.ingest.progress.events import DocumentDone, Progress, RunProblem
from wherein.library import Library

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.workers,
    pytest.mark.usefixtures("two_cores"),
    # Ray leaves its log files and sockets open.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
]


def write(docs: Path) -> Path:
    """Write files of several kinds, some of them poison."""
    docs.mkdir()
    for number in range(30):
        words = " ".join(f"word{(number * k) % 977}" for k in range(200))
        (docs / f"{number}.txt").write_text(f"Document {number}.\n\n{words}")
    lines = [json.dumps({"id": str(n), "title": f"Record {n}", "text": f"Record {n} of the quay."}) for n in range(300)]
    (docs / "records.jsonl").write_text("\n".join([*lines[:150], "not JSON", *lines[150:]]))
    (docs / "damaged.pdf").write_bytes(b"%PDF-1.4 nonsense")
    (docs / "damaged.docx").write_bytes(b"PK\x03\x04 nonsense")
    (docs / "empty.txt").write_text("  ")
    (docs / "page.html").write_text("<title>A page</title><p>The page has a paragraph about lanterns.</p>")
    for path in docs.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    return docs


def ingest(folder: Path, docs: Path, recipe: EncoderRecipe | None) -> tuple[Library, list[Any], dict[str, Any]]:
    library, events = Library(folder, encoder=ToyEncoder()), list[Any]()  # type: ignore[arg-type]
    engine = RayEngine(actors=2, recipe=recipe) if recipe else None
    summary = library.ingest([str(docs)], report=events.append, engine=engine, look_ahead=True).as_dict()
    return library, events, {name: value for name, value in summary.items() if name != "seconds"}


def contents(library: Library) -> list[tuple[str, str, str, list[tuple[int, int, bytes]], tuple[str, ...]]]:
    return [
        (found.uri, found.title, text, [(span.start, span.end, span.input_hash) for span in spans], found.notes)
        for found, text, spans in (library.document(one.uri) for one in library.documents())
    ]


def problems(events: list[Any]) -> list[tuple[str, str, str]]:
    return sorted((one.kind, one.uri, one.reason) for one in events if isinstance(one, RunProblem))


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write(tmp_path / "docs")


@pytest.fixture
def expected(tmp_path: Path, docs: Path) -> tuple[Library, list[Any], dict[str, Any]]:
    """The outcome of a run on this machine."""
    return ingest(tmp_path / "expected", docs, None)


def test_the_outcome_is_that_of_a_local_run(tmp_path: Path, docs: Path, expected: Any) -> None:
    library, events, summary = ingest(tmp_path / "library", docs, ToyRecipe())
    other, local_events, local_summary = expected
    assert summary == local_summary
    assert (summary["new"], summary["failed"], summary["skipped"]) == (331, 3, 1)
    assert contents(library) == contents(other)
    assert problems(events) == problems(local_events)
    done = [sorted(one.uri for one in seen if isinstance(one, DocumentDone)) for seen in (events, local_events)]
    assert done[0] == done[1]
    last = [[one for one in seen if isinstance(one, Progress)][-1] for seen in (events, local_events)]
    assert (last[0].chunks, last[0].bytes_done, last[0].bytes_total) == (
        last[1].chunks, last[1].bytes_done, last[1].bytes_total,
    )  # fmt: skip
    question = "the record of the quay"
    assert [hit.uri for hit in library.query(question, 10).hits] == [hit.uri for hit in other.query(question, 10).hits]
    assert not [found for found in library.verify(deep=True).findings if not found.harmless]


def test_a_second_run_embeds_only_what_has_changed(tmp_path: Path, docs: Path) -> None:
    ingest(tmp_path / "library", docs, ToyRecipe())
    text = (docs / "records.jsonl").read_text()
    (docs / "records.jsonl").write_text(text.replace("Record 7 of", "Record seven of"))
    _, _, summary = ingest(tmp_path / "library", docs, ToyRecipe())
    assert (summary["changed"], summary["embedded"], summary["unchanged"]) == (1, 1, 330)


def test_nothing_but_the_outcome_is_printed(tmp_path: Path) -> None:
    """In a process of its own, because Ray is started by the run."""
    write(tmp_path / "docs")
    script = (
        "import sys\nfrom pathlib import Path\nfrom toy import ToyEncoder\nfrom toy_recipe import FatalRecipe\n"
        "from wherein.ingest.cluster.engine import RayEngine\nfrom wherein.library import Library\n"
        "folder = Path(sys.argv[1])\n(folder / 'deaths').mkdir()\n"
        "library = Library(folder / 'library', encoder=ToyEncoder())\n"
        "engine = RayEngine(actors=2, recipe=FatalRecipe(folder / 'deaths', 2))\n"
        "print(library.ingest([str(folder / 'docs')], engine=engine).new)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (0, "331\n"), run.stderr


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_actors_lose_and_double_nothing(tmp_path: Path, docs: Path, expected: Any, seed: int) -> None:
    with killing_actors(seed) as killed:
        library, events, summary = ingest(tmp_path / "library", docs, SlowRecipe())
    assert killed
    assert summary == expected[2]
    assert contents(library) == contents(expected[0])
    assert problems(events) == problems(expected[1])


def test_an_actor_may_die_twice_at_the_same_work(tmp_path: Path, docs: Path, expected: Any) -> None:
    (tmp_path / "deaths").mkdir()
    library, _, summary = ingest(tmp_path / "library", docs, FatalRecipe(tmp_path / "deaths", 2))
    assert summary == expected[2]
    assert contents(library) == contents(expected[0])


def test_only_the_call_that_ran_is_blamed_for_a_death() -> None:
    actors = Actors(SlowRecipe(), 1, 1)
    rows = [[1, 2, 3]] * 400
    calls = [actors.call("embed", rows) for _ in range(4)]
    with killing_actors(1, most=1, pause=(0.1, 0.1)) as killed:
        vectors = [actors.result(call) for call in calls]
    actors.close()
    assert killed
    assert [len(found) for found in vectors] == [400] * 4
    assert sum(call.deaths for call in calls) == 1


def test_work_that_kills_every_actor_ends_the_run(tmp_path: Path, docs: Path) -> None:
    (tmp_path / "deaths").mkdir()
    with pytest.raises(WhereinError, match="3 actors of Ray died while doing the same work"):
        ingest(tmp_path / "library", docs, FatalRecipe(tmp_path / "deaths", 1_000))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_library_in_milvus_gets_the_same_documents(tmp_path: Path, docs: Path, expected: Any) -> None:
    pytest.importorskip("milvus_lite", reason="the other store is Milvus Lite; install wherein[cluster]")
    with Library(f"milvus:{tmp_path}/library.db", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        summary = library.ingest([str(docs)], engine=RayEngine(actors=2, recipe=ToyRecipe()))
        assert (summary.new, summary.failed, summary.chunks) == tuple(
            expected[2][name] for name in ("new", "failed", "chunks")
        )
        found = [(one.uri, one.title, one.chunks) for one in library.documents()]
        assert found == [(one.uri, one.title, one.chunks) for one in expected[0].documents()]


class _Unusable:
    def make(self, threads: int) -> Any:
        raise WhereinError("The model toy is not installed on this node; install it there")


def test_an_actor_without_the_model_ends_the_run_with_its_reason(tmp_path: Path, docs: Path) -> None:
    with pytest.raises(WhereinError, match="The model toy is not installed on this node"):
        ingest(tmp_path / "library", docs, _Unusable())


def test_no_actor_is_left(tmp_path: Path, docs: Path) -> None:
    import ray

    ingest(tmp_path / "library", docs, ToyRecipe())
    deadline = time.monotonic() + 30
    while ray.available_resources().get("CPU") != 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ray.available_resources()["CPU"] == 2
