"""Build an answer model: `python -m wherein.recipe.reader --data SQUAD_TRAIN_FOLDER --output embed/reader`."""

import argparse
import sys
from pathlib import Path

from wherein.errors import WhereinError
from wherein.recipe import pairs, tokenizer, weights
from wherein.recipe.extra import require
from wherein.recipe.reader.plan import ReaderPlan


def arguments() -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m wherein.recipe.reader", description="Build the answer model.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the SQuAD v1.1 train files")
    parser.add_argument("--evaluate", type=Path, help="SQuAD v1.1 dev, to measure the finished model on")
    parser.add_argument("--output", type=Path, required=True, help="folder to write the model to, beside `default`")
    parser.add_argument("--work", type=Path, help="folder of the checkpoint, to resume from (default: OUTPUT.work)")
    return parser.parse_args()


def run(options: argparse.Namespace) -> None:
    """Carry out the command."""
    # Imported late, because they need torch: without the extra, the error says how to install it.
    examples, rows = require("wherein.recipe.reader.examples"), require("wherein.recipe.reader.rows")
    training = require("wherein.recipe.reader.training")
    plan, words = ReaderPlan(), tokenizer.load(weights.folder() / "tokenizer.json")
    material = examples.read(pairs.verify(options.data))
    maker = rows.Rows(words, plan.question_tokens, plan.passage_tokens)
    work = options.work or options.output.with_name(options.output.name + ".work")
    reader = training.train(material, maker, weights.tensors(), plan, work)
    require("wherein.recipe.reader.build").build(reader, material, words, plan, options.evaluate, options.output)


def main() -> int:
    """Build the model, or print the reason why not, and return the exit code."""
    try:
        run(arguments())
    except WhereinError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
