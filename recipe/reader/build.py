"""From the trained reader to the model's files: both graphs, what they share, how good they are, and the manifest."""

import dataclasses
import random
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from wherein.embed.answer_extractor import AnswerModel, load_answer_model
from wherein.embed.model import IR, TOKENIZER, WEIGHTS
from wherein.embed.models.validation import ANSWER_OUTPUTS
from wherein.recipe import quantize, weights
from wherein.recipe.reader import answers, graph, manifest, sharing
from wherein.recipe.reader.answers import Asked
from wherein.recipe.reader.examples import Example, Examples
from wherein.recipe.reader.plan import ReaderPlan
from wherein.recipe.reader.rows import Row, Rows

CALIBRATION = 200
PRECISIONS = ("w8a8", "w8a32")


def build(reader: Any, material: Examples, words: Tokenizer, plan: ReaderPlan, dev: Path | None, output: Path) -> None:
    """Write the model's files to `output`, beside the embedding model's folder; measure it on `dev`, if that is given.

    The float32 graph is kept in `float` in the work folder, to compare with.
    """
    plain = graph.plain(reader)
    output.mkdir(parents=True, exist_ok=True)
    quantize.save(graph.quantized(plain, calibration(material.held, words, plan)), output / IR, graph.NAME)
    sharing.share(output, output.parent / "default")
    training = {**dataclasses.asdict(plan), "questions": len(material.answered), "torch": version("torch")}
    manifest.write(output, training, CALIBRATION, {})
    asked = {"held_out": answers.of_examples(material.held)}
    if dev:
        asked["squad-v1.1-dev"] = answers.of_file(dev)
    unquantized = save_plain(plain, words, output.with_name(f"{output.name}.float"))
    accuracy = {name: figures(unquantized, load_answer_model(output), part) for name, part in asked.items()}
    manifest.write(output, training, CALIBRATION, accuracy)


def calibration(held: Sequence[Example], words: Tokenizer, plan: ReaderPlan) -> list[Row]:
    """Return the inputs for the calibration, the same in every run."""
    rng = random.Random(plan.seed)
    passage_tokens = manifest.TOKENS - plan.question_tokens - 3
    maker = Rows(words, plan.question_tokens, passage_tokens)
    rows = (maker.row(one, rng) for one in rng.sample(held, min(CALIBRATION, len(held))))
    return [row for row in rows if row]


def save_plain(plain: Any, words: Tokenizer, folder: Path) -> AnswerModel:
    """Write the float32 graph to a folder of its own and return the model."""
    folder.mkdir(parents=True, exist_ok=True)
    quantize.save(plain, folder / IR, graph.NAME)
    words.save(str(folder / TOKENIZER))
    digests = {name: weights.sha256(folder / name) for name in (IR, WEIGHTS, TOKENIZER)}
    lengths = manifest.TOKENS, manifest.QUESTION_TOKENS
    return AnswerModel(folder, "float", manifest.VERSION, *lengths, ANSWER_OUTPUTS, digests)


def figures(plain: AnswerModel, quantized: AnswerModel, asked: Sequence[Asked]) -> Mapping[str, Mapping[str, float]]:
    """Return the accuracy of the float32 graph, and of the INT8 one at both precisions."""
    found = {"fp32": answers.measure(plain, "w8a32", asked)}
    for precision in PRECISIONS:
        found[precision] = answers.measure(quantized, precision, asked)
    print(found, flush=True)
    return found
