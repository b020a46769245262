"""A library as a retriever of LangChain, which returns its passages. Needs the extra `langchain`."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from wherein.library import Filter, Hit, Library

__all__ = ["WhereinRetriever"]


class WhereinRetriever(BaseRetriever):
    """Returns the `k` best passages of `library`, ranked by `mode`, of documents that pass the filter `only`.

    The metadata of a passage are `source`, a citation (URI#line), `title`, `heading`, `page`, `start`, `end`, `score`
    and `chance`. Raises as `Library.query` does.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Library
    k: int = 5
    mode: str = "hybrid"
    only: Filter | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        answer = self.library.query(query, self.k, mode=self.mode, only=self.only)
        return [_document(hit) for hit in answer.hits]


def _document(hit: Hit) -> Document:
    named = {name: getattr(hit, name) for name in ("title", "page", "start", "end", "score", "chance")}
    metadata = {"source": f"{hit.uri}#{hit.line}", "heading": list(hit.heading), **named}
    return Document(page_content=hit.text, metadata=metadata, id=f"{hit.uri}#{hit.start}-{hit.end}")
