"""The text of a line of AsciiDoc as a person reads it: without marks, and of links and macros what is shown of them."""

import re
from collections.abc import Mapping

__all__ = ["without_markup"]

_REFERENCE = re.compile(r"(?<!\\)\{(\w[\w-]*)\}")
_CHARACTERS = {
    "nbsp": " ", "sp": " ", "empty": "", "blank": "", "plus": "+", "amp": "&", "lt": "<", "gt": ">", "apos": "'",
    "quot": '"', "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "asterisk": "*", "backtick": "`", "vbar": "|",
    "startsb": "[", "endsb": "]", "caret": "^", "tilde": "~", "backslash": "\\", "two-colons": "::", "deg": "°",
    "zwsp": "", "wj": "",
}  # fmt: skip
# A verbatim phrase comes first, so that nothing inside it is taken for a mark.
_INLINE = re.compile(
    r"""`\+(?P<literal>[^`\n]{1,500}?)\+`
      | "`(?P<quoted>[^`\n]{1,500}?)`"
      | (?P<ticks>``?)(?P<code>[^`\n]{1,500}?)(?P=ticks)
      | \+\+\+(?P<passed>.{0,500}?)\+\+\+
      | (?:image::?|kbd:|btn:|pass:\w*,?\w*|stem:|latexmath:|asciimath:|footnote:|icon:|indexterm2?:)
        (?P<macro>[^\s\[\]]{0,200})\[(?P<shown>(?:[^\]\\]|\\.){0,500})\]
      | (?:(?:link|xref|mailto):(?P<target>[^\s\[\]]{1,200})|(?P<url>\b(?:https?|ftp|irc)://[^\s\[\]<>]{1,300}))
        \[(?P<link>(?:[^\]\\]|\\.){0,500})\]
      | menu:(?P<menu>[^\s\[\]]{1,200})\[(?P<entry>[^\]]{0,200})\]
      | <<(?P<anchor>[^<>,\n]{1,200})(?:,(?P<named>[^<>\n]{1,500}))?>>
      | \[\[[^\[\]\n]{1,200}\]\] | \(\(\([^()\n]{1,200}\)\)\) | \(\((?P<term>[^()\n]{1,200})\)\)
      | (?:\[[.\#%][^\[\]\n]{1,100}\])?(?P<double>\*\*|__|\#\#)(?P<inner>[^\n]{1,500}?)(?P=double)
      | (?:\[[.\#%\w-][^\[\]\n]{0,100}\])?
        (?<![\w\\;:}])(?P<mark>[*_\#])(?P<marked>[^\s*_\#](?:(?:(?!(?P=mark))[^\n]){0,500}?\S)?)(?P=mark)(?!\w)
      | [ \t]\+$""",
    re.VERBOSE,
)
_MAX_DEPTH = 4


def without_markup(text: str, attributes: Mapping[str, str]) -> str:
    """Return a line as it is shown; `attributes` are the values of references such as `{version}`."""
    return _shown_text(_REFERENCE.sub(lambda match: _value(match, attributes), text), 0)


def _value(match: re.Match[str], attributes: Mapping[str, str]) -> str:
    name = match[1].lower()
    return _CHARACTERS.get(name, attributes.get(name, attributes.get(match[1], match[0])))


def _shown_text(text: str, depth: int) -> str:
    if depth > _MAX_DEPTH:
        return text
    return _INLINE.sub(lambda match: _shown(match, depth + 1), text)


def _shown(match: re.Match[str], depth: int) -> str:
    """Return what is shown of one phrase, link or macro."""
    found = match.groupdict()
    for name in ("literal", "code", "passed"):
        if found[name]:
            return str(found[name])
    if found["quoted"]:
        return f"“{_shown_text(found['quoted'], depth)}”"
    for name in ("inner", "marked", "named", "term"):
        if found[name]:
            return _shown_text(found[name], depth)
    if found["menu"]:
        return " > ".join(filter(None, (found["menu"], found["entry"])))
    if found["shown"] is not None:
        return _macro(match[0], found["shown"], depth)
    if found["link"] is not None:
        shown = _first_value(found["link"]).removesuffix("^").strip()
        return _shown_text(shown, depth) or found["target"] or found["url"]
    return found["anchor"] or ""


def _macro(source: str, shown: str, depth: int) -> str:
    if source.startswith("footnote:"):
        return f" ({_shown_text(shown, depth)})" if shown else ""
    if source.startswith(("image:", "icon:")):
        return _first_value(shown).partition(",")[0]
    return "" if source.startswith("indexterm:") else shown


def _first_value(attributes: str) -> str:
    """Return the text among the attributes of a macro: `Alt text,200,role=left`."""
    if attributes.startswith('"'):
        return attributes[1:].partition('"')[0]
    named = re.search(r"(?:^|,)\s*\w+\s*=", attributes)
    return attributes[: named.start()] if named else attributes
