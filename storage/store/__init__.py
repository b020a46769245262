"""Stores: what keeps a library's documents, passages and vectors, behind one interface (`store.py`).

`local.py` is the folder with the catalog and the generations; `milvus/` is a Milvus server, or a file of Milvus Lite.
"""
