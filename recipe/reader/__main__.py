"""Build an answer model: `python -m wherein.recipe.reader --data SQUAD_TRAIN_FOLDER --output embed/reader`."""

import argparse
import sys

from wherein.recipe import command, pairs, tokenizer, weights
from wherein.recipe.extra import require
from wherein.recipe.reader.plan import ReaderPlan


def arguments() -> argparse.Namespace:
    """Return the parsed command line."""
    output, work = "folder to write the model to, beside `default`", "folder of the checkpoint"
    return command.parser("wherein.recipe.reader", "Build the answer model.", output, work).parse_args()


def run(options: argparse.Namespace) -> None:
    """Carry out the command."""
    # Imported late, because they need torch: without the extra, the error says how to install it.
    examples, rows = require("wherein.recipe.reader.examples"), require("wherein.recipe.reader.rows")
    training = require("wherein.recipe.reader.training")
    plan, words = ReaderPlan(), tokenizer.load(weights.folder() / "tokenizer.json")
    material = examples.read(pairs.verify(options.data))
    maker = rows.Rows(words, plan.question_tokens, plan.passage_tokens)
    reader = training.train_all(material, maker, weights.tensors(), plan, command.work_folder(options))
    require("wherein.recipe.reader.build").build(reader, material, words, plan, options.evaluate, options.output)


def main() -> int:
    """Build the model, or print the reason why not, and return the exit code."""
    return command.exit_code(lambda: run(arguments()))


if __name__ == "__main__":
    sys.exit(main())
