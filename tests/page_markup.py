"""What a document or a question could smuggle into a page."""

import re
from html.parser import HTMLParser

__all__ = ["unescaped"]

_OURS = frozenset(
    (
        "html", "head", "meta", "title", "link", "script", "body", "a", "header", "img", "nav", "main", "h1", "h2",
        "h3", "form", "div", "input", "kbd", "button", "details", "summary", "span", "ul", "ol", "li", "small", "p",
        "label", "q", "article", "time", "strong", "b", "mark", "i", "section", "dl", "dt", "dd", "progress",
        "textarea", "code",
    )
)  # fmt: skip


class _Markup(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        odd = {name for name in names if name.startswith("on") or name in ("style", "srcdoc")}
        ids = {value for name, value in attrs if name == "id" and value in ("bold", "slant")}
        if tag not in _OURS or odd or ids:
            self.found.append(tag)


def unescaped(page: str) -> list[str]:
    """Return the elements of a page that are not its own."""
    parser = _Markup()
    parser.feed(re.sub(r"<!doctype html>", "", page))
    return parser.found
