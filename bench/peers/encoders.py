"""How the peers embed, each in the way that is fastest: INT8, texts sorted by length, batches of 8.

Every encoder embeds texts of at most 384 tokens with the weights that bench/peers/prepare.py wrote; `openvino` and
`card` run the shipped model itself. Vectors are float32 of 384 numbers and of length 1.
"""

import json
import os
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "embed" / "default"
TOKENS, BATCH, WIDTH = 384, 8, 384

OPENVINO = {
    "device": "cpu",
    "backend": "openvino",
    "model_kwargs": {"file_name": "openvino/openvino_model_int8.xml", "ov_config": {"PERFORMANCE_HINT": "LATENCY"}},
}
"""How sentence-transformers loads the INT8 graph."""


def calm_onnxruntime() -> None:
    """Give every session a thread for each core, none of which spins while it waits.

    Spinning takes 1.6 times the CPU time beside other work, and is no faster. Most libraries have no option for it.
    """
    import onnxruntime as ort

    class Options(ort.SessionOptions):
        def __init__(self) -> None:
            super().__init__()
            self.intra_op_num_threads = os.cpu_count() or 1
            self.add_session_config_entry("session.intra_op.allow_spinning", "0")

    ort.SessionOptions = Options


class OpenVinoLoop:
    """The shipped model by hand: asynchronous requests for throughput, the latency hint for single questions."""

    def __init__(self, models: Path) -> None:
        import openvino as ov
        from tokenizers import Tokenizer

        self._core = ov.Core()
        self._core.set_property({"CACHE_DIR": str(models / "compiled-by-hand")})
        self._tokenizer = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKENS)
        self._asking = None

    def texts(self, texts: list[str]) -> np.ndarray:
        import openvino as ov

        rows = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
        vectors = np.empty((len(rows), WIDTH), np.float32)
        queue = ov.AsyncInferQueue(self._compiled("THROUGHPUT"))
        queue.set_callback(lambda request, batch: vectors.__setitem__(batch, request.get_output_tensor(0).data))
        for batch in sorted_batches(rows, BATCH):
            queue.start_async(padded([rows[row] for row in batch], positions=True), batch)
        queue.wait_all()
        return vectors

    def question(self, text: str) -> np.ndarray:
        if self._asking is None:
            self._asking = self._compiled("LATENCY").create_infer_request()
        inputs = padded([self._tokenizer.encode(text).ids[:TOKENS]], positions=True)
        return next(iter(self._asking.infer(inputs).values()))[0]

    def _compiled(self, hint: str):
        return self._core.compile_model(str(SHIPPED / "model.xml"), "CPU", {"PERFORMANCE_HINT": hint})


class CardDemo(OpenVinoLoop):
    """As the model card's demonstration: every text is padded to 384 tokens, every question to 32, one at a time."""

    def texts(self, texts: list[str]) -> np.ndarray:
        request = self._compiled("LATENCY").create_infer_request()
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
        inputs = (padded([row], positions=True, length=TOKENS) for row in rows)
        return np.concatenate([next(iter(request.infer(one).values())).copy() for one in inputs])

    def question(self, text: str) -> np.ndarray:
        if self._asking is None:
            self._asking = self._compiled("LATENCY").create_infer_request()
        inputs = padded([self._tokenizer.encode(text).ids[:32]], positions=True, length=32)
        return next(iter(self._asking.infer(inputs).values()))[0]


class OnnxRuntime:
    """all-MiniLM-L6-v2 by hand: fused operators, dynamic INT8."""

    def __init__(self, models: Path) -> None:
        import onnxruntime as ort
        from tokenizers import Tokenizer

        calm_onnxruntime()
        model = str(models / "onnx-int8" / "model.onnx")
        self._session = ort.InferenceSession(model, ort.SessionOptions(), providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(models / "onnx" / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKENS)

    def texts(self, texts: list[str]) -> np.ndarray:
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
        vectors = np.empty((len(rows), WIDTH), np.float32)
        for batch in sorted_batches(rows, BATCH):
            inputs = padded([rows[row] for row in batch], positions=False)
            (hidden,) = self._session.run(None, inputs)
            mask = inputs["attention_mask"][:, :, None].astype(np.float32)
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            vectors[batch] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return vectors

    def question(self, text: str) -> np.ndarray:
        return self.texts([text])[0]


class FastEmbed:
    """fastembed with the same INT8 graph."""

    def __init__(self, models: Path) -> None:
        from fastembed import TextEmbedding
        from fastembed.common.model_description import ModelSource, PoolingType

        calm_onnxruntime()
        name, source = "local/all-MiniLM-L6-v2", ModelSource(url="http://127.0.0.1/none")
        TextEmbedding.add_custom_model(name, PoolingType.MEAN, True, source, WIDTH, model_file="model.onnx")
        self._model = TextEmbedding(name, specific_model_path=str(models / "onnx-int8"))

    def texts(self, texts: list[str]) -> np.ndarray:
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        vectors = np.empty((len(texts), WIDTH), np.float32)
        for row, vector in zip(order, self._model.embed([texts[row] for row in order], batch_size=BATCH), strict=True):
            vectors[row] = vector
        return vectors

    def question(self, text: str) -> np.ndarray:
        return next(iter(self._model.query_embed([text]))).astype(np.float32)


class SentenceTransformers:
    """sentence-transformers with its OpenVINO backend and a graph of static INT8; it sorts by itself."""

    def __init__(self, models: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(models / "st"), **OPENVINO)

    def texts(self, texts: list[str]) -> np.ndarray:
        return self._model.encode(texts, batch_size=BATCH)

    def question(self, text: str) -> np.ndarray:
        return self._model.encode(text)


def longest_first(records: list[dict]) -> list[dict]:
    """Return records so that texts of a length share a batch."""
    return sorted(records, key=lambda record: len(record["text"]), reverse=True)


def sorted_batches(rows: list[list[int]], size: int) -> list[list[int]]:
    order = sorted(range(len(rows)), key=lambda row: -len(rows[row]))
    return [order[first : first + size] for first in range(0, len(order), size)]


def padded(rows: list[list[int]], *, positions: bool, length: int = 0) -> dict[str, np.ndarray]:
    shape = len(rows), length or max(map(len, rows))
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return inputs | ({"position_ids": np.tile(np.arange(shape[1]), (shape[0], 1))} if positions else {})


def read_records(path: Path) -> list[dict]:
    """Return the records of a file of JSON lines: id, title and text."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
