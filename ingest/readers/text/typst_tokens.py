"""The tokens of Typst, in markup and in code.

A token that is not closed ends with the file, so that a scan takes linear time.
"""

import re

__all__ = ["CODE", "LITERAL", "MARKUP"]

_SHARED = r"""(?P<comment>(?<!:)//[^\n]*|/\*(?s:.*?)(?:\*/|\Z))
    | (?P<raw>(?P<ticks>`{3,20}+)[\w+-]*(?P<block>(?s:.*?))(?:(?P=ticks)|\Z)|`(?P<code>[^`]*)(?:`|\Z))
    | (?P<math>\$(?:[^$\\]|\\(?s:.))*+(?:\$|\Z|\\))
    | (?P<newline>\n)"""
MARKUP = re.compile(
    rf"""{_SHARED}
    | (?P<statement>\#(?:set|show|let|import|include|if|for|while|context|return)\b)
    | \#(?P<call>[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)*)(?=[(\[]) | \#(?P<value>[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)*);?
    | \#(?P<inline>[(\[{{])
    | (?P<label>[ \t]?<[\w:.-]+>) | \\u\{{(?P<hex>[\da-fA-F]{{1,6}})\}} | \\(?P<escaped>\S) | (?P<broken>\\(?=\s))
    | (?P<heading>(?<![^\n])[ \t]*(?P<signs>=+)[ \t]+) | (?P<open>\[) | (?P<close>\])
    | (?P<mark>(?<!\w)[*_]+(?=\S)|(?<=\S)[*_]+(?!\w)) | (?P<blank>~) | (?P<text>[^\W_]+[ ,.]?|(?<!\n)[ \t]++|(?s:.))""",
    re.VERBOSE,
)
CODE = re.compile(
    rf"""{_SHARED}
    | (?P<string>"(?:[^"\\]|\\(?s:.))*+(?:"|\Z|\\)) | (?P<open>[(\[{{]) | (?P<close>[)\]}}]) | (?P<end>;) | (?P<comma>,)
    | (?P<other>\w+|(?s:.))""",
    re.VERBOSE,
)
LITERAL = re.compile(
    r'#let[ \t]+([\w-]+)[ \t]*=[ \t]*(?:"([^"\n]{1,200})"|(-?[\d.]{1,20}\w{0,2}))[ \t]*$', re.MULTILINE
)
"""A name for a text or a number, as in `#let version = 2`."""
