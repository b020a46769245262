"""Model folders as sentence-transformers and Optimum write them, small enough for a test.

    folder/openvino/openvino_model.xml and .bin: input_ids, attention_mask -> last_hidden_state [n, length, 8]
    folder/tokenizer.json, modules.json, 1_Pooling/config.json, config.json, …

The vector of a token is its row of a table, plus a share of the text's mean, so that the mask matters.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tiny import WORDS
from wherein.embed.runtime import import_openvino

__all__ = ["ROWS", "TOKENIZERS", "pool", "token_vectors", "write_exported", "write_graph", "write_settings"]

ROWS, WIDTH = 400, 8
_TABLE = np.random.default_rng(3).standard_normal((ROWS, WIDTH)).astype(np.float32)
_MODES = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token", "last": "pooling_mode_lasttoken"}


def word_piece() -> Tokenizer:
    """BERT's: [CLS] … [SEP]."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *map(chr, range(33, 127)), *(f"##{chr(i)}" for i in range(97, 123))]
    ids = {name: number for number, name in enumerate(dict.fromkeys([*names, *WORDS, "query", "passage"]))}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    return tokenizer


def unigram() -> Tokenizer:
    """That of XLM-RoBERTa: <s> … </s>; Chinese has no spaces, and so a sentence is one word."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces += ["▁", *map(chr, range(33, 127)), *"我们是中国人他住在北京。", "中国", "北京"]
    pieces += [f"▁{word}" for word in (*WORDS, "query", "passage")]
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0 - number / 100) for number, piece in enumerate(pieces)], 3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return tokenizer


def byte_pairs() -> Tokenizer:
    """That of a decoder: bytes, and only <|end|> after a text."""
    names = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "th", "Ġth", "Ġthe", "<|end|>"]
    merges = [("t", "h"), ("Ġ", "th"), ("Ġth", "e")]
    tokenizer = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    end = tokenizer.token_to_id("<|end|>")
    tokenizer.post_processor = processors.TemplateProcessing("$A <|end|>", None, [("<|end|>", end)])
    return tokenizer


TOKENIZERS = {"WordPiece": word_piece, "Unigram": unigram, "BPE": byte_pairs}


def token_vectors(ids: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return what the graph returns for a text, float32 `[len(ids), 8]`."""
    rows = _TABLE[list(ids)]
    return np.asarray(rows + 0.5 * rows.mean(axis=0), np.float32)


def pool(pooling: str, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the text's vector."""
    return {"mean": vectors.mean(axis=0), "cls": vectors[0], "last": vectors[-1]}[pooling]


def write_graph(path: Path, inputs: Sequence[str] = ("input_ids", "attention_mask"), seed: int | None = None) -> None:
    """Write an IR; its own mean of the words, "sentence_embedding", is an output, too, if there is a `seed`."""
    ov = import_openvino()
    from openvino import opset13 as ops

    parameters = {name: ops.parameter([-1, -1], ov.Type.i64, name) for name in inputs}
    for name, parameter in parameters.items():
        parameter.output(0).get_tensor().set_names({name})
    number = {at: ops.constant(at, ov.Type.i64) for at in (0, 1, 2)}
    rows = ops.gather(ops.constant(_TABLE), parameters["input_ids"], number[0])
    mask = ops.unsqueeze(ops.convert(parameters["attention_mask"], "f32"), number[2])
    mean = ops.divide(ops.reduce_sum(ops.multiply(rows, mask), number[1], True), ops.reduce_sum(mask, number[1], True))
    states = ops.add(rows, ops.multiply(mean, ops.constant(np.float32(0.5))))
    for name in inputs[2:]:  # they are used, but multiplied by zero
        unused = ops.multiply(ops.convert(parameters[name], "f32"), ops.constant(np.float32(0)))
        states = ops.add(states, ops.unsqueeze(unused, number[2]))
    states.output(0).get_tensor().set_names({"last_hidden_state"})
    outputs = [states]
    if seed is not None:
        outputs.append(ops.squeeze(ops.multiply(mean, ops.constant(np.float32(2))), number[1]))
        outputs[1].output(0).get_tensor().set_names({"sentence_embedding"})
    path.parent.mkdir(parents=True, exist_ok=True)
    ov.save_model(ov.Model(outputs, list(parameters.values()), "exported"), path, compress_to_fp16=False)


def write_settings(
    folder: Path,
    *,
    pooling: str = "mean",
    normalizes: bool = True,
    prompts: Mapping[str, str] | None = None,
    tokens: int = 128,
    **config: Any,
) -> None:
    """Write what sentence-transformers writes about a model."""
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    kinds = ["Transformer", "Pooling", *(["Normalize"] if normalizes else [])]
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (kind, path) in enumerate(zip(kinds, paths, strict=False))
    ]
    files = {
        "modules.json": modules,
        "1_Pooling/config.json": {
            "word_embedding_dimension": WIDTH,
            **{mode: name == pooling for name, mode in _MODES.items()},
            "pooling_mode_max_tokens": False,
        },
        "config_sentence_transformers.json": {"prompts": prompts or {}, "default_prompt_name": None},
        "sentence_bert_config.json": {"max_seq_length": tokens, "do_lower_case": False},
        "config.json": {"model_type": "bert", "max_position_embeddings": 512, **config},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), "utf-8")


def write_exported(
    folder: Path,
    kind: str = "WordPiece",
    *,
    graphs: Sequence[str] = ("openvino_model",),
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    **settings: Any,
) -> Path:
    """Write a whole model folder and return it; `settings` as `write_settings` takes them."""
    for graph in graphs:
        write_graph(folder / "openvino" / f"{graph}.xml", inputs)
    TOKENIZERS[kind]().save(str(folder / "tokenizer.json"))
    write_settings(folder, **settings)
    return folder
