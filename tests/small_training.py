"""A training so small that a test can run it."""

from wherein.recipe.pairs import Corpus, Passage
from wherein.recipe.plan import Plan, Shape, Stage

TOPICS = ("ferry", "bread", "violin", "glacier", "parliament")
PLAN = Plan((Stage(2, 1e-3, 0.1), Stage(1, 1e-3, 0.1)), shape=Shape(2, 2, 1, 2, 1, 2))


def passage(topic, number, article):
    return Passage(
        f"the {topic} number {number} is old", article, (f"how old is {topic} {number}?", f"{topic} {number}?")
    )


def training_corpus():
    contexts = [passage(topic, number, topic) for topic in TOPICS[1:] for number in range(4)]
    sentences = [passage("sentence", number, "") for number in range(6)]
    return Corpus(
        tuple(contexts), tuple(sentences), tuple(passage(TOPICS[0], number, TOPICS[0]) for number in range(12))
    )


def same(one, other):
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)
