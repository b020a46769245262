"""Build an index of given vectors with each system, and search it.

    python bench/peers/vectors.py SYSTEM VECTORS.npy QUERIES.npy EMPTY-FOLDER

Vectors are float32 of length 1. The effort of a search is the least, of 16, 32, 64 and so on, that finds 0.99 of the
ten nearest for the first half of the queries; the second half is measured. Prints JSON: the seconds of the build until
it is on disk, the bytes there, the median milliseconds of a search on one thread, and its recall. Wherein's index has
chosen its effort when it was built.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

K, WANTED, MOST = 10, 0.99, 4_096
Search = Callable[[np.ndarray], np.ndarray]
Tunable = Callable[[int], Search]


def faiss_hnsw(vectors: np.ndarray, folder: Path) -> Tunable:
    import faiss

    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 80
    index.add(vectors)
    faiss.write_index(index, str(folder / "index.faiss"))
    opened = faiss.read_index(str(folder / "index.faiss"))
    faiss.omp_set_num_threads(1)

    def tuned(effort: int) -> Search:
        opened.hnsw.efSearch = effort
        return lambda query: opened.search(query[None, :], K)[1][0]

    return tuned


def lancedb(vectors: np.ndarray, folder: Path) -> Tunable:
    import lancedb as lance
    import pyarrow as pa

    rows = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    table = lance.connect(str(folder)).create_table(
        "vectors", pa.table({"id": pa.array(range(len(vectors))), "vector": rows})
    )
    lists = max(1, int(np.sqrt(len(vectors))))
    table.create_index(metric="dot", index_type="IVF_SQ", num_partitions=lists)

    def tuned(effort: int) -> Search:
        def nearest(query: np.ndarray) -> np.ndarray:
            found = table.search(query).nprobes(min(effort, lists)).refine_factor(2).limit(K).select(["id"])
            return np.array(found.to_arrow()["id"])

        return nearest

    return tuned


def chroma(vectors: np.ndarray, folder: Path) -> Tunable:
    import chromadb

    client = chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    settings = {"hnsw": {"space": "ip", "ef_construction": 80, "max_neighbors": 32}}
    collection = client.create_collection("vectors", configuration=settings)
    for first in range(0, len(vectors), 5_000):
        part = vectors[first : first + 5_000]
        collection.add(ids=[str(first + row) for row in range(len(part))], embeddings=part)

    def tuned(effort: int) -> Search:
        collection.modify(configuration={"hnsw": {"ef_search": effort}})

        def nearest(query: np.ndarray) -> np.ndarray:
            found = collection.query(query_embeddings=[query], n_results=K, include=[])
            return np.array([int(one) for one in found["ids"][0]])

        return nearest

    return tuned


def wherein(vectors: np.ndarray, folder: Path) -> Tunable:
    import faiss

    from wherein.storage.catalog.checksums import content_hash
    from wherein.storage.catalog.connection import checkpoint, open_reader, open_writer, writing
    from wherein.storage.catalog.models import bind_model
    from wherein.storage.catalog.vectors import save_vectors
    from wherein.storage.index.generation_writer import write_generation
    from wherein.storage.index.vector_index import load_index

    with closing(open_writer(folder)) as db:
        with writing(db, "model.bind"):
            model = bind_model(
                db, fingerprint="f" * 16, name="bench", version="1", precision="w8a8", dimension=vectors.shape[1]
            )
        for first in range(0, len(vectors), 10_000):
            part = vectors[first : first + 10_000]
            with writing(db, "ingest.batch"):
                save_vectors(db, model.id, [content_hash(f"{first + row}") for row in range(len(part))], part)
        write_generation(db, folder, model)
        checkpoint(db)
    db = open_reader(folder)
    opened = load_index(db, folder, model, None)
    faiss.omp_set_num_threads(1)
    return lambda _: lambda query: opened.nearest(query, K)[0] - 1  # ids are rows of the catalog, from 1 on


SYSTEMS = {"wherein": wherein, "faiss-hnsw": faiss_hnsw, "lancedb": lancedb, "chroma": chroma}


def main() -> None:
    system, vectors, queries, folder = sys.argv[1], np.load(sys.argv[2]), np.load(sys.argv[3]), Path(sys.argv[4])
    began = time.perf_counter()
    tuned = SYSTEMS[system](vectors, folder)
    built = time.perf_counter() - began
    half = len(queries) // 2
    right = exact(vectors, queries)
    effort, search = 16, tuned(16)
    while recall(search, queries[:half], right[:half]) < WANTED and effort < MOST and system != "wherein":
        effort *= 2
        search = tuned(effort)
    milliseconds = []
    for query in queries[half:]:
        began = time.perf_counter()
        search(query)
        milliseconds.append(1000 * (time.perf_counter() - began))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    found = recall(search, queries[half:], right[half:])
    print(json.dumps({"seconds": built, "bytes": size, "p50": float(np.median(milliseconds)), "recall": found}))


def exact(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the rows of the ten nearest vectors of each query, `[n, K]`."""
    return np.stack([np.argpartition(vectors @ query, -K)[-K:] for query in queries])


def recall(search: Search, queries: np.ndarray, right: np.ndarray) -> float:
    found = [len(np.intersect1d(search(query), rows)) for query, rows in zip(queries, right, strict=True)]
    return sum(found) / (K * len(found))


if __name__ == "__main__":
    main()
