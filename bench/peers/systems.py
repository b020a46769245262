"""What each system of bench/ingest_peers.py does, in a process of its own.

    python bench/peers/systems.py SYSTEM CONTEXTS.json --work EMPTY-FOLDER --models MODELS --precision auto

MODELS is what bench/peers/prepare.py wrote.
"""

import argparse
import json
import os
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

OPENVINO = {
    "device": "cpu",
    "backend": "openvino",
    "model_kwargs": {"file_name": "openvino/openvino_model_int8.xml", "ov_config": {"PERFORMANCE_HINT": "LATENCY"}},
}
"""How sentence-transformers loads the INT8 graph."""


def wherein(texts: Path, work: Path, models: Path, precision: str) -> None:
    from wherein.library import Library

    Library(work / "library", precision=precision, cache=models / "compiled").ingest([str(texts.with_suffix(".jsonl"))])


def openvino(texts: Path, work: Path, models: Path, precision: str) -> None:
    import faiss
    import numpy as np
    import openvino as ov
    from tokenizers import Tokenizer

    folder = ROOT / "embed" / "default"
    compiled = ov.Core().compile_model(str(folder / "model.xml"), "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(384)
    passages = json.loads(texts.read_text("utf-8"))
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(passages)]
    vectors = np.empty((len(rows), 384), np.float32)
    queue = ov.AsyncInferQueue(compiled)
    queue.set_callback(lambda request, batch: vectors.__setitem__(batch, request.get_output_tensor(0).data))
    for batch in sorted_batches(rows, 8):
        queue.start_async(padded([rows[row] for row in batch], positions=True), batch)
    queue.wait_all()
    keep(faiss, vectors, passages, work)


def onnxruntime(texts: Path, work: Path, models: Path, precision: str) -> None:
    import faiss
    import numpy as np
    import onnxruntime as ort
    from tokenizers import Tokenizer

    calm_onnxruntime()
    model = str(models / "onnx-int8" / "model.onnx")
    session = ort.InferenceSession(model, ort.SessionOptions(), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(models / "onnx" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(384)
    passages = json.loads(texts.read_text("utf-8"))
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(passages)]
    vectors = np.empty((len(rows), 384), np.float32)
    for batch in sorted_batches(rows, 8):
        inputs = padded([rows[row] for row in batch], positions=False)
        (hidden,) = session.run(None, inputs)
        mask = inputs["attention_mask"][:, :, None].astype(np.float32)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        vectors[batch] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    keep(faiss, vectors, passages, work)


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


def longest_first(texts: Path) -> list[str]:
    return sorted(json.loads(texts.read_text("utf-8")), key=len, reverse=True)


def sorted_batches(rows: list[list[int]], size: int) -> list[list[int]]:
    order = sorted(range(len(rows)), key=lambda row: -len(rows[row]))
    return [order[first : first + size] for first in range(0, len(order), size)]


def padded(rows: list[list[int]], *, positions: bool) -> dict:
    import numpy as np

    shape = len(rows), max(map(len, rows))
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return inputs | ({"position_ids": np.tile(np.arange(shape[1]), (shape[0], 1))} if positions else {})


def fastembed(texts: Path, work: Path, models: Path, precision: str) -> None:
    import faiss
    import numpy as np
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    calm_onnxruntime()
    name = "local/all-MiniLM-L6-v2"
    source = ModelSource(url="http://127.0.0.1/none")
    TextEmbedding.add_custom_model(name, PoolingType.MEAN, True, source, 384, model_file="model.onnx")
    model = TextEmbedding(name, specific_model_path=str(models / "onnx-int8"))
    passages = longest_first(texts)
    keep(faiss, np.stack(list(model.embed(passages, batch_size=8))), passages, work)


def sentence_transformers(texts: Path, work: Path, models: Path, precision: str) -> None:
    import faiss
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(models / "st"), **OPENVINO)
    passages = json.loads(texts.read_text("utf-8"))  # which it sorts itself
    keep(faiss, model.encode(passages, batch_size=8), passages, work)


def keep(faiss, vectors, passages: list[str], work: Path) -> None:
    index = faiss.IndexFlatIP(384)
    index.add(vectors)
    faiss.write_index(index, str(work / "index.faiss"))
    (work / "texts.json").write_text(json.dumps(passages), "utf-8")
    for path in work.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def txtai(texts: Path, work: Path, models: Path, precision: str) -> None:
    from txtai import Embeddings

    calm_onnxruntime()
    path, tokenizer = str(models / "onnx-pooled" / "model.onnx"), str(models / "onnx-pooled")
    embeddings = Embeddings(
        path=path, tokenizer=tokenizer, method="transformers", content=True, gpu=False, maxlength=384, encodebatch=8
    )
    embeddings.index(enumerate(longest_first(texts)))
    embeddings.save(str(work / "index"))


def chroma(texts: Path, work: Path, models: Path, precision: str) -> None:
    from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

    calm_onnxruntime()
    ONNXMiniLM_L6_V2.DOWNLOAD_PATH = models / "chroma"
    into_chroma(ONNXMiniLM_L6_V2(preferred_providers=["CPUExecutionProvider"]), texts, work)


def chroma_st(texts: Path, work: Path, models: Path, precision: str) -> None:
    from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

    into_chroma(SentenceTransformerEmbeddingFunction(str(models / "st"), **OPENVINO), texts, work)


def into_chroma(function, texts: Path, work: Path) -> None:
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(work / "chroma"), settings=settings)
    collection = client.create_collection("texts", embedding_function=function)
    passages = longest_first(texts)
    for first in range(0, len(passages), 100):
        part = passages[first : first + 100]
        collection.add(ids=[str(first + n) for n in range(len(part))], documents=part)


def lancedb(texts: Path, work: Path, models: Path, precision: str) -> None:
    import lancedb as lance
    import sentence_transformers
    from lancedb.embeddings import get_registry
    from lancedb.pydantic import LanceModel, Vector

    # LanceDB has no option for the backend.
    load = sentence_transformers.SentenceTransformer
    sentence_transformers.SentenceTransformer = lambda name, **_: load(name, **OPENVINO)
    model = get_registry().get("sentence-transformers").create(name=str(models / "st"), device="cpu")

    class Passage(LanceModel):
        text: str = model.SourceField()
        vector: Vector(384) = model.VectorField()

    table = lance.connect(str(work / "lance")).create_table("texts", schema=Passage)
    table.add([{"text": text} for text in longest_first(texts)])


CHILDREN = {
    "wherein": wherein,
    "openvino": openvino,
    "onnxruntime": onnxruntime,
    "fastembed": fastembed,
    "sentence-transformers": sentence_transformers,
    "txtai": txtai,
    "chroma": chroma,
    "chroma-st": chroma_st,
    "lancedb": lancedb,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=CHILDREN)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--precision", default="auto")
    given = parser.parse_args()
    CHILDREN[given.system](given.texts, given.work, given.models, given.precision)


if __name__ == "__main__":
    main()
