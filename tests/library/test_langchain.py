"""The retriever for LangChain, with the real package."""

import asyncio
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableLambda

from toy import ToyEncoder
from wherein.errors import WhereinError
from wherein.library import Library, parse_filter
from wherein.library.langchain import WhereinRetriever


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lease.md").write_text("# Lease\n\nThe owner may sign the lease.")
    (tmp_path / "docs" / "bread.txt").write_text("Knead the dough for ten minutes.")
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([tmp_path / "docs"])
    return library


def test_passages_come_with_their_citations(library: Library, tmp_path: Path) -> None:
    (found,) = WhereinRetriever(library=library, k=1).invoke("who may sign the lease?")
    (hit,) = library.query("who may sign the lease?", 1).hits
    assert found.page_content == hit.text
    uri = (tmp_path / "docs" / "lease.md").as_uri()
    assert found.metadata == {
        "source": f"{uri}#1", "title": "Lease", "heading": ["Lease"], "page": None,
        "start": hit.start, "end": hit.end, "score": hit.score, "chance": hit.chance,
    }  # fmt: skip


def test_it_is_part_of_a_chain_also_without_waiting(library: Library) -> None:
    chain = WhereinRetriever(library=library, mode="keyword") | RunnableLambda(lambda found: [one.id for one in found])
    assert len(chain.invoke("dough")) == 1
    assert asyncio.run(chain.ainvoke("dough")) == chain.invoke("dough")


def test_a_filter_restricts_it(library: Library) -> None:
    retriever = WhereinRetriever(library=library, only=parse_filter(types=["txt"]))
    assert [found.metadata["title"] for found in retriever.invoke("who may sign the lease?")] == ["bread.txt"]


def test_errors_are_those_of_the_library(library: Library) -> None:
    library.close()
    with pytest.raises(WhereinError, match="was closed"):
        WhereinRetriever(library=library).invoke("dough")
