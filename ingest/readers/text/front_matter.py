"""Front matter: the `key: value` lines between two `---` at the top of a Markdown file."""

import re

__all__ = ["split_front_matter"]

_FENCE = re.compile(r"---[ \t]*(?:\r\n?|\n)")
_END = re.compile(r"(?<=[\r\n])(?:---|\.\.\.)[ \t]*(?:\r\n?|\n|\Z)")
_LINE = re.compile(r"([A-Za-z_][\w.-]*)[ \t]*:(?:[ \t]+(.*))?")


def split_front_matter(text: str) -> tuple[dict[str, str], int]:
    """Return the front matter's simple entries and the offset of the text after it.

    Nested values, lists and block scalars are left out: this is not a YAML parser. Without front matter the result is
    `({}, 0)`; a `---` at the top that is only a thematic break opens none.
    """
    opening = _FENCE.match(text)
    if not opening:
        return {}, 0
    end = _END.search(text, opening.end())
    if not end:
        return {}, 0
    lines = re.split(r"\r\n?|\n", text[opening.end() : end.start()])
    first = next((line for line in lines if line.strip() and not line.startswith("#")), None)
    if first is None or not _LINE.fullmatch(first):
        return {}, 0
    return dict(filter(None, map(_entry, lines))), end.end()


def _entry(line: str) -> tuple[str, str] | None:
    match = _LINE.fullmatch(line)
    value = (match[2] or "").strip() if match else ""
    if not match or not value or value[0] in "|>[{&*!":
        return None
    return match[1], _unquoted(value)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
