"""Named places at which a test makes the process die, so that crash safety is proved and not hoped for.

`WHEREIN_FAILPOINT=NAME`, `NAME@3` (the third time) and `NAME:kill` (SIGKILL instead of `os._exit`) choose one; without
the variable a failpoint does nothing. A transaction has three of them, `STEP.begun`, `STEP.written` and
`STEP.committed`, for each step in `STEPS`; the others are in `POINTS`.
"""

import os
import signal

__all__ = ["EXIT_CODE", "POINTS", "STEPS", "failpoint"]

EXIT_CODE = 86
_VARIABLE = "WHEREIN_FAILPOINT"

STEPS = {
    "ingest.sources": "what the user asked to be kept up to date is remembered",
    "ingest.batch": "vectors, and the documents that are complete with them, are in place of their earlier versions",
    "ingest.move": "a file that was moved, and its documents, have their new name",
    "reindex.remove": "what is gone from its source is removed",
    "reindex.index": "the next generation of vectors is searched in the way that was chosen",
    "reindex.orphans": "vectors that have had no chunk for 30 days are deleted",
    "night.begin": "the library knows that a reindex began, and calls it unfinished",
    "night.finish": "the library knows how the reindex ended",
    "golden.add": "the question is asked by every reindex that changes the index",
    "golden.remove": "the question is no longer asked",
    "golden.ranks": "the library knows where the answers of the golden questions stood at last",
    "generation.rollback": "questions are answered from the generation before",
    "earlier-model.drop": "the vectors of models that the library does not use are deleted",
    "model.bind": "the library belongs to a model and a precision",
    "reembed.begin": "the other model is known; the library's own answers",
    "reembed.batch": "some vectors of the other model are stored; the library's own answers",
    "reembed.switch": "passages are cut for the other model, which is the library's own now, and its index answers",
    "generation.register": "questions are answered from the new generation",
    "keywords.register": "the words of questions are looked up in the new generation",
    "keywords.recount": "the terms of every passage are those of this version",
    "generation.forget": "old generations are no longer known",
    "documents.remove": "the documents are removed",
    "sources.remove": "the source is no longer followed",
    "purge.remove": "the documents are removed and kept out; the next writer finishes the purge",
    "purge.finish": "no byte of the purged documents is left in the library's files",
    "backup.note": "the library remembers the backup, which is whole either way",
    "restore.generations": "nothing yet: the library being restored has not got its name",
    "repair.indexes": "SQLite's indexes fit their tables again",
    "repair.rows": "rows that are not what was stored are mended, or out and kept aside",
    "repair.salvage": "nothing yet: the fresh catalog has not got its name; the next repair begins anew",
    "repair.generations": "a damaged index is no longer known; a new one answers",
}
"""The transactions, each with what holds once it is committed; before that, nothing of it holds."""

POINTS = {
    "migration.applied": "the old schema, as the transaction of the migration is not committed yet",
    "generation.written": "the old generation answers; a temporary file is left and removed by the next run",
    "generation.flushed": "the old generation answers; a temporary file is left and removed by the next run",
    "generation.renamed": "the old generation answers; a file that is not registered is left, removed by the next run",
    "generation.folder-flushed": "the old generation answers; the file that is not registered is written again",
    "keywords.written": "as after generation.written",
    "keywords.flushed": "as after generation.flushed",
    "keywords.renamed": "as after generation.renamed",
    "keywords.folder-flushed": "as after generation.folder-flushed",
    "purge.index-rewritten": "the documents are removed; the next writer finishes the purge",
    "purge.vacuumed": "the documents are removed; the next writer finishes the purge",
    "backup.copied": "no backup; a folder .NAME.part is left beside it and removed by the next backup to that place",
    "backup.written": "as after backup.copied",
    "backup.flushed": "as after backup.copied",
    "backup.renamed": "the backup is whole; the same command run again checks it, notes it and says so",
    "restore.unpacked": "the library as it was; a folder .NAME.part is left beside it and removed by the next restore",
    "restore.flushed": "as after restore.unpacked",
    "restore.aside": "no library, the earlier one lies beside it; the next restore puts the new one there",
    "restore.renamed": "the restored library; the earlier one lies beside it",
    "repair.salvaged": "the damaged catalog, of which there is a copy aside; the next repair begins anew",
    "repair.log-gone": "the damaged catalog without its log; the next repair puts the fresh one in its place",
    "repair.swapped": "the fresh catalog answers; the next repair goes on with it",
    "checkpoint.begun": "all that was committed, in the write-ahead log",
    "checkpoint.done": "all that was committed, in the database file",
}
"""The other durable steps, each with what holds when the process dies there."""

_passed: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Die here if a test says so."""
    chosen = os.environ.get(_VARIABLE)
    if not chosen:
        return
    wanted, _, way = chosen.partition(":")
    point, _, times = wanted.partition("@")
    if point != name:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] == int(times or 1):
        if way == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(EXIT_CODE)
