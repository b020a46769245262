"""Build the default model: `python -m wherein.recipe --data SQUAD_TRAIN_FOLDER --output embed/default`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from wherein.recipe import command, convert, evaluate, manifest, pairs, quantize, samples, tokenizer, weights
from wherein.recipe.extra import require
from wherein.recipe.manifest import Origin
from wherein.recipe.plan import Plan
from wherein.recipe.samples import Texts

TUNING_DATA = (
    " Then tuned on questions of SQuAD v1.1's train split (CC BY-SA 4.0; 47 whole articles, and single contexts and "
    "answer sentences of the others), cut at 384 tokens, and averaged with the weights from before."
)


def arguments() -> argparse.Namespace:
    """Return the parsed command line."""
    parser = command.parser(
        "wherein.recipe", "Build the default model.", "folder to write the model to", "folder of checkpoints"
    )
    parser.add_argument("--untrained", action="store_true", help="use the base weights without training")
    return parser.parse_args()


def base_model(data: Path) -> tuple[dict[str, Any], Texts, Origin]:
    """Return the base weights, the calibration texts, and their description for the manifest."""
    file = data / pairs.SQUAD
    calibration = f"SQuAD v1.1 train: {samples.DESCRIPTION}"
    origin = Origin("all-minilm-l6-v2-int8", manifest.BASE_TRAINING_DATA, file, calibration)
    return weights.tensors(), samples.texts(file), origin


def tuned_model(data: Path, words: Tokenizer, plan: Plan, work: Path) -> tuple[dict[str, Any], Texts, Origin]:
    """Return the same for the weights after training."""
    corpus = pairs.read_corpus(pairs.verify(data))
    tensors, record = require("wherein.recipe.tuning").tune(corpus, words, weights.tensors(), plan, work)
    texts = [part.text for part in corpus.held], [text for part in corpus.held for text in part.questions]
    calibration = f"SQuAD v1.1 train, articles that were held out: {samples.DESCRIPTION}"
    name, training_data = "wherein-minilm-squad-int8", manifest.BASE_TRAINING_DATA + TUNING_DATA
    return tensors, texts, Origin(name, training_data, data / pairs.SQUAD, calibration, record)


def build(ingredients: tuple[dict[str, Any], Texts, Origin], words: Tokenizer, dev: Path | None, output: Path) -> None:
    """Write the four files of the model to `output`; `dev` is the file to measure it on, if any."""
    tensors, texts, origin = ingredients
    # Imported late, because it needs torch: without the extra, the error says how to install it.
    plain = convert.to_ir(require("wherein.recipe.body").build(tensors))
    output.mkdir(parents=True, exist_ok=True)
    words.save(str(output / "tokenizer.json"))
    # The quantizer may change its argument, and the evaluation still needs the plain graph.
    calibration = samples.calibration(texts, words)
    quantize.save(quantize.quantize(plain.clone(), calibration), output / "model.xml")
    manifest.write(output, origin, {})
    if dev:
        manifest.write(output, origin, evaluate.accuracy(plain, output / "model.xml", words, dev))


def run(options: argparse.Namespace) -> None:
    """Carry out the command."""
    words = tokenizer.load(weights.folder() / "tokenizer.json")
    if options.untrained:
        ingredients = base_model(options.data)
    else:
        ingredients = tuned_model(options.data, words, Plan(), command.work_folder(options))
    build(ingredients, words, options.evaluate, options.output)


def main() -> int:
    """Build the model, or print the reason why not, and return the exit code."""
    return command.exit_code(lambda: run(arguments()))


if __name__ == "__main__":
    sys.exit(main())
