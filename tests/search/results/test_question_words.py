"""The words of a question that are marked in a text."""

import time

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
        ("Der Vertrag und die Frau", "Wer unterschreibt den Vertrag und die Urkunde?", ["Vertrag"]),
        ("Le bail et les Alpes dans", "Qui signe le bail dans les Alpes ?", ["bail", "Alpes"]),
        ("Договор для квартиры", "что нужно для договора?", ["Договор"]),
        ("A mint ale from MIT", "who sells mint ale at MIT?", ["mint", "ale", "MIT"]),  # small words of other languages
        ("Don't. Doesn't it? It's the cat's.", "why doesn't the cat, and what's it?", ["cat's"]),
        ("car cart care carbon; art article", "car art", ["car", "art"]),
        ("1234 and 1234567, 12345", "error 1234", ["1234"]),
        ("x86, 86 and x", "x86", ["x86"]),
        ("wi-fi wifi WiFi wi fi", "wi-fi", ["wi-fi", "wifi", "WiFi"]),
        ("wi-fi so\u00adft", "wifi soft", ["wi-fi", "so\u00adft"]),
        ("3.11.4 for 3 of 11", "version 3.11.4", ["3.11.4"]),
        ("1,299.99 or 299 or 1299.99", "1299.99", ["1,299.99", "1299.99"]),
        ("5 of 0.5 and 5,000; chapter 5.", "chapter 5", ["5", "chapter", "5"]),
        ("on 2019-05-03", "2019", ["2019"]),
        ("C++, not C", "what is C++?", ["C++"]),
        ("user_name", "getUserName", ["user", "name"]),
        ("価格です。本です。", "価格は何ですか", ["価格"]),
        ("りんごです。", "りんごですか", ["りんごです"]),  # there is nothing else
        ("it is", "what is ___?", ["is"]),
        ("nothing here", "?!", []),
        ("nothing here", "x" * 3_000, []),
    ],
)
def test_words_are_marked_as_keyword_search_compares_them(text: str, question: str, words: list[str]) -> None:
    assert marked(text, question) == words


def test_each_word_counts_once() -> None:
    assert question_words("the lease of the house").count("A lease, two leases, no flat.") == 1
    assert question_words("签署租约").count("签署签署") == 1


@pytest.mark.parametrize(
    "question",
    ["".join(f"日{chr(0x4E00 + n)}" for n in range(1_000)), "ab " * 666, "e\u0301" * 999],
    ids=["日", "ab", "é"],
)
def test_marking_takes_time_linear_in_the_length_of_the_text(question: str) -> None:
    for piece in ("日", "日本", "word ", "\ufdfa", "a\u0301", "👩\u200d", "ab.cd-", "x1 ", "İ"):
        began = time.process_time()
        list(question_words(question).spans(piece * (60_000 // len(piece))))
        assert time.process_time() - began < 2, piece
