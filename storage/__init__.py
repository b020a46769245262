"""Documents, chunks and vectors, kept. SQLite is the truth; every FAISS file is derived from it.

`connection` opens the database, `schema` shapes it; `documents`, `files`, `sources`, `vectors`, `models` and
`generations` each own one table; `index` answers nearest-vector questions from one snapshot; `lock` lets one
writer in at a time.
"""
