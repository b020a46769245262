"""The main content of a page."""

import pytest

from wherein.ingest.readers.html.main_content import main_blocks
from wherein.ingest.readers.html.page import parse_page, render_page

LONG, SHORT, SIDE = "long " * 30, "short " * 5, "side"


def texts(source: str) -> list[str]:
    return [block.text for block in main_blocks(render_page(parse_page(source)))]


@pytest.mark.parametrize(
    "tags",
    [("main", "main"), ("div role=main",) * 2, ("main", "div role=main"), ("article", "article"), ("article",) * 30],
)
def test_all_of_one_rank_count_together(tags: tuple[str, ...]) -> None:
    parts = [f"<{tag}><p>{index} {LONG if index == 1 else SHORT}</{tag.split()[0]}>" for index, tag in enumerate(tags)]
    found = texts(f"<p>{SIDE}</p>" + f"<p>{SIDE}</p>".join(parts))
    assert [text.split()[0] for text in found] == [str(index) for index in range(len(tags))]


def test_the_outer_one_holds_the_inner_one() -> None:
    inner = f"<article><p>inner {LONG}</article>"
    assert texts(f"<p>{SIDE}</p><article><p>lead</p>{inner}<p>end</p></article>") == [
        "lead", f"inner {LONG.strip()}", "end",
    ]  # fmt: skip
    assert texts(f"<p>{SIDE}</p><main><p>lead</p>{inner}</main>") == ["lead", f"inner {LONG.strip()}"]


def test_a_rank_that_holds_too_little_gives_way_to_the_next() -> None:
    assert texts(f"<main>{SHORT}</main><p>{SIDE}</p><article>{LONG}</article>") == [LONG.strip()]
    assert texts(f"<main>{SHORT}</main><p>{LONG}</p>") == [SHORT.strip(), LONG.strip()]


def test_several_in_the_rows_of_a_table() -> None:
    rows = "".join(f"<tr><td><article>{word}</article><td>x" for word in ("one", "two"))
    assert texts(f"<table>{rows}</table>") == ["one | x", "two | x"]
