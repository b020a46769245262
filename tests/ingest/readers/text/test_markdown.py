"""Markdown with its headings and front matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_files import headings, read
from wherein.ingest.document import Mark

MARKDOWN = """\
---
title: "The guide"
author: Ada
tags: [a, b]
nested:
  key: value
---
# One *bold* `code`

```
# not a heading
```

> # quoted

Two
---

### Three

# Four
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_markdown(newline: str) -> None:
    text = MARKDOWN.replace("\n", newline)
    document = read(text.encode(), "guide.md")
    assert document.text == text
    assert document.title == "The guide"
    assert document.metadata == {"author": "Ada"}
    assert headings(document) == [
        (text.index("# One"), ("One bold code",)),
        (text.index("Two"), ("One bold code", "Two")),
        (text.index("### Three"), ("One bold code", "Two", "Three")),
        (text.index("# Four"), ("Four",)),
    ]


def test_markdown_titles() -> None:
    assert read(b"text\n\n## Later [link](x) &amp; <b>more</b>\n", "a.md").title == "Later link & more"
    assert read(b"text", "docs/a.md").title == "a.md"
    assert read(b"#\n\ntext", "a.md").marks == ()


@pytest.mark.parametrize(
    "text", ["---\njust a ruler\n---\n", "---\nkey: value\n", "---\n---\n# x", "text\n---\nkey: value\n---\n"]
)
def test_a_ruler_is_no_front_matter(text: str) -> None:
    assert read(text.encode(), "a.md").metadata == {}


KEYS = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_-]{0,8}\Z").filter(lambda key: key != "title")


VALUES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9 :#,.é-]{0,20}[a-z]\Z")


@given(st.dictionaries(KEYS, VALUES, min_size=1), st.sampled_from(["{}", "'{}'", '"{}"']), st.text(max_size=50))
def test_front_matter_round_trip(metadata: dict[str, str], quoted: str, body: str) -> None:
    lines = "".join(f"{key}: {quoted.format(value)}\n" for key, value in metadata.items())
    body = body.replace("\0", " ").encode(errors="replace").decode()
    text = f"---\n{lines}---\n# Body\n{body}"
    document = read(text.encode(), "a.md")
    assert document.metadata == metadata
    assert document.text == text
    assert document.marks[0] == Mark(text.index("# Body"), heading=("Body",))
