"""How often the right document is found, by the protocol of the model card (SQuAD) or of BEIR.

https://github.com/openvinotoolkit/open_model_zoo, bert-small-uncased-whole-word-masking-squad-emb-int8-0001.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wherein.evaluation.collection import Collection
from wherein.evaluation.measures import TOPS, PairedTest, Values, compare, measures

__all__ = ["DEPTH", "Evaluation", "compared", "evaluate_beir", "evaluate_squad"]

DEPTH = 20
"""Documents of an answer that count: a right one after them counts as not found."""


@dataclass(frozen=True)
class Evaluation:
    """`values` has the values `[questions]` of each measure, 0 to 1; `main` names the measure for comparisons.

    `contexts` is the number of documents, or of passages where the questions were those of a library's user.
    """

    values: Mapping[str, Values]
    main: str
    questions: int
    contexts: int

    def percent(self) -> dict[str, float]:
        """Return each measure's mean in percent."""
        return {name: round(100 * float(values.mean()), 2) for name, values in self.values.items()}


def evaluate_squad(collection: Collection, found: Iterable[Sequence[str]]) -> Evaluation:
    """Return `top_1, top_5, top_10, top_20` and `mrr` where every question has one right document.

    `found` has for each question the ids of its documents, best first. `mrr` counts only the first 20.
    """
    ranks = np.full(len(collection.questions), np.inf)
    for question, (relevant, ids) in enumerate(zip(collection.relevant, found, strict=True)):
        ranks[question] = next((rank for rank, name in enumerate(ids[:DEPTH], 1) if name in relevant), np.inf)
    values: dict[str, Values] = {f"top_{k}": (ranks <= k).astype(np.float64) for k in TOPS}
    return Evaluation({**values, "mrr": 1 / ranks}, "top_5", len(collection.questions), len(collection.ids))


def evaluate_beir(collection: Collection, found: Iterable[Sequence[str]]) -> Evaluation:
    """Return the same and `ndcg_10`, `recall_10`; the first 20 documents count, and a grade above 0 is right.

    A document with the question's own id is left out, as BEIR does. Raises WhereinError without the extra `evaluate`.
    """
    kept = [
        [name for name in ids if name != own][:DEPTH] for own, ids in zip(collection.question_ids, found, strict=True)
    ]
    return Evaluation(measures(collection.relevant, kept), "ndcg_10", len(kept), len(collection.ids))


def compared(first: Evaluation, second: Evaluation) -> PairedTest:
    """Test whether the second differs from the first. Raises WhereinError without the extra `evaluate`."""
    return compare(first.main, first.values[first.main], second.values[second.main])
