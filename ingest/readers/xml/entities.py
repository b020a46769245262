"""The short texts that a document type declares, such as the name of a product, in their places."""

import re

__all__ = ["with_entities"]

# What is longer, or more often used, may be a bomb and stands as written.
_MAX_LENGTH, _MAX_REFERENCES = 200, 10_000
_DOCTYPE = re.compile(r"<!DOCTYPE\s+([\w:.-]+)([^\[>]*+)\[(.*?)\]\s*+>", re.DOTALL)
_ENTITY = re.compile(
    r"""<!ENTITY\s+([\w:.-]+)\s+(?:(?:SYSTEM|PUBLIC)\s[^>]*+|"([^"]*+)"\s*+|'([^']*+)'\s*+)>|<!--.*?-->""", re.DOTALL
)
_REFERENCE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&([\w:.-]++);", re.DOTALL)
# With a document type elsewhere, a name that is not declared is no error.
_OUTSIDE = '<!DOCTYPE {} SYSTEM "">'


def with_entities(source: str) -> str:
    """Return XML with the texts that it declares itself in their places, without the declarations.

    Files that it declares are not read: they add nothing.
    """
    doctype = _DOCTYPE.search(source)
    if not doctype or "<!ENTITY" not in doctype[3]:
        return source
    texts: dict[str, str] = {}
    for name, text, other in _ENTITY.findall(doctype[3]):
        text = _filled(text or other, texts)
        if name and len(text) <= _MAX_LENGTH:
            texts.setdefault(name, text)
    head = source[: doctype.start()] + _OUTSIDE.format(doctype[1])
    return head + _filled(source[doctype.end() :], texts)


def _filled(source: str, texts: dict[str, str]) -> str:
    return _REFERENCE.sub(lambda match: texts.get(match[1] or "", match[0]), source, count=_MAX_REFERENCES)
