"""Write model.json of the answer model."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wherein.embed.graph import INPUTS
from wherein.embed.model import IR, SHARED, TOKENIZER, WEIGHTS
from wherein.embed.models.validation import ANSWER_OUTPUTS
from wherein.recipe import manifest, pairs, quantize, weights

NAME, VERSION = "wherein-minilm-reader-int8", "1"
TOKENS, QUESTION_TOKENS = 384, 64
TRAINING_DATA = (
    " Then trained to mark answers in SQuAD v1.1's train split (CC BY-SA 4.0): questions with the place of their answer"
    " (47 whole articles and single contexts of others), some of them with a passage that does not answer."
)
SHARED_FILES = (SHARED + WEIGHTS, SHARED + TOKENIZER)


def contents(folder: Path, training: Mapping[str, Any], samples: int, accuracy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole manifest of the model files in `folder`, which lies beside the embedding model's."""
    files = {name: folder / name for name in (IR, WEIGHTS, *SHARED_FILES)}
    return {
        "schema": 1,
        "kind": "reader",
        "name": NAME,
        "version": VERSION,
        "tokens": TOKENS,
        "question_tokens": QUESTION_TOKENS,
        "inputs": list(INPUTS),
        "outputs": list(ANSWER_OUTPUTS),
        "lowercase": True,
        "licence": "Apache-2.0",
        "source": manifest.source(),
        "training_data": manifest.BASE_TRAINING_DATA + TRAINING_DATA,
        "training": {"data": dict(pairs.FILES), **training},
        "quantization": {
            "method": f"{quantize.METHOD}, weights from -64 to 63",
            "preset": quantize.PRESET,
            "calibration": "inputs of articles that were held out from the training",
            "samples": samples,
            "nncf": version("nncf"),
            "openvino": version("openvino"),
        },
        "files": {n: {"bytes": p.stat().st_size, "sha256": weights.sha256(p)} for n, p in files.items()},
        "accuracy": dict(accuracy),
    }


def write(folder: Path, training: Mapping[str, Any], samples: int, accuracy: Mapping[str, Any]) -> None:
    """Write `folder/model.json`."""
    text = json.dumps(contents(folder, training, samples, accuracy), indent=2, ensure_ascii=False)
    (folder / "model.json").write_text(text + "\n", encoding="utf-8")
