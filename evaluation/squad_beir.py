"""How often the right context is found, by the protocol of the model card (SQuAD) or of BEIR.

https://github.com/openvinotoolkit/open_model_zoo, bert-small-uncased-whole-word-masking-squad-emb-int8-0001.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wherein.evaluation.collection import Collection
from wherein.evaluation.measures import TOPS, PairedTest, Values, compare, measures
from wherein.evaluation.modes import Ranking
from wherein.search.hybrid import READ

__all__ = ["Evaluation", "compared", "evaluate_beir", "evaluate_squad"]

# A right context after these counts as not found. A hybrid answer reads as many, so what is measured is what a user
# gets.
_DEPTH = READ


@dataclass(frozen=True)
class Evaluation:
    """`values` has the values `[questions]` of each measure, 0 to 1; `main` names the measure for comparisons."""

    values: Mapping[str, Values]
    main: str
    questions: int
    contexts: int

    def percent(self) -> dict[str, float]:
        """Return each measure's mean in percent."""
        return {name: round(100 * float(values.mean()), 2) for name, values in self.values.items()}


def evaluate_squad(collection: Collection, ranking: Ranking) -> Evaluation:
    """Return `top_1, top_5, top_10, top_20` and `mrr` where every question has one right context.

    The rank of the right one is one more than the number of contexts with a higher score (the card's protocol). `mrr`
    counts only the first 20.
    """
    number_of = {name: number for number, name in enumerate(collection.ids)}
    ranks = np.full(len(collection.questions), np.inf)
    found = ranking(collection.questions, _DEPTH)
    for question, (relevant, (contexts, scores)) in enumerate(zip(collection.relevant, found, strict=True)):
        own = scores[np.isin(contexts, [number_of[name] for name in relevant])]
        if len(own):
            ranks[question] = 1 + int((scores > own[0]).sum())
    values: dict[str, Values] = {f"top_{k}": (ranks <= k).astype(np.float64) for k in TOPS}
    return Evaluation({**values, "mrr": 1 / ranks}, "top_5", len(collection.questions), len(collection.contexts))


def evaluate_beir(collection: Collection, ranking: Ranking) -> Evaluation:
    """Return the same and `ndcg_10`, `recall_10`; the first 20 contexts count, and a grade above 0 is right.

    A context with the question's own id is left out, as BEIR does. Raises WhereinError without the extra `evaluate`.
    """
    found = []
    # + 1: the question's own document may be among the contexts, and is left out.
    for name, (contexts, _) in zip(collection.question_ids, ranking(collection.questions, _DEPTH + 1), strict=True):
        ids = (collection.ids[number] for number in contexts)
        found.append([one for one in ids if one != name][:_DEPTH])
    values = measures(collection.relevant, found)
    return Evaluation(values, "ndcg_10", len(collection.questions), len(collection.contexts))


def compared(first: Evaluation, second: Evaluation) -> PairedTest:
    """Test whether the second differs from the first. Raises WhereinError without the extra `evaluate`."""
    return compare(first.main, first.values[first.main], second.values[second.main])
