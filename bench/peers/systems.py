"""What each system of bench/run.py does, in a process of its own.

    python bench/peers/systems.py SYSTEM ingest RECORDS.jsonl FOLDER     every record; FOLDER may hold them already
    python bench/peers/systems.py SYSTEM update RECORDS.jsonl FOLDER     only records that changed
    python bench/peers/systems.py SYSTEM count FOLDER                    how many records it holds
    python bench/peers/systems.py SYSTEM ask FOLDER QUESTION             the five best texts
    python bench/peers/systems.py SYSTEM questions FOLDER QUESTIONS.json OUT.json

RECORDS.jsonl has `id`, `title` and `text`; a peer embeds the title in front of the text. The last form asks one
question after another and writes, for each, the ids of the ten best and the milliseconds that it took. --models names
what bench/peers/prepare.py wrote. A peer whose records are there already has to embed them all again, because none
compares what it is given with what it has; `update` gets only what changed, which Wherein finds out.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import encoders
from encoders import OPENVINO, WIDTH, longest_first, read_records

Search = Callable[[str, int], list[str]]


class ByHand:
    """Vectors in a flat FAISS index, records in a JSON file beside it."""

    def __init__(self, models: Path, encoder: type) -> None:
        self._models, self._kind = models, encoder

    def ingest(self, records: list[dict], folder: Path) -> None:
        self._keep(self._kind(self._models).texts(texts(records)), records, folder)

    def update(self, records: list[dict], folder: Path) -> None:
        index, kept = self._open(folder)
        vectors, rows = index.reconstruct_n(0, index.ntotal), {record["id"]: n for n, record in enumerate(kept)}
        found = self._kind(self._models).texts(texts(records))
        for record, vector in zip(records, found, strict=True):
            kept[rows[record["id"]]], vectors[rows[record["id"]]] = record, vector
        self._keep(vectors, kept, folder)

    def count(self, folder: Path) -> int:
        return len(self._open(folder)[1]) if (folder / "records.json").exists() else 0

    def search(self, folder: Path) -> Search:
        (index, records), encoder = self._open(folder), self._kind(self._models)
        return lambda question, k: [
            records[row]["id"] for row in index.search(encoder.question(question)[None, :], k)[1][0] if row >= 0
        ]

    def texts(self, folder: Path, ids: list[str]) -> list[str]:
        kept = {record["id"]: record["text"] for record in self._open(folder)[1]}
        return [kept[one] for one in ids]

    def _open(self, folder: Path):
        import faiss

        return faiss.read_index(str(folder / "index.faiss")), json.loads((folder / "records.json").read_text("utf-8"))

    def _keep(self, vectors, records: list[dict], folder: Path) -> None:
        import faiss

        index = faiss.IndexFlatIP(WIDTH)
        index.add(vectors)
        faiss.write_index(index, str(folder / "index.faiss.new"))
        (folder / "records.json.new").write_text(json.dumps(records), "utf-8")
        for name in ("index.faiss", "records.json"):
            with (folder / f"{name}.new").open("rb") as file:
                os.fsync(file.fileno())
            (folder / f"{name}.new").replace(folder / name)


class CardDemo(ByHand):
    """A scan of all vectors by their Euclidean distance, as in the card's demonstration."""

    def search(self, folder: Path) -> Search:
        import numpy as np

        (index, records), encoder = self._open(folder), self._kind(self._models)
        vectors = index.reconstruct_n(0, index.ntotal)

        def nearest(question: str, k: int) -> list[str]:
            asked = encoder.question(question)
            distances = np.linalg.norm(vectors - asked, axis=1)
            return [records[row]["id"] for row in np.argsort(distances)[:k]]

        return nearest


class Txtai:
    """txtai with its content store and the ONNX graph in INT8."""

    def __init__(self, models: Path) -> None:
        encoders.calm_onnxruntime()
        self._models = str(models / "onnx-pooled")

    def ingest(self, records: list[dict], folder: Path) -> None:
        embeddings = self._new() if not (folder / "index").exists() else self._open(folder)
        rows = [(record["id"], text) for record, text in zip(records, texts(records), strict=True)]
        rows.sort(key=lambda row: len(row[1]), reverse=True)
        (embeddings.upsert if (folder / "index").exists() else embeddings.index)(rows)
        embeddings.save(str(folder / "index"))

    update = ingest

    def count(self, folder: Path) -> int:
        return self._open(folder).count() if (folder / "index" / "config.json").exists() else 0

    def search(self, folder: Path) -> Search:
        embeddings = self._open(folder)
        return lambda question, k: [str(found["id"]) for found in embeddings.search(question, k)]

    def texts(self, folder: Path, ids: list[str]) -> list[str]:
        embeddings = self._open(folder)
        return [
            embeddings.search("select text from txtai where id = :id", parameters={"id": i})[0]["text"] for i in ids
        ]

    def _new(self):
        from txtai import Embeddings

        return Embeddings(
            path=f"{self._models}/model.onnx", tokenizer=self._models, method="transformers", content=True, gpu=False,
            maxlength=384, encodebatch=encoders.BATCH,
        )  # fmt: skip

    def _open(self, folder: Path):
        embeddings = self._new()
        embeddings.load(str(folder / "index"))
        return embeddings


