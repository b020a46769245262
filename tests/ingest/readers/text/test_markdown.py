"""Markdown with its headings and front matter."""

import pytest

from text_files import headings, read

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
    assert document.metadata == {"author": "Ada", "tags": ["a", "b"], "nested": {"key": "value"}}
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
