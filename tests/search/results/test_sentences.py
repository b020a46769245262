"""Where sentences begin and end, and which one of a hit is marked."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_hits import made_hit
from wherein.search.hits import Hit, Sentence
from wherein.search.results.sentences import sentence_spans, with_sentences
from wherein.storage.catalog.terms import terms_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("A line\nthat goes on. Next.", ["A line\nthat goes on.", "Next."]),
        ("# Title\n\nText, e.g. this one.\n- one\n- two", ["# Title", "Text, e.g. this one.", "- one", "- two"]),
        ('He said "No." Then J. Smith left.', ['He said "No."', "Then J. Smith left."]),
        ("Der 3. Oktober im 20. Jahrhundert. Am 1. Mai.", ["Der 3. Oktober im 20. Jahrhundert.", "Am 1. Mai."]),
        ("It ended 24-10. I am 30. He scored 3. Then", ["It ended 24-10.", "I am 30.", "He scored 3.", "Then"]),
        ("日本語です。次の文。", ["日本語です。", "次の文。"]),
        ("彼は「行く。」と言った。（終わり。）次。", ["彼は「行く。」", "と言った。", "（終わり。）", "次。"]),
        ("他问：“真的吗？！”她点头。", ["他问：“真的吗？！”", "她点头。"]),
        ("नई दिल्ली राजधानी है। गंगा नदी है॥ यहाँ।", ["नई दिल्ली राजधानी है।", "गंगा नदी है॥", "यहाँ।"]),
        ("ما هي العاصمة؟ القاهرة. نعم!", ["ما هي العاصمة؟", "القاهرة.", "نعم!"]),
        ("یہ ایک جملہ ہے۔ یہ دوسرا ہے۔", ["یہ ایک جملہ ہے۔", "یہ دوسرا ہے۔"]),
        ("Version 2.5 is out. it is small", ["Version 2.5 is out. it is small"]),
        ("---\nyear: 2019\n---\nThe baker dances.", ["year: 2019", "The baker dances."]),
        ("---\r\nyear: 2019\r\n---\r\nThe baker dances.", ["year: 2019", "The baker dances."]),
        ("A title\n=======\nText\n* * *\nMore\n\n___\n", ["A title", "Text", "More"]),
        ("| a | b |\n|---|:-:|\n| c | d |", ["| a | b |", "| c | d |"]),
        ("+++\na = 1\n+++\nBody", ["a = 1", "Body"]),
        ("A -- b\n--\nc", ["A -- b", "--\nc"]),
        ("```python\nprint(1)\n```\nText", ["print(1)", "Text"]),
        ("Done.\n\n---\n\nMore.\n```\ncode", ["Done.", "More.", "code"]),
        ("2026-05-03T10:00 up\n2026-05-03 10:01 down", ["2026-05-03T10:00 up", "2026-05-03 10:01 down"]),
        (" \n ... \n", []),
        ("", []),
    ],
)  # fmt: skip
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "M. Dupont a signé. | Mme. Martin habite av. Foch, no. 12. | Fin.",
        "Esim. Helsinki on kaupunki. | Se on suuri.",
        "Han bor f.eks. Aarhus nær. | Den 3. juni er fri.",
        "El Sr. García firma. | EE. UU. es grande; véase la pág. 12. | La Sra. López no.",
        "Il Sig. Rossi firma. | Dott. Bianchi no.",
        "Umowę podpisał p. Kowalski z ul. Długiej, nr. 3. | Dnia 3. maja przyszedł inż. Nowak.",
        "V 2. patře bydlí Ing. Novák podle čl. 5 smlouvy. | Konec.",
        "Sözleşmenin 2. maddesi. | Doç. Dr. Ayşe Yılmaz, Atatürk Cad. No. 5. | Son.",
        "Подписывает владелец, т. е. И. И. Иванов. | Живёт на ул. Ленина, д. 5. | Это было в 2019 г. | Да.",
        "Ο κ. Παπαδόπουλος ήρθε. | Η κα. Μαρία όχι.",
        "डॉ. शर्मा आए। | किराया रु. 500 है।",
        "الدكتور د. أحمد هنا. | نعم.",
        "Berlin, 3. Mai 2019. | Am\n3. Oktober in der Goethestr. 12. | Jeder 2. Deutsche, z. B. Dr. med. A. Maier.",
        "Mr. Lee lives at no. 7. | I like modern art. | I don't. | It is 12 m. | Then he scored 3. | He left.",
        "1. The owner signs. | 2. The tenant pays. | IV. Scope. | 2.1. Rent.",
        "- Plan B. |\n- Plan C.",
    ],
)
def test_abbreviations_ordinals_and_numbering_do_not_end_a_sentence(text: str) -> None:
    found = sentence_spans(text.replace(" |", ""))
    assert [text.replace(" |", "")[start:end] for start, end in found] == [part.strip() for part in text.split(" |")]


def test_finding_sentences_takes_time_linear_in_the_length_of_the_text() -> None:
    for piece in ("T. ", "1. ", "am 3. ", "x\n", "`", "\n```a", "\n2026-05-03", "str. 5", "- - "):
        began = time.process_time()
        sentence_spans(piece * (60_000 // len(piece)))
        assert time.process_time() - began < 2, piece


@settings(max_examples=100)
@given(st.text(st.sampled_from('ab .!?\n"。」？।-1#é\0'), max_size=80))
def test_sentences_follow_each_other(text: str) -> None:
    spans = sentence_spans(text)
    ends = [0, *(end for span in spans for end in span), len(text)]
    assert ends == sorted(ends)
    covered = {at for start, end in spans for at in range(start, end)}
    assert all(at in covered for at, character in enumerate(text) if character.isalnum())


def by_length(texts: Sequence[str]) -> np.ndarray:
    """Return vectors `[n, 1]`: the numbers of characters, divided by 100."""
    return np.array([[len(text) / 100] for text in texts], np.float32).reshape(-1, 1)


def refuse(texts: Sequence[str]) -> np.ndarray:
    raise AssertionError(texts)


ONE = np.ones(1, np.float32)


def asked(question: str) -> list[int]:
    return list(terms_of(question))


def marked(hits: Sequence[Hit], question: str, encode: Callable[[Sequence[str]], np.ndarray] | None) -> list[str]:
    """Return the marked sentence of each hit, "" where there is none."""
    found = with_sentences(hits, asked(question), ONE if encode else None, encode)
    assert [replace(hit, sentence=None) for hit in found] == list(hits)
    return [
        hit.text[hit.sentence.start - hit.start : hit.sentence.end - hit.start] if hit.sentence else "" for hit in found
    ]


LEASE = "The owner signs the lease. The tenant pays. Cats sleep all day long."


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("who signs the lease?", "The owner signs the lease."),
        ("SIGNING", "The owner signs the lease."),
        ("does the tenant pay?", "The tenant pays."),
        ("how long does a cat sleep?", "Cats sleep all day long."),
    ],
)
def test_words_decide_and_nothing_is_encoded(question: str, expected: str) -> None:
    assert marked([made_hit(LEASE, start=100)], question, refuse) == [expected]
    assert marked([made_hit(LEASE)], question, None) == [expected]


@pytest.mark.parametrize(
    ("text", "question", "by_words", "by_meaning"),
    [
        ("A lease. Another long lease. No.", "lease", "A lease.", "Another long lease."),
        ("Red fish. Blue fish swim. Cats.", "why fish?", "Red fish.", "Blue fish swim."),
        ("One. Two two. Three three three.", "walrus", "One.", "Three three three."),
        ("日本語です。次の文は長いです。", "walrus", "日本語です。", "次の文は長いです。"),
        ("Same. Same.", "same", "Same.", "Same."),
    ],
)
def test_meaning_decides_where_words_do_not(text: str, question: str, by_words: str, by_meaning: str) -> None:
    assert marked([made_hit(text, start=7)], question, None) == [by_words]
    assert marked([made_hit(text, start=7)], question, by_length) == [by_meaning]


def test_of_equal_sentences_the_first_is_marked_in_characters_of_the_document() -> None:
    (hit,) = with_sentences([made_hit("Same. Same. Other.", start=50)], asked("same"), ONE, by_length)
    assert hit.sentence == Sentence(start=50, end=55, score=1.0)


def test_the_score_is_the_share_of_the_words_and_rare_ones_count_more() -> None:
    text = "The owner. The lease of the house. The cats."
    (hit,) = with_sentences([made_hit(text)], asked("the lease"), None, None)
    the, lease = (math.log(1 + (3 - count + 0.5) / (count + 0.5)) for count in (3, 1))
    assert hit.sentence is not None
    assert hit.sentence.score == pytest.approx(1.0)
    (hit,) = with_sentences([made_hit(text)], asked("the walrus"), None, None)
    assert hit.sentence is not None
    walrus = math.log(1 + 3.5 / 0.5)
    assert hit.sentence.score == pytest.approx(the / (the + walrus))
    assert lease > the


def test_only_undecided_sentences_are_encoded_and_those_of_all_hits_at_once() -> None:
    calls: list[list[str]] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        calls.append(list(texts))
        return by_length(texts)

    hits = [
        made_hit("A lease. My lease ends. Cats."),
        made_hit("The lease. Dogs."),
        made_hit("..."),
        made_hit("Owls. Ox."),
    ]
    assert marked(hits, "lease", encode) == ["My lease ends.", "The lease.", "", "Owls."]
    assert calls == [["A lease.", "My lease ends.", "Owls.", "Ox."]]


def test_a_passage_has_at_most_three_candidates_and_an_answer_a_limited_number() -> None:
    counts: list[int] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        counts.append(len(texts))
        return by_length(texts)

    assert marked([made_hit("Aa. Bb bb. Ccc ccc. Dddd dddd.")], "walrus", encode) == ["Ccc ccc."]
    hits = [made_hit(f"Lease {number}. A longer lease.") for number in range(40)]
    found = marked(hits, "lease", encode)
    assert counts == [3, 32]
    assert found[:16] == ["A longer lease."] * 16
    assert found[16:] == [f"Lease {number}." for number in range(16, 40)]


def test_hits_without_a_sentence_stay_as_they_are() -> None:
    hits = [made_hit("..."), made_hit("")]
    assert with_sentences(hits, asked("lease"), ONE, refuse) == hits
    assert with_sentences([], asked("lease"), ONE, refuse) == []
    assert marked([made_hit("One. Two.")], "", None) == ["One."]


@settings(max_examples=60)
@given(st.lists(st.text(st.sampled_from("ab .!?é\n"), max_size=40), max_size=5), st.text(max_size=10))
def test_a_marked_sentence_is_one_of_the_sentences(texts: list[str], question: str) -> None:
    hits = [made_hit(text, start=3) for text in texts]
    for hit in with_sentences(hits, asked(question), ONE, by_length):
        spans = [(3 + start, 3 + end) for start, end in sentence_spans(hit.text)]
        assert (hit.sentence is None) == (not spans)
        if hit.sentence:
            assert (hit.sentence.start, hit.sentence.end) in spans
            assert 0 <= hit.sentence.score <= 1 + 1e-9
