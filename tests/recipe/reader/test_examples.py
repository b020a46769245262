"""The examples of the reader: where answers stand, what does not answer, and nothing that is held out."""

import json

import pytest

from wherein.recipe import pairs
from wherein.recipe.reader import examples
from wherein.recipe.reader.examples import Example, Examples

TEXT = "Lisbon is old. The treaty of Lisbon was signed in 2007."


@pytest.mark.parametrize(
    ("answer", "places"),
    [
        ("Lisbon", ((0, 6), (29, 35))),
        ("2007", ((50, 54),)),
        ("Porto", ()),
        ("", ()),
        ("s", ((2, 3), (8, 9), (31, 32), (38, 39), (40, 41))),
    ],
)
def test_an_answer_may_stand_in_several_places(answer, places):
    assert examples.occurrences(TEXT, answer) == places


def write(folder):
    def part(context, *asked):
        return {"context": context, "qas": [
            {"question": question, "answers": [{"text": text, "answer_start": context.index(text)}], "answer": text}
            for question, text in asked
        ]}  # fmt: skip

    rivers = [[f"{letter}{number}" for letter in "abcdefg"] for number in range(10)]
    articles = [
        {"title": f"title {number}", "paragraphs": [
            part(f"The town {number} lies on the river {river}.", (f"Which river {river[0]} has {number}?", river))
            for river in own
        ]}
        for number, own in enumerate(rivers)
    ]  # fmt: skip
    flan = [part("Ada wrote to Ada in May.", ("Who wrote?", "Ada"), ("When?", "May")),
            {"context": "Nobody came.", "qas": [{"question": "Who came?", "answer": "Bert"}]}]  # fmt: skip
    sentences = [f"The sentence number {number} stands alone." for number in range(6)]
    held = "The town 8 lies on the river c8."
    reqa = {"question_ids": list(range(7)), "questions": [f"Which sentence is {n}?" for n in range(7)],
            "answers": [*sentences, held]}  # fmt: skip
    for name, content in ((pairs.SQUAD, {"data": articles}), (pairs.FLAN, flan), (pairs.REQA, reqa)):
        (folder / name).write_text(json.dumps(content), "utf-8")
    return folder


def test_the_places_are_those_of_the_files(tmp_path):
    marked = list(examples.marked(write(tmp_path)))
    assert marked[0] == Example("Which river a has 0?", "The town 0 lies on the river a0.", ((29, 31),))
    assert marked[-2:] == [
        Example("Who wrote?", "Ada wrote to Ada in May.", ((0, 3), (13, 16))),
        Example("When?", "Ada wrote to Ada in May.", ((20, 23),)),
    ]
    assert all(one.passage[slice(*span)] for one in marked for span in one.spans)


def test_nothing_that_is_held_out_is_trained_on(tmp_path):
    pytest.importorskip("bm25s", reason="BM25 is bm25s'; install wherein[recipe]")
    found = examples.read(write(tmp_path))
    held = {part.text for part in pairs.read_corpus(tmp_path).held}
    assert len(held) == 7 * pairs.HELD_OUT
    assert {one.passage for one in found.held} == held
    assert not held & {one.passage for one in found.answered}
    assert not held & {text for texts in found.wrong for text in texts}
    assert len(found.answered) == len(found.wrong) == 7 * (10 - pairs.HELD_OUT) + 2
    for one, texts in zip(found.answered, found.wrong, strict=True):
        assert one.passage not in texts


def test_an_epoch_has_unanswered_questions_and_is_the_same_again():
    answered = tuple(Example(f"q{number}", f"p{number}", ((0, 1),)) for number in range(400))
    material = Examples(answered, tuple((f"p{number}x", f"p{number}y") for number in range(400)), ())
    first, again, second = (examples.epoch(material, 0.25, 7, number) for number in (0, 0, 1))
    assert first == again
    assert first != second
    assert {one for one in first if one.spans} == set(answered)
    wrong = [one for one in first if one.spans == ()]
    assert 70 < len(wrong) < 130
    assert all(one.passage in (f"p{one.question[1:]}x", f"p{one.question[1:]}y") for one in wrong)
    assert len(examples.epoch(material, 0.0, 7, 0)) == 400


def test_of_repeated_questions_the_first_stays():
    first, second = Example("Who  asks?", "p", ((0, 1),)), Example("who asks?", "p", ((1, 2),))
    other = Example("who asks?", "q", ())
    assert examples.distinct([first, second, other]) == [first, other]
