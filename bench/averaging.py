"""Evaluate other shares of the tuned weights: a quantized model for each, on SQuAD dev and a BEIR collection.

python bench/averaging.py --data SQUAD_TRAIN --work OUTPUT.work --squad dev-v1.1.json --beir scifact [--share 0.5 …]

WORK is the folder of checkpoints of a finished `python -m wherein.recipe`; the models are written to its subfolder
`shares` and reused. The shipped share was chosen on held-out articles and train questions (recipe/averaging.py), not
on dev and test. Needs the extras `recipe` and `evaluate`.
"""

import argparse
import sys
from pathlib import Path

from wherein.library.evaluating import evaluate
from wherein.recipe import averaging, manifest, pairs, tokenizer, tuning, weights
from wherein.recipe.__main__ import build
from wherein.recipe.manifest import Origin
from wherein.recipe.plan import Plan

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def models(data: Path, work: Path, shares: list[float]) -> dict[float, Path]:
    """Return the folder of the model for each share of the tuned weights, all calibrated with the same texts."""
    words = tokenizer.load(weights.folder() / "tokenizer.json")
    corpus = pairs.read_corpus(pairs.verify(data))
    base = weights.tensors()
    end = tuning.train_all(corpus, words, base, Plan(), work)
    texts = [part.text for part in corpus.held], [text for part in corpus.held for text in part.questions]
    folders = {share: work / "shares" / f"{share:.2f}" for share in shares}
    for share, folder in folders.items():
        if not (folder / "model.json").is_file():
            origin = Origin(f"share-{share:.2f}", manifest.BASE_TRAINING_DATA, data / pairs.SQUAD, "held-out articles")
            build((averaging.blend(base, end, share), texts, origin), words, None, folder)
    return folders


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--beir", type=Path)
    parser.add_argument("--share", type=float, action="append")
    parser.add_argument("--precision", default="auto")
    chosen = parser.parse_args()
    folders = models(chosen.data, chosen.work, chosen.share or list(SHARES))
    cache = chosen.work / "shares" / "vectors"
    print("| tuned weights | precision | collection | top-1 | top-5 | MRR | nDCG@10 |\n|---|---|---|---|---|---|---|")
    for share, folder in folders.items():
        for kind, path in (("squad", chosen.squad), ("beir", chosen.beir)):
            if path is None:
                continue
            for measured in evaluate(kind, path, models=[str(folder)], precision=chosen.precision, libraries=cache):
                figures = measured.evaluation.percent()
                row = [f"{figures[name]:.2f}" for name in ("top_1", "top_5", "mrr")]
                row.append(f"{figures['ndcg_10']:.2f}" if "ndcg_10" in figures else "")
                print(f"| {share:.2f} | {measured.precision} | {path.name} | {' | '.join(row)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
