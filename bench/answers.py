"""How often the exact answer is right, through the whole live path: a library is asked, and its best passages are read.

    python bench/answers.py LIBRARY SQUAD.json [--questions 1000] [--rerank] [--hits 5]

LIBRARY holds the contexts of SQUAD.json. Exact match and F1, in percent and as SQuAD counts them, of the answer in the
first passage, and of the likeliest answer in the first --hits passages, which `query --answer` shows at the top.
"""

import argparse
import random
from pathlib import Path

from wherein.library import Library, ResultOptions
from wherein.recipe.reader import answers
from wherein.search.exact_answer import likeliest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("squad", type=Path)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--hits", type=int, default=5)
    parser.add_argument("--rerank", action="store_true")
    given = parser.parse_args()
    asked = answers.of_file(given.squad)
    asked = random.Random(0).sample(asked, min(given.questions, len(asked)))
    options = ResultOptions(fold=True, rerank=given.rerank, rerank_ms=60_000)
    totals = {"first passage": [0.0, 0.0], f"likeliest of {given.hits}": [0.0, 0.0], "right passage first": [0.0, 0.0]}
    with Library(given.library) as library:
        found = library.query_many([one.question for one in asked], given.hits, options=options)
        for one, answer in zip(asked, found, strict=True):
            exact = library.answers(answer)
            shown, _ = likeliest(answer.hits, exact)
            for total, best in zip(totals.values(), (exact[0] if exact else None, shown), strict=False):
                text = best.text if best else ""
                total[0] += answers.best(answers.exact_match, text, one.answers)
                total[1] += answers.best(answers.f1, text, one.answers)
            totals["right passage first"][0] += float(bool(answer.hits) and answer.hits[0].text in one.passage)
    for name, (matches, overlaps) in totals.items():
        print(f"{name}: EM {100 * matches / len(asked):.2f}, F1 {100 * overlaps / len(asked):.2f}")


if __name__ == "__main__":
    main()