class Chroma:
    """Chroma with sentence-transformers and its OpenVINO INT8 graph."""

    def __init__(self, models: Path) -> None:
        self._models = models

    def ingest(self, records: list[dict], folder: Path) -> None:
        collection = self._collection(folder)
        records = longest_first(records)
        for first in range(0, len(records), 100):
            part = records[first : first + 100]
            collection.upsert(ids=[record["id"] for record in part], documents=texts(part))

    update = ingest

    def count(self, folder: Path) -> int:
        return self._collection(folder).count()

    def search(self, folder: Path) -> Search:
        collection = self._collection(folder)
        return lambda question, k: collection.query(query_texts=[question], n_results=k, include=[])["ids"][0]

    def texts(self, folder: Path, ids: list[str]) -> list[str]:
        return self._collection(folder).get(ids=ids)["documents"]

    def _collection(self, folder: Path):
        import chromadb
        from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

        function = SentenceTransformerEmbeddingFunction(str(self._models / "st"), **OPENVINO)
        client = chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
        return client.get_or_create_collection(
            "texts", embedding_function=function, configuration={"hnsw": {"space": "ip"}}
        )


class LanceDb:
    """LanceDB with its registry of embedding functions, and the same graph."""

    def __init__(self, models: Path) -> None:
        self._models = models

    def ingest(self, records: list[dict], folder: Path) -> None:
        table = self._table(folder)
        records = longest_first(records)
        rows = [{"id": record["id"], "text": text} for record, text in zip(records, texts(records), strict=True)]
        if table.count_rows():
            table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(
                self._vectors(rows)
            )
        else:
            table.add(rows)

    update = ingest

    def count(self, folder: Path) -> int:
        return self._table(folder).count_rows()

    def search(self, folder: Path) -> Search:
        table = self._table(folder)
        return lambda question, k: [
            row["id"] for row in table.search(question).distance_type("dot").limit(k).select(["id"]).to_list()
        ]

    def texts(self, folder: Path, ids: list[str]) -> list[str]:
        rows = self._table(folder).search().where(f"id in {tuple(ids)!r}").limit(len(ids)).to_list()
        kept = {row["id"]: row["text"] for row in rows}
        return [kept[one] for one in ids]

    def _vectors(self, rows: list[dict]) -> list[dict]:
        # merge_insert, unlike add, does not call the embedding function.
        vectors = self._function.compute_source_embeddings([row["text"] for row in rows])
        return [{**row, "vector": vector} for row, vector in zip(rows, vectors, strict=True)]

    def _table(self, folder: Path):
        import lancedb
        import sentence_transformers
        from lancedb.embeddings import get_registry
        from lancedb.pydantic import LanceModel, Vector

        # LanceDB has no option for the backend.
        load = sentence_transformers.SentenceTransformer
        sentence_transformers.SentenceTransformer = lambda name, **_: load(name, **OPENVINO)
        model = get_registry().get("sentence-transformers").create(name=str(self._models / "st"), device="cpu")
        self._function = model

        class Passage(LanceModel):
            id: str
            text: str = model.SourceField()
            vector: Vector(WIDTH) = model.VectorField()

        return lancedb.connect(str(folder)).create_table("texts", schema=Passage, exist_ok=True)


class Wherein:
    """The library as programs use it; bench/run.py runs the command itself where a person would."""

    def __init__(self, models: Path) -> None:
        self._cache = models / "compiled"

    def ingest(self, records: list[dict], folder: Path) -> None:
        raise SystemExit("run: wherein ingest")

    update = ingest

    def count(self, folder: Path) -> int:
        return sum(1 for _ in self._library(folder).documents())

    def search(self, folder: Path) -> Search:
        library = self._library(folder)
        return lambda question, k: [hit.uri.rpartition("#")[2] for hit in library.query(question, k).hits]

    def texts(self, folder: Path, ids: list[str]) -> list[str]:
        raise SystemExit("run: wherein query")

    def _library(self, folder: Path):
        from wherein.library import Library

        return Library(folder / "library", cache=self._cache)


def texts(records: list[dict]) -> list[str]:
    """Return what is embedded of each record: the title, if it has one, in front of the text."""
    return [f"{record['title']}. {record['text']}" if record["title"] else record["text"] for record in records]


SYSTEMS = {
    "wherein": Wherein,
    "openvino": lambda models: ByHand(models, encoders.OpenVinoLoop),
    "onnxruntime": lambda models: ByHand(models, encoders.OnnxRuntime),
    "fastembed": lambda models: ByHand(models, encoders.FastEmbed),
    "sentence-transformers": lambda models: ByHand(models, encoders.SentenceTransformers),
    "txtai": Txtai,
    "chroma": Chroma,
    "lancedb": LanceDb,
    "card": lambda models: CardDemo(models, encoders.CardDemo),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("verb", choices=["ingest", "update", "count", "ask", "questions"])
    parser.add_argument("given", nargs="+")
    parser.add_argument("--models", type=Path, required=True)
    chosen = parser.parse_args()
    system = SYSTEMS[chosen.system](chosen.models)
    first, *rest = chosen.given
    if chosen.verb in ("ingest", "update"):
        folder = Path(rest[0])
        folder.mkdir(exist_ok=True)
        getattr(system, chosen.verb)(read_records(Path(first)), folder)
    elif chosen.verb == "count":
        print(system.count(Path(first)))
    elif chosen.verb == "ask":
        print("\n".join(system.texts(Path(first), system.search(Path(first))(rest[0], 5))))
    else:
        answers = timed(system.search(Path(first)), json.loads(Path(rest[0]).read_text("utf-8")))
        Path(rest[1]).write_text(json.dumps(answers), "utf-8")


def timed(search: Search, questions: list[str]) -> list[dict]:
    """Ask each question; the first twenty are asked twice, so that everything is loaded when time counts."""
    for question in questions[:20]:
        search(question, 10)
    answers = []
    for question in questions:
        began = time.perf_counter()
        ids = search(question, 10)
        answers.append({"ids": ids, "milliseconds": 1000 * (time.perf_counter() - began)})
    return answers


if __name__ == "__main__":
    main()
