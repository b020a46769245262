"""A tree of HTML elements as blocks of text."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from wherein.ingest.readers.html.render import render
from wherein.ingest.readers.shared.blocks import BlockWriter, Candidate


def rendered(source: str, dropped: str = "", ranked: str = "") -> BlockWriter:
    tree = LexborHTMLParser(source)
    assert tree.body is not None
    ids = {node.mem_id for node in tree.css(dropped)} if dropped else set()
    ranks = {node.mem_id: rank for rank, node in enumerate(tree.css(ranked))} if ranked else {}
    return render(tree.body, ids, ranks)


def texts(source: str, dropped: str = "") -> list[str]:
    return [block.text for block in rendered(source, dropped).blocks]


def test_elements_in_their_order() -> None:
    assert texts("<p>a<b>b</b>c<ul><li>d<li>e</ul>f") == ["abc", "- d", "- e", "f"]


def test_comments_are_no_text() -> None:
    assert texts("<p>a<!-- b -->c") == ["ac"]


def test_dropped_nodes_are_left_out_with_everything_inside() -> None:
    assert texts("<p>a<i>b<u>c</u></i>d<nav><p>e</nav>", "i, nav") == ["ad"]


def test_the_link_of_a_heading_to_itself_is_left_out() -> None:
    assert texts("<h1>Title<a href='#x'>¶</a></h1><p>¶ 5") == ["Title", "¶ 5"]


def test_candidates_are_ranges_of_blocks() -> None:
    page = rendered("<p>a<main><p>b<article><p>c<p>d</article></main><p>e", ranked="main, article")
    assert [block.text for block in page.blocks] == ["a", "b", "c", "d", "e"]
    assert page.candidates == [Candidate(1, 2, 4), Candidate(0, 1, 4)]


def test_text_beside_a_candidate_is_not_part_of_it() -> None:
    page = rendered("<div>a<span>b</span>c</div>", ranked="span")
    (candidate,) = page.candidates
    assert [block.text for block in page.blocks[candidate.start : candidate.end]] == ["b"]


@pytest.mark.parametrize("tag", ["div", "b", "ul"])
def test_depth_does_not_matter(tag: str) -> None:
    assert texts(f"<{tag}>" * 5_000 + "deep")[-1].endswith("deep")


def test_formulas() -> None:
    formula = (
        "<math><semantics><mfrac><mi>x</mi><mn>2</mn></mfrac><annotation>x \\over 2</annotation></semantics></math>"
    )
    assert texts(f"<p>half: {formula}, so</p><p><math hidden><mi>y</mi></math>", "[hidden]") == ["half: x/2, so"]
