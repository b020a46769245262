"""Hard negatives that BM25 finds."""

import pytest

from wherein.recipe import neighbors
from wherein.recipe.pairs import Passage


def test_bm25_gives_the_contexts_that_share_the_rare_words_of_a_question():
    pytest.importorskip("bm25s", reason="mining needs bm25s; install wherein[recipe]")
    texts = ("the ferry to Oslo leaves", "a ferry to Bergen leaves", "bread is baked", "baked potatoes are eaten")
    asked = ("When does the ferry leave?", "Which ferry goes to Bergen?", "How is bread baked?", "Who has baked these?")
    contexts = [Passage(text, "", (question,)) for text, question in zip(texts, asked, strict=True)]
    assert [rows[0] for rows in neighbors.mine(contexts)] == [1, 0, 3, 2]
    assert {len(rows) for rows in neighbors.mine(contexts, 2)} == {2}
