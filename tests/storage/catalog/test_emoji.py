"""Emoji are words: what one picture is, and what its forms are."""

import pytest

from wherein.storage.catalog.emoji import emoji_forms
from wherein.storage.catalog.terms import terms_of, word_terms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Party 🎉!", ["Party", "🎉"]),
        ("🎉🎉", ["🎉", "🎉"]),
        ("so☀️hot", ["so", "☀️", "hot"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        ("👩🏽‍💻 codes", ["👩🏽‍💻", "codes"]),
        ("press 1️⃣ or #️⃣", ["press", "1️⃣", "or", "#️⃣"]),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿 wins", ["🏴󠁧󠁢󠁥󠁮󠁧󠁿", "wins"]),
        ("• item ™ → \ufe0f \u200d", ["item"]),
    ],
)
def test_the_words_of_a_text_with_emoji(text: str, words: list[str]) -> None:
    assert [word for word, _ in word_terms(text)] == words


@pytest.mark.parametrize(("one", "other"), [("❤️", "❤"), ("☀︎", "☀️"), ("👍🏿", "👍"), ("👩🏽‍💻", "👩‍💻"), ("1️⃣", "1⃣")])
def test_selectors_and_skin_tones_make_no_difference(one: str, other: str) -> None:
    assert list(terms_of(one)) == list(terms_of(other))


@pytest.mark.parametrize(("one", "other"), [("☀️", "❤️"), ("🇩🇪", "🇫🇷"), ("👩‍💻", "👨‍🚀"), ("1️⃣", "2️⃣"), ("😀", "😁")])
def test_different_pictures_share_no_term(one: str, other: str) -> None:
    assert set(terms_of(one)).isdisjoint(terms_of(other))


def test_joined_pictures_are_found_whole_and_one_by_one() -> None:
    assert emoji_forms("👩🏽‍💻") == ("👩\u200d💻", "👩", "💻")
    assert set(terms_of("💻")) < set(terms_of("👩‍💻"))
    assert emoji_forms("🏽") == ("🏽",)
    assert emoji_forms("word") == emoji_forms("12") == ()
