"""The lines between two `---` at the top of a Markdown file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_files import read
from wherein.ingest.document import Mark
from wherein.ingest.readers.text.front_matter import split_front_matter

KEYS = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_-]{0,8}\Z").filter(lambda key: key != "title")

VALUES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9 :#,.é-]{0,20}[a-z]\Z")


@pytest.mark.parametrize(
    "text", ["---\njust a ruler\n---\n", "---\nkey: value\n", "---\n---\n# x", "text\n---\nkey: value\n---\n"]
)
def test_a_ruler_is_no_front_matter(text: str) -> None:
    assert read(text.encode(), "a.md").metadata == {}


@given(st.dictionaries(KEYS, VALUES, min_size=1), st.sampled_from(["{}", "'{}'", '"{}"']), st.text(max_size=50))
def test_front_matter_round_trip(metadata: dict[str, str], quoted: str, body: str) -> None:
    lines = "".join(f"{key}: {quoted.format(value)}\n" for key, value in metadata.items())
    body = body.replace("\0", " ").encode(errors="replace").decode()
    text = f"---\n{lines}---\n# Body\n{body}"
    document = read(text.encode(), "a.md")
    assert document.metadata == metadata
    assert document.text == text
    assert document.marks[0] == Mark(text.index("# Body"), heading=("Body",))


FRONT = """---
# a comment
title: "The guide"
author:  Ada
empty:
list: [a, b]
text: |
nested:
  key: value
anchor: &a b
quote: 'it''s'
not a pair
...
# Body
"""


def test_simple_entries_are_kept_and_the_rest_is_left_out() -> None:
    entries, offset = split_front_matter(FRONT)
    assert entries == {"title": "The guide", "author": "Ada", "quote": "it''s"}
    assert FRONT[offset:] == "# Body\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_ends(newline: str) -> None:
    text = newline.join(("---", "a: b", "---", "text"))
    entries, offset = split_front_matter(text)
    assert (entries, text[offset:]) == ({"a": "b"}, "text")


def test_front_matter_alone() -> None:
    assert split_front_matter("---\na: b\n---") == ({"a": "b"}, 12)
    assert split_front_matter("") == ({}, 0)
