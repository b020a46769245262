"""What a web page says about itself in its head."""

from selectolax.lexbor import LexborHTMLParser

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.metadata import described, stamp

__all__ = ["metadata_of"]

# By their names in lower case, the first that says something counts.
_AUTHOR = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author")
_DESCRIPTION = ("description", "og:description", "dc.description", "dcterms.description")
_KEYWORDS = ("keywords", "dc.subject", "dcterms.subject", "article:tag")
_CREATED = ("article:published_time", "date", "dc.date", "dcterms.created", "dcterms.date", "citation_date", "created")
_MODIFIED = ("article:modified_time", "og:updated_time", "dcterms.modified", "last-modified", "modified")


def metadata_of(tree: LexborHTMLParser) -> dict[str, JSONValue]:
    """Return author, description, keywords, dates and language, as far as the page names them."""
    said: dict[str, list[str]] = {}
    for node in tree.css("meta"):
        attributes = node.attributes
        name = attributes.get("name") or attributes.get("property") or ""
        said.setdefault(name.strip().lower(), []).append((attributes.get("content") or "").strip())
    authors = [author for author in _first(said, _AUTHOR) if "://" not in author]
    return described(
        author=authors,
        description=next(iter(_first(said, _DESCRIPTION)), ""),
        keywords=_first(said, _KEYWORDS),
        language=_language(tree),
        created=next(filter(stamp, _first(said, _CREATED)), ""),
        modified=next(filter(stamp, _first(said, _MODIFIED)), ""),
    )


def _first(said: dict[str, list[str]], names: tuple[str, ...]) -> list[str]:
    return next((found for name in names if any(found := said.get(name, []))), [])


def _language(tree: LexborHTMLParser) -> str:
    root = tree.css_first("html")
    return (root.attributes.get("lang") or root.attributes.get("xml:lang") or "") if root else ""
