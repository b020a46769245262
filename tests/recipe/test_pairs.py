"""What is trained on: no text of dev or of a held-out article, and batches of the promised shape."""

import os
from pathlib import Path

import pytest

from squad_files import context, write
from wherein.errors import Damaged, UsageError
from wherein.recipe import pairs
from wherein.recipe.pairs import Passage


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
