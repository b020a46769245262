"""Texts in marked pieces."""

from hypothesis import given
from hypothesis import strategies as st

from wherein.server.page.marks import pieces, word_marks


def shown(text: str, *marks: tuple[int, int, str], cuts: tuple[int, ...] = ()) -> list[tuple[str, str]]:
    return [(piece.text, "+".join(sorted(piece.kinds))) for piece in pieces(text, marks, cuts)]


def test_pieces_know_all_that_they_are_a_part_of() -> None:
    assert shown("abcdef", (1, 5, "passage"), (2, 3, "word"), (2, 4, "sentence")) == [
        ("a", ""), ("b", "passage"), ("c", "passage+sentence+word"), ("d", "passage+sentence"), ("e", "passage"),
        ("f", ""),
    ]  # fmt: skip


def test_a_text_is_cut_where_it_has_to_be() -> None:
    assert shown("abcd", (2, 9, "passage"), cuts=(1, 3)) == [("a", ""), ("b", ""), ("c", "passage"), ("d", "passage")]
    assert shown("", (0, 3, "word")) == []
    assert [piece.start for piece in pieces("abcd", [], [2], offset=10)] == [10, 12]


def test_words_of_the_question_are_marked_with_their_endings() -> None:
    text = "The leases were signed."
    assert [text[start:end] for start, end, _ in word_marks(text, "who signed the lease?")] == ["leases", "signed"]


@given(st.text(), st.lists(st.tuples(st.integers(-3, 30), st.integers(-3, 30), st.sampled_from(["a", "b"]))))
def test_nothing_is_lost(text: str, marks: list[tuple[int, int, str]]) -> None:
    found = pieces(text, marks)
    assert "".join(piece.text for piece in found) == text
    for piece in found:
        expected = {kind for start, end, kind in marks if start <= piece.start and piece.start + len(piece.text) <= end}
        assert piece.kinds == expected
