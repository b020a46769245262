"""Documents, chunks and vectors, kept. SQLite is the truth; every FAISS file is derived from it.

`connection` opens the database, `schema` shapes it; `documents`, `files`, `sources`, `vectors`, `models`, `backups`
and `generations` each own one table; `index` answers nearest-vector questions from one snapshot; `lock` lets one
writer in at a time. `backup` and `restore` write and read a `package` (a folder or a `.tar.zst` file) that a
`manifest` describes; `staging` is where either makes its result whole before it gets its name.
"""
