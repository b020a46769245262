"""How often the right context is found, by the model card's protocol (SQuAD) or by BEIR's.

https://github.com/openvinotoolkit/open_model_zoo, bert-small-uncased-whole-word-masking-squad-emb-int8-0001.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wherein.evaluation.collection import Collection
from wherein.evaluation.measures import TOPS, Comparison, Values, compare, measures
from wherein.evaluation.modes import Ranking
from wherein.search.hybrid import READ

__all__ = ["Evaluation", "compared", "evaluate_beir", "evaluate_squad"]

# A right context after so many counts as not found: as many as a hybrid answer reads, so that what is measured is what
# a user gets.
_DEPTH = READ


@dataclass(frozen=True)
class Evaluation:
    """`values` has each measure's value for each question, 0 to 1; `main` is the measure by which two are compared."""

    values: Mapping[str, Values]
    main: str
    questions: int
    contexts: int

    def percent(self) -> dict[str, float]:
        """Return each measure's mean in percent."""
        return {name: round(100 * float(values.mean()), 2) for name, values in self.values.items()}


def evaluate_squad(collection: Collection, ranking: Ranking) -> Evaluation:
    """Return `top_1, top_5, top_10, top_20` and `mrr` where every question has one right context.

    The rank of the right one is one more than the number of contexts with a higher score (the card's protocol); of
    those after the first 50 `mrr` takes no account.
    """
    place_of = {name: place for place, name in enumerate(collection.ids)}
    ranks = np.full(len(collection.questions), np.inf)
    found = ranking(collection.questions, _DEPTH)
    for number, (relevant, (places, scores)) in enumerate(zip(collection.relevant, found, strict=True)):
        own = scores[np.isin(places, [place_of[name] for name in relevant])]
        if len(own):
            ranks[number] = 1 + int((scores > own[0]).sum())
    values: dict[str, Values] = {f"top_{k}": (ranks <= k).astype(np.float64) for k in TOPS}
    return Evaluation({**values, "mrr": 1 / ranks}, "top_5", len(collection.questions), len(collection.contexts))


def evaluate_beir(collection: Collection, ranking: Ranking) -> Evaluation:
    """Return the same and `ndcg_10`, `recall_10`; the first 50 contexts count, and a grade above 0 is right.

    A context with the question's own id is left out, as BEIR does. Raises WhereinError without the extra.
    """
    found = []
    for name, (places, _) in zip(collection.question_ids, ranking(collection.questions, _DEPTH + 1), strict=True):
        ids = (collection.ids[place] for place in places)
        found.append([one for one in ids if one != name][:_DEPTH])
    values = measures(collection.relevant, found)
    return Evaluation(values, "ndcg_10", len(collection.questions), len(collection.contexts))


def compared(first: Evaluation, second: Evaluation) -> Comparison:
    """Test whether the second finds more or less than the first. Raises WhereinError without the extra."""
    return compare(first.main, first.values[first.main], second.values[second.main])
