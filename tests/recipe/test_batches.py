"""Batches of the promised shape, the same for the same seed."""

from collections import Counter
from itertools import chain

from wherein.recipe import batches, pairs
from wherein.recipe.pairs import Corpus, Passage
from wherein.recipe.plan import Shape

SHAPE = Shape(article=3, mixed=3, confused=2, sentences=4, runs=2, questions=2)


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
