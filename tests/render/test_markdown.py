"""Answers in Markdown: nothing in a document counts as markup."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from made_hits import made_hit
from wherein.render.markdown import markdown
from wherein.search.exact_answer import ExactAnswer
from wherein.search.hits import Hit
from wherein.search.pipeline import Answer


def answer(*hits: Hit, question: str = "who may sign?") -> Answer:
    return Answer(question, "", list(hits), (), None)


def test_an_answer_is_a_list_of_sentences_locations_and_passages() -> None:
    first = made_hit(
        "# Signing\n\nThe owner may sign.\nRent is due.", uri="file:///d/a%20b.md", media_type="text/markdown",
        heading=("Signing",), chance=0.83, freshness="fresh",
    )  # fmt: skip
    second = made_hit("Cats sleep.", rank=12, uri="stdin:memo", page=None, recognized=True, freshness="unknown")
    assert markdown(answer(first, second)) == (
        "## who may sign?\n\n"
        "1. **The owner may sign.**\n\n"
        "   [/d/a b.md:3](<file:///d/a%20b.md>) · Signing · very likely, 83 % · fresh\n\n"
        "   > \\# Signing\n   >\n   > The owner may sign.\\\n   > Rent is due.\n\n"
        "12. **Cats sleep.**\n\n"
        "    stdin:memo:1 · read by OCR · score 0.50 · unknown\n\n"
        "    > Cats sleep.\n"
    )
    assert markdown(answer(), None) == "## who may sign?\n"


def test_exact_answers_follow_the_location() -> None:
    shown = markdown(answer(made_hit("The owner may sign.")), [ExactAnswer("The *owner*", 0, 9, 0.9)])
    assert "\n\n   answer: The \\*owner\\* (0.90)\n\n   > The owner" in shown


@pytest.mark.parametrize(
    "text",
    [
        "**bold** _a_ snake_case `code` <b>x</b> [link](http://x) ![](y) &amp; AT&T a|b ~~x~~ $x$",
        "# Heading\n## Two\nUnder\n===\nLine\n---",
        "- item\n+ item\n* item\n1. item\n2) item\n> quote",
        "```\nfence\n```\n~~~\nfence\n~~~",
        "a | b\n--- | ---\n1 | 2",
        "<script>alert(1)</script>\n<!-- x -->",
        "[ref]: http://example.org\nback\\slash\\",
        "    def square(*numbers):\n        return numbers[0] ** 2\n\n    print(square(`2`))\n\n\t- item",
    ],
)
def test_markup_is_shown_as_it_is_written(text: str) -> None:
    lines = [" ".join(line.split()) for line in text.split("\n") if line]
    assert [" ".join(line.split()) for line in quoted(markdown(answer(made_hit(text))))] == lines


def test_signs_at_the_end_of_a_question_are_part_of_its_heading() -> None:
    shown = markdown(answer(question="which keys are # and ##"))
    assert MarkdownIt().render(shown) == "<h2>which keys are # and ##</h2>\n"


@settings(max_examples=150)
@given(st.text(st.sampled_from("a1 \n#*_`[]()<>&;|~$\\-+=.!\"':"), min_size=1, max_size=40).filter(str.strip))
def test_any_text_is_one_quotation(text: str) -> None:
    shown = quoted(markdown(answer(made_hit(text))))
    assert "".join("".join(shown).split()) == "".join(text.split())


def quoted(shown: str) -> list[str]:
    """Return the lines of the quotation in what is shown, as a reader of GitHub's Markdown sees them."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
    start = next(at for at, token in enumerate(tokens) if token.type == "blockquote_open")
    lines: list[str] = []
    for token in tokens[start:]:
        assert token.type in {
            "blockquote_open", "blockquote_close", "paragraph_open", "paragraph_close", "inline", "list_item_close",
            "ordered_list_close",
        }, token  # fmt: skip
        if token.type == "inline":
            assert {child.type for child in token.children or ()} <= {"text", "text_special", "hardbreak", "softbreak"}
            lines += "".join(
                child.content if child.type.startswith("text") else "\n" for child in token.children or ()
            ).split("\n")
    return lines
