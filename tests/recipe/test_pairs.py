"""What is trained on: no text of dev or of a held-out article, and batches of the promised shape."""

import json
import os
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from wherein.errors import Damaged, UsageError
from wherein.recipe import batches, neighbours, pairs
from wherein.recipe.pairs import Corpus, Passage
from wherein.recipe.plan import Shape

SHAPE = Shape(article=3, mixed=3, confused=2, sentences=4, runs=2, questions=2)


def context(article, number):
    return f"Context {number} of article {article}. The answer to {article} {number} stands in this sentence. End."


def write(folder, sentences=()):
    """Ten articles of nine contexts with three questions each, and some (id, question, sentence) of REQA."""
    articles = [
        {
            "title": f"title {article}",
            "paragraphs": [
                {
                    "context": context(article, number),
                    "qas": [{"question": f"Which {which} of {article} {number}?"} for which in ("one", "two", "three")],
                }
                for number in range(9)
            ],
        }
        for article in range(10)
    ]
    flan = [
        {"context": context(0, 0), "qas": [{"question": "which  ONE of 0 0?"}, {"question": "A new one?"}]},
        {"context": "A context of an article without a name.", "qas": [{"question": "Without a name?"}]},
    ]
    numbers, questions, answers = zip(*sentences, strict=True) if sentences else ((), (), ())
    reqa = {"question_ids": numbers, "questions": questions, "answers": answers}
    for name, content in ((pairs.SQUAD, {"data": articles}), (pairs.FLAN, flan), (pairs.REQA, reqa)):
        (folder / name).write_text(json.dumps(content), "utf-8")
    return folder


@pytest.fixture
def corpus(tmp_path):
    sentences = [(number, f"Who is {number}?", f"A sentence of its own about {number}.") for number in range(20)]
    return pairs.read_corpus(write(tmp_path, sentences))


def questions(passages):
    return {pairs.key(text) for part in passages for text in part.questions}


def test_whole_articles_are_held_out(corpus):
    held = {part.article for part in corpus.held}
    assert len(held) == pairs.HELD_OUT
    assert len(corpus.held) == 9 * pairs.HELD_OUT
    assert not held & {part.article for part in corpus.contexts}
    assert not questions(corpus.held) & questions(corpus.contexts + corpus.sentences)
    assert len(corpus.contexts) == 9 * (10 - pairs.HELD_OUT) + 1


def test_the_same_articles_are_held_out_again():
    assert pairs.choose_held_out(set("abcdefghijklmnopqrstuvwxyz")) == set("bimnqy")


def test_a_context_of_two_files_is_one_with_the_questions_of_both(tmp_path):
    corpus = pairs.read_corpus(write(tmp_path))
    (part,) = (part for part in corpus.held + corpus.contexts if part.text == context(0, 0))
    assert part.article == "title 0"
    assert part.questions == ("Which one of 0 0?", "Which two of 0 0?", "Which three of 0 0?", "A new one?")


def test_a_sentence_of_a_known_context_goes_to_that_context_even_if_held_out(tmp_path):
    folder = write(tmp_path)
    articles = sorted({part.article for part in pairs.read_corpus(folder).held})[0], "title 0"
    named = [
        (n, f"New about {title}?", f"the answer to {title[6:]} 4  stands in this sentence.")
        for n, title in enumerate(articles)
    ]
    corpus = pairs.read_corpus(write(tmp_path, named))
    assert corpus.sentences == ()
    texts = {part.text: part.questions for part in corpus.held + corpus.contexts}
    for title in articles:
        assert f"New about {title}?" in texts[context(title[6:], 4)]


def test_sentences_come_in_the_order_of_squad_and_without_doubles(tmp_path):
    one, two = "One sentence of five words.", "Another sentence of five words."
    corpus = pairs.read_corpus(write(tmp_path, [(7, "Second?", two), (3, "First?", one), (9, "Third?", one)]))
    assert corpus.sentences == (Passage(one, "", ("First?", "Third?")), Passage(two, "", ("Second?",)))


def test_a_known_question_is_not_asked_of_another_sentence(tmp_path):
    corpus = pairs.read_corpus(write(tmp_path, [(0, "which one of 3 3?", "A sentence that is somewhere else.")]))
    assert corpus.sentences == ()


def test_what_stands_in_dev_and_what_is_too_short_is_left_out(tmp_path, monkeypatch):
    dev, fine = "A sentence that dev has too.", "A sentence that dev has not."
    monkeypatch.setattr(pairs, "EXCLUDED", frozenset({pairs.digest(dev)}))
    rows = [(0, "Of dev?", dev), (1, "Too short?", "The U.S."), (2, "Fine?", fine)]
    assert [part.text for part in pairs.read_corpus(write(tmp_path, rows)).sentences] == [fine]


def test_the_sentences_of_dev_are_known_by_their_hashes():
    assert len(pairs.EXCLUDED) == 5
    assert pairs.digest("The U.S.") in pairs.EXCLUDED


def test_other_files_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"squad-train-v1\.1-partial\.json is missing; give the folder"):
        pairs.verify(tmp_path)
    # Such as dev under the name of train.
    with pytest.raises(Damaged, match="not the file that the recipe was made for"):
        pairs.verify(write(tmp_path))


