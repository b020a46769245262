"""Named steps at which a test kills the process, so that crash safety is tested and not assumed.

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
    "ingest.sources": "the sources are followed",
    "ingest.batch": "vectors are stored, and the documents that are complete with them replace their earlier versions",
    "ingest.settle": "files that were written just before they were read need not be hashed again",
    "ingest.move": "a file that was moved, and its documents, have their new URIs",
    "reindex.remove": "what vanished from its source is removed",
    "reindex.index": "the next generation of vectors is searched by the chosen method",
    "reindex.orphans": "vectors that have had no chunk for 30 days are deleted",
    "night.begin": "the library knows that a reindex began, and calls it unfinished",
    "night.finish": "the library knows how the reindex ended",
    "golden.add": "every reindex that changes the index asks the question",
    "golden.remove": "the question is no longer asked",
    "golden.ranks": "the library knows the latest ranks of the golden questions' documents",
    "generation.rollback": "questions are answered from the previous generation",
    "earlier-model.drop": "the vectors of the previous model are deleted",
    "model.bind": "the library is bound to a model and a precision",
    "reembed.begin": "the new model is registered; the old one answers",
    "reembed.batch": "some vectors of the new model are stored; the old model answers",
    "reembed.switch": "passages are cut for the new model, which the library is bound to, and its index answers",
    "generation.register": "questions are answered from the new generation",
    "keywords.register": "the words of questions are looked up in the new generation",
    "segment.register": "a part of the delta is read from a new file, and no longer from the catalog or smaller files",
    "keywords.recount": "the terms of every passage are of the current version",
    "generation.forget": "old generations are no longer registered",
    "documents.remove": "the documents are removed, and stay away until they change",
    "sources.remove": "the source is no longer followed",
    "purge.remove": "the documents are removed and excluded; the next writer finishes the purge",
    "purge.finish": "no byte of the purged documents is left in the library's files",
    "backup.note": "the library has a record of the backup, which is complete either way",
    "restore.generations": "nothing yet: the restored library does not have its name",
    "repair.indexes": "SQLite's indexes match their tables again",
    "repair.rows": "damaged rows are restored, or removed and quarantined",
    "repair.salvage": "nothing yet: the new catalog does not have its name; the next repair starts over",
    "repair.generations": "a damaged index is no longer registered; a new one answers",
    "repair.segments": "a damaged segment is no longer registered; what it held is read from the catalog",
}
"""The transactions, each with what holds once it is committed; before that, none of it holds."""

POINTS = {
    "migration.applied": "the old schema: the transaction of the migration is not committed yet",
    "migration.texts-copied": "the old schema: the transaction of the migration is not committed yet",
    "generation.written": "the old generation answers; a temporary file is left, which the next run removes",
    "generation.flushed": "the old generation answers; a temporary file is left, which the next run removes",
    "generation.renamed": "the old generation answers; an unregistered file is left, which the next run removes",
    "generation.folder-flushed": "the old generation answers; an unregistered file is left, which is written again",
    "keywords.written": "as after generation.written",
    "keywords.flushed": "as after generation.flushed",
    "keywords.renamed": "as after generation.renamed",
    "keywords.folder-flushed": "as after generation.folder-flushed",
    "purge.index-rewritten": "the documents are removed; the next writer finishes the purge",
    "purge.vacuumed": "the documents are removed; the next writer finishes the purge",
    "backup.copied": "no backup; a folder .NAME.part is left beside it, which the next backup to that path removes",
    "backup.written": "as after backup.copied",
    "backup.flushed": "as after backup.copied",
    "backup.renamed": "the backup is complete; the same command checks it, notes it and reports it when run again",
    "restore.unpacked": "the library as it was; a folder .NAME.part is left beside it, which the next restore removes",
    "restore.flushed": "as after restore.unpacked",
    "restore.aside": "no library; the previous one is beside its path; the next restore renames the new one to it",
    "restore.renamed": "the restored library; the previous one is beside it",
    "export.portion": "no export; a folder .NAME.part is left beside it, which the next export to that path removes",
    "export.written": "as after export.portion",
    "export.flushed": "as after export.portion",
    "export.renamed": "the export is complete",
    "import.step": "no library; a folder .NAME.part is left beside it, in which the next import resumes; in another"
    " store a generation that answers nothing, which is resumed as well",
    "import.proved": "as after import.step",
    "import.published": "the library answers; the next import finishes and reports it",
    "import.flushed": "as after import.step",
    "import.renamed": "the library is complete",
    "repair.salvaged": "the damaged catalog; a copy of it is in quarantine; the next repair starts over",
    "repair.log-gone": "the damaged catalog without its log; the next repair replaces it with the new one",
    "repair.swapped": "the new catalog answers; the next repair continues with it",
    "checkpoint.begun": "everything that was committed, in the write-ahead log",
    "checkpoint.done": "everything that was committed, in the database file",
}
"""The other durable steps, each with what holds when the process is killed there."""

_counts: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Die here if `WHEREIN_FAILPOINT` chooses this failpoint."""
    chosen = os.environ.get(_VARIABLE)
    if not chosen:
        return
    point, _, signal_name = chosen.partition(":")
    chosen_name, _, times = point.partition("@")
    if chosen_name != name:
        return
    _counts[name] = _counts.get(name, 0) + 1
    if _counts[name] == int(times or 1):
        if signal_name == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(EXIT_CODE)  # no `finally` runs and no buffer is flushed, as in a crash
