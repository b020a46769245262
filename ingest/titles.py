"""Which title is embedded with the passages of a document (docs/decisions/titles.md)."""

from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from wherein.ingest.readers.archives.inner_name import inner_name
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.storage.catalog.titled_texts import TitledText

__all__ = ["embedded_title", "titled"]


def embedded_title(metric: str, uri: str, title: str) -> str:
    """Return the title that is embedded with a document's passages, "" where none is.

    It has to be in the document: a reader that finds none returns the name of the file. That a title helps was
    measured only for models whose metric is cosine.
    """
    return title if metric == "cosine" and title.strip() and not _is_file_name(uri, title) else ""


def titled(passage: str, title: str) -> TitledText:
    """Return the model input of a passage of a document with this embedded title; it does not repeat the passage."""
    return TitledText(passage, "" if title.split() == passage.split() else title)


def _is_file_name(uri: str, title: str) -> bool:
    location, _, key = uri.partition("#")
    has_suffix = bool(PurePath(title).suffix)
    if location.startswith(("https:", "http:")):
        parts = urlsplit(location)
        name = _last(parts.path) or parts.netloc
        if has_suffix and title.rpartition(".")[0] == name:  # the suffix was added for the reader
            return True
    else:
        name = _last(location.partition(":")[2])
    # The key of a record may be the title found in it; that of a member of an archive is a path.
    member = _last(key) if has_suffix else ""
    return title in (name, inner_name(name), member, inner_name(member))


def _last(path: str) -> str:
    """Return the last part of a path as a reader makes a title of it."""
    return name_as_title(unquote(path, errors="surrogateescape"))
