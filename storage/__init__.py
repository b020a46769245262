"""Documents, chunks and vectors on disk. `catalog/` is the truth; every file of `index/` is derived from it.

`catalog` opens the database, migrates it and owns its tables; `filters` selects passages of one snapshot; `index`
writes generations and answers nearest-vector and keyword questions from them; `repair` verifies and restores what is
damaged; `backup` writes and restores backups; `cleanup` purges and tidies; `disk` is below all of them.
"""