def test_too_few_articles_are_refused():
    with pytest.raises(UsageError, match="6 articles are too few to hold 6 out"):
        pairs.choose_held_out(set("abcdef"))


@pytest.mark.skipif("WHEREIN_SQUAD_TRAIN" not in os.environ, reason="WHEREIN_SQUAD_TRAIN names no folder of its files")
def test_the_real_files_have_no_text_of_dev():
    corpus = pairs.read_corpus(pairs.verify(Path(os.environ["WHEREIN_SQUAD_TRAIN"])))
    assert tuple(map(len, (corpus.contexts, corpus.sentences, corpus.held))) == (3254, 7623, 252)
    trained = corpus.contexts + corpus.sentences
    assert not {pairs.digest(part.text) for part in trained} & pairs.EXCLUDED
    assert not {part.article for part in trained} & {part.article for part in corpus.held}
    assert not questions(trained) & questions(corpus.held)


def near(corpus):
    """The two contexts after each one, as if BM25 had found them."""
    count = len(corpus.contexts)
    return [[(number + 1) % count, (number + 2) % count] for number in range(count)]


def epochs(corpus, numbers, shape=SHAPE, seed=0):
    return [batches.epoch(corpus, near(corpus), shape, seed, number) for number in numbers]


def test_a_batch_has_the_promised_shape(corpus):
    article = {part.text: part.article for part in corpus.contexts}
    order = [part.text for part in corpus.sentences]
    (steps,) = epochs(corpus, [0])
    assert len(steps) == batches.steps_per_epoch(corpus, SHAPE) == 37 // 6
    for batch in steps:
        assert len(set(batch.passages)) == len(batch.passages) == 3 + 3 + 2 + 4
        assert len({article[text] for text in batch.passages[:3]}) == 1
        assert set(batch.passages[:8]) <= set(article)
        for run in (batch.passages[8:10], batch.passages[10:]):
            assert order.index(run[1]) == order.index(run[0]) + 1
        assert batch.positive.shape == (len(batch.questions), 12)
        assert set(batch.positive.sum(axis=0)) <= {1, 2}
        assert batch.positive.sum(axis=1).min() == 1


def test_each_context_has_one_turn_of_its_own_in_an_epoch(corpus):
    turns = Counter(chain.from_iterable(batch.passages[:6] for batch in epochs(corpus, [0])[0]))
    assert set(turns.values()) == {1}
    assert len(turns) == 36


def test_the_confused_are_near_to_the_others(corpus):
    number = {part.text: place for place, part in enumerate(corpus.contexts)}
    for batch in epochs(corpus, [0])[0]:
        own = [number[text] for text in batch.passages[:6]]
        assert {number[text] for text in batch.passages[6:8]} <= {other for one in own for other in near(corpus)[one]}


def test_batches_are_a_function_of_seed_and_epoch(corpus):
    def texts(steps):
        return [(batch.passages, batch.questions) for batch in steps]

    first, again, second = map(texts, epochs(corpus, [0, 0, 1]))
    assert first == again != second
    assert texts(epochs(corpus, [0], seed=1)[0]) != first


def test_all_sentences_have_their_turn_over_the_epochs(corpus):
    seen = {text for steps in epochs(corpus, [0, 1]) for batch in steps for text in batch.passages[8:]}
    assert seen == {part.text for part in corpus.sentences}


def test_a_corpus_of_contexts_without_articles_still_fills_its_batches():
    corpus = Corpus(tuple(Passage(f"text {n}", "", (f"question {n}?",)) for n in range(13)), (), ())
    assert [len(batch.passages) for batch in batches.epoch(corpus, [[]] * 13, SHAPE, 0, 0)] == [6, 6]


def test_a_question_asked_of_two_passages_answers_to_both():
    one, two = Passage("one", "a", ("Who?", "What?")), Passage("two", "b", ("who? ", "Where?"))
    batch = batches.assemble([one, two, Passage("three", "b", ("When?",))], 2, batches.random.Random(0))
    expected = {"who?": [True, True, False], "what?": [True, False, False], "where?": [False, True, False]}
    found = {pairs.key(text): row.tolist() for text, row in zip(batch.questions, batch.positive, strict=True)}
    assert found == {**expected, "when?": [False, False, True]}


def test_a_passage_is_positive_for_its_question_even_when_another_passage_was_asked():
    one, two = Passage("one", "a", ("Who?",)), Passage("two", "b", ("Who?", "Where?"))
    for seed in range(4):
        batch = batches.assemble([one, two], 1, batches.random.Random(seed))
        assert batch.positive[[pairs.key(text) for text in batch.questions].index("who?")].tolist() == [True, True]


def test_bm25_gives_the_contexts_that_share_the_rare_words_of_a_question():
    pytest.importorskip("bm25s", reason="mining needs bm25s; install wherein[recipe]")
    texts = ("the ferry to Oslo leaves", "a ferry to Bergen leaves", "bread is baked", "baked potatoes are eaten")
    asked = ("When does the ferry leave?", "Which ferry goes to Bergen?", "How is bread baked?", "Who has baked these?")
    contexts = [Passage(text, "", (question,)) for text, question in zip(texts, asked, strict=True)]
    assert [rows[0] for rows in neighbours.mine(contexts)] == [1, 0, 3, 2]
    assert {len(rows) for rows in neighbours.mine(contexts, 2)} == {2}
