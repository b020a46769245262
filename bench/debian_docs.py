"""Twelve questions about Debian's python3.11-doc, postgresql-doc-15 and git-doc: is the right page in the top five?

wherein --library LIB ingest /usr/share/doc/python3.11/html /usr/share/doc/postgresql-doc-15/html /usr/share/doc/git/html
python bench/debian_docs.py LIB
"""  # noqa: E501

import argparse
import os
from pathlib import Path

from wherein.library import Library

QUESTIONS = (
    ("How do I read a JSON file into a dictionary in Python?", ("json.html",)),
    ("How can a Python program run another program and capture its output?", ("subprocess.html",)),
    ("What does the with statement do when an exception is raised?", ("compound_stmts.html", "contextlib.html",
     "datamodel.html", "stdtypes.html")),
    ("How do I parse command line arguments?", ("argparse.html", "optparse.html", "getopt.html")),
    ("How do I measure the execution time of small bits of Python code?", ("timeit.html",)),
    ("How do I create an index without blocking writes to the table?", ("sql-createindex.html",)),
    ("When does autovacuum run on a table?", ("routine-vacuuming.html", "runtime-config-autovacuum.html")),
    ("How do I make a backup of a single database to a file?", ("app-pgdump.html", "backup-dump.html",
     "backup.html")),
    ("What are the transaction isolation levels?", ("transaction-iso.html", "sql-set-transaction.html")),
    ("How do I find the commit that introduced a bug by binary search?", ("git-bisect.html", "git-bisect-lk2009.html",
     "git-bisect.txt", "git-bisect-lk2009.txt", "user-manual.html", "user-manual.txt")),
    ("How can I save my uncommitted changes for later and clean the working directory?", ("git-stash.html",
     "git-stash.txt")),
    ("How do I work on two branches at the same time in separate directories?", ("git-worktree.html",
     "git-worktree.txt")),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, metavar="LIB")
    chosen = parser.parse_args()
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "wherein" / "compiled"
    library = Library(chosen.library, cache=cache)
    right = 0
    for question, pages in QUESTIONS:
        names = [hit.uri.rpartition("/")[2] for hit in library.query(question, 5).hits]
        rank = next((rank for rank, name in enumerate(names, 1) if name in pages), None)
        right += rank is not None
        print(f"{rank or 'not found':>9}  {question}  [{', '.join(names)}]")
    print(f"{right} of {len(QUESTIONS)} have the right page in the top five")


if __name__ == "__main__":
    main()
