"""The metadata in the head of a web page."""

from selectolax.lexbor import LexborHTMLParser

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.metadata import iso_time, standard_metadata

__all__ = ["metadata_of"]

# Names of <meta> elements in lower case, the preferred one first; keywords are collected from all of theirs.
_AUTHOR = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author")
_DESCRIPTION = ("description", "og:description", "dc.description", "dcterms.description")
_KEYWORDS = ("keywords", "dc.subject", "dcterms.subject", "article:tag")
_CREATED = ("article:published_time", "date", "dc.date", "dcterms.created", "dcterms.date", "citation_date", "created")
_MODIFIED = ("article:modified_time", "og:updated_time", "dcterms.modified", "last-modified", "modified")


def metadata_of(tree: LexborHTMLParser) -> dict[str, JSONValue]:
    """Return author, description, keywords, dates and language, as far as the page states them."""
    values: dict[str, list[str]] = {}
    for node in tree.css("meta"):
        attributes = node.attributes
        name = attributes.get("name") or attributes.get("property") or ""
        values.setdefault(name.strip().lower(), []).append((attributes.get("content") or "").strip())
    authors = [author for author in _preferred(values, _AUTHOR) if "://" not in author]
    return standard_metadata(
        author=authors,
        description=next(iter(_preferred(values, _DESCRIPTION)), ""),
        keywords=[content for name in _KEYWORDS for content in values.get(name, [])],
        language=_language(tree),
        created=next(filter(iso_time, _preferred(values, _CREATED)), ""),
        modified=next(filter(iso_time, _preferred(values, _MODIFIED)), ""),
    )


def _preferred(values: dict[str, list[str]], names: tuple[str, ...]) -> list[str]:
    return next((contents for name in names if any(contents := values.get(name, []))), [])


def _language(tree: LexborHTMLParser) -> str:
    root = tree.css_first("html")
    return (root.attributes.get("lang") or root.attributes.get("xml:lang") or "") if root else ""
