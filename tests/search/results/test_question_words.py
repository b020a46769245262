"""The words of a question that are marked in a text."""

import pytest

from wherein.search.results.question_words import question_words


def marked(text: str, question: str) -> list[str]:
    return [text[start:end] for start, end in question_words(question).spans(text)]


@pytest.mark.parametrize(
    ("text", "question", "words"),
    [
        ("Leases: the leaseholder signs leases.", "what is a lease?", ["Leases", "leases"]),
        ("two studies of oﬃce work", "a study of the office", ["studies", "oﬃce"]),
        ("A naive walk in the STRASSE", "naïve Straße", ["naive", "STRASSE"]),
        ("des Vertrages, dem Vertrage", "der Vertrag", ["Vertrages", "Vertrage"]),
        ("Договоры подписаны", "кто подписал договор?", ["Договоры", "подписаны"]),
        ("पट्टे पर हस्ताक्षर", "हस्ताक्षर किसने किए?", ["हस्ताक्षर"]),
        ("房主可以签署租约。", "谁可以签署租约？", ["可以签署租约"]),
        ("喝茶时间", "茶", ["茶"]),
        ("ผู้เช่าลงนามในสัญญา", "สัญญา", ["สัญญา"]),
        ("임대 계약은 소유자가", "계약을", ["계약"]),
        ("call getUserName here", "the user name", ["getUserName"]),
        ("ship it 🚀 now", "🚀", ["🚀"]),
        ("what is it? that is what.", "what is it?", ["what", "is", "it", "is", "what"]),  # there is nothing else
        ("nothing here", "?!", []),
        ("nothing here", "x" * 3_000, []),
    ],
)
def test_words_are_marked_as_keyword_search_compares_them(text: str, question: str, words: list[str]) -> None:
    assert marked(text, question) == words


def test_each_word_counts_once() -> None:
    assert question_words("the lease of the house").count("A lease, two leases, no flat.") == 1
    assert question_words("签署租约").count("签署签署") == 1
