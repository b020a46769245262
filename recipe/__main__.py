"""Build the default model: `python -m wherein.recipe --data SQUAD_TRAIN_FOLDER --output embed/default`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from wherein.errors import WhereinError
from wherein.recipe import convert, evaluate, manifest, pairs, quantize, samples, tokenizer, weights
from wherein.recipe.extra import require
from wherein.recipe.manifest import Origin
from wherein.recipe.plan import Plan
from wherein.recipe.samples import Texts

TUNED = (
    " Then tuned on questions of SQuAD v1.1's train split (CC BY-SA 4.0; 47 whole articles, and single contexts and "
    "answer sentences of the others), cut at 384 tokens, and averaged with the weights from before."
)


def arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m wherein.recipe", description="Build the default model.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the SQuAD v1.1 train files")
    parser.add_argument("--evaluate", type=Path, help="SQuAD v1.1 dev, to measure the finished model on")
    parser.add_argument("--output", type=Path, required=True, help="folder to write the model to")
    parser.add_argument("--work", type=Path, help="folder of checkpoints, to go on with (default: OUTPUT.work)")
    parser.add_argument("--untrained", action="store_true", help="take the base weights as they are")
    return parser.parse_args()


def unmodified(data: Path) -> tuple[dict[str, Any], Texts, Origin]:
    """The base weights, the texts to calibrate with, and what to say of them."""
    file = data / pairs.SQUAD
    origin = Origin("all-minilm-l6-v2-int8", manifest.BEFORE, file, f"SQuAD v1.1 train: {samples.DRAWN}")
    return weights.tensors(), samples.texts(file), origin


def trained(data: Path, words: Tokenizer, plan: Plan, work: Path) -> tuple[dict[str, Any], Texts, Origin]:
    """The same for the weights after the training."""
    corpus = pairs.read(pairs.checked(data))
    tensors, record = require("wherein.recipe.tuning").tuned(corpus, words, weights.tensors(), plan, work)
    texts = [part.text for part in corpus.held], [text for part in corpus.held for text in part.questions]
    calibration = f"SQuAD v1.1 train, articles that were held out: {samples.DRAWN}"
    name, told = "wherein-minilm-squad-int8", manifest.BEFORE + TUNED
    return tensors, texts, Origin(name, told, data / pairs.SQUAD, calibration, record)


def build(made: tuple[dict[str, Any], Texts, Origin], words: Tokenizer, dev: Path | None, output: Path) -> None:
    """Write the four files of the model to `output`."""
    tensors, texts, origin = made
    # Late, because it needs torch: whoever lacks the extra is told so.
    plain = convert.to_ir(require("wherein.recipe.body").build(tensors))
    output.mkdir(parents=True, exist_ok=True)
    words.save(str(output / "tokenizer.json"))
    # The quantizer may change its argument, and the evaluation still needs the plain graph.
    calibration = samples.calibration(texts, words)
    quantize.save(quantize.quantized(plain.clone(), calibration), output / "model.xml")
    manifest.write(output, origin, {})
    if dev:
        manifest.write(output, origin, evaluate.table(plain, output / "model.xml", words, dev))


def run(given: argparse.Namespace) -> None:
    """Carry out the command."""
    words = tokenizer.load(weights.folder() / "tokenizer.json")
    if given.untrained:
        made = unmodified(given.data)
    else:
        work = given.work or given.output.with_name(given.output.name + ".work")
        made = trained(given.data, words, Plan(), work)
    build(made, words, given.evaluate, given.output)


def main() -> int:
    """Build, or say on one line why not."""
    try:
        run(arguments())
    except WhereinError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
