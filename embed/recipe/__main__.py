"""Build the default model: `python -m embed.recipe --data SQUAD_TRAIN.json --output embed/default`."""

import argparse
import sys
from pathlib import Path

from embed.recipe import convert, evaluate, manifest, quantize, samples, tokenizer, weights
from embed.recipe.extra import require
from errors import WhereinError


def arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m embed.recipe", description="Build the default model.")
    parser.add_argument("--data", type=Path, required=True, help="SQuAD v1.1 train, for calibration")
    parser.add_argument("--evaluate", type=Path, help="SQuAD v1.1 dev, to measure the accuracy on")
    parser.add_argument("--output", type=Path, required=True, help="folder to write the model to")
    return parser.parse_args()


def build(data: Path, dev: Path | None, output: Path) -> None:
    """Write the four files of the model to `output`."""
    # Late, because it needs torch: whoever lacks the extra is told so.
    body = require("embed.recipe.body")
    plain = convert.to_ir(body.build(weights.tensors()))
    words = tokenizer.load(weights.folder() / "tokenizer.json")
    calibration = samples.calibration(data, words)
    output.mkdir(parents=True, exist_ok=True)
    words.save(str(output / "tokenizer.json"))
    # The quantizer may change its argument, and the evaluation still needs the plain graph.
    quantize.save(quantize.quantized(plain.clone(), calibration), output / "model.xml")
    manifest.write(output, data, {})
    if dev:
        manifest.write(output, data, evaluate.table(plain, output / "model.xml", words, dev))


def main() -> int:
    """Build, or say on one line why not."""
    given = arguments()
    try:
        build(given.data, given.evaluate, given.output)
    except WhereinError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
