"""Answer a question with fastembed and FAISS: python fastembed_query.py MODEL_FOLDER LIBRARY QUESTION.

Vectors and texts are those of a Wherein library; the first run writes them next to it as a FAISS file and JSON.
"""

import json
import sys
from pathlib import Path

import faiss
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType

NAME = "local/all-MiniLM-L6-v2"


def model(folder: str) -> TextEmbedding:
    TextEmbedding.add_custom_model(
        NAME, PoolingType.MEAN, True, ModelSource(url="http://127.0.0.1/none"), 384, model_file="model.onnx"
    )
    return TextEmbedding(NAME, specific_model_path=folder)


def prepare(library: Path, index: Path, texts: Path) -> None:
    import sqlite3

    import numpy as np

    db = sqlite3.connect(library / "catalog.db")
    rows = db.execute(
        "SELECT v.vector, substr(group_concat(t.text, ''), c.start % 2000 + 1, c.\"end\" - c.start) FROM chunks c"
        " JOIN vectors v ON v.input_hash = c.input_hash JOIN (SELECT * FROM texts ORDER BY id) t"
        ' ON t.document_id = c.document_id AND t.number BETWEEN c.start / 2000 AND (c."end" - 1) / 2000'
        " GROUP BY c.id ORDER BY c.id"
    ).fetchall()
    flat = faiss.IndexFlatIP(384)
    flat.add(np.stack([np.frombuffer(row[0], "<f4") for row in rows]))
    faiss.write_index(flat, str(index))
    texts.write_text(json.dumps([row[1] for row in rows]))


def main() -> None:
    folder, library, question = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    index, texts = library.with_suffix(".peer.faiss"), library.with_suffix(".peer.json")
    if not index.exists():
        prepare(library, index, texts)
    vectors = faiss.read_index(str(index))
    (vector,) = model(folder).query_embed([question])
    scores, rows = vectors.search(vector[None, :], 5)
    passages = json.loads(texts.read_text())
    for score, row in zip(scores[0], rows[0], strict=True):
        print(f"{score:.2f} {passages[row]}")


if __name__ == "__main__":
    main()
