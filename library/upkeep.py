"""The part of `Library` that checks, repairs, backs up and restores it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.library import arguments as given
from wherein.library.arguments import StrPath, checked
from wherein.library.models import ModelChoice
from wherein.library.opening import open_for_reading
from wherein.library.querying import QueryService
from wherein.library.readers import CatalogReader

if TYPE_CHECKING:
    from wherein.storage.backup.backup import Backup
    from wherein.storage.backup.restore import Restored
    from wherein.storage.catalog.backup_log import BackupRecord
    from wherein.storage.repair.findings import Repair, Verification

__all__ = ["Upkeep"]


@checked
class Upkeep:
    """The methods of `Library` that look after its files."""

    folder: Path
    _models: ModelChoice
    _reader: CatalogReader
    _queries: QueryService

    def verify(self, *, deep: bool = False) -> Verification:
        """Look for damage in every file of the library, its model and its compiled graphs; nothing is changed.

        With `deep` the index is compared with the stored vectors, a sample of these with the model's, and the source
        files with what was read from them. What is damaged is returned, not raised.
        """
        from wherein.library.maintenance import verify_library

        return verify_library(self._reader, self.folder, self._models, deep=deep)

    def repair(self, *, wait: bool = False) -> Repair:
        """Rebuild what is derived, quarantine what is damaged, and name what is lost. Needs no model.

        Raises Damaged when nothing can be saved.
        """
        from wherein.library.maintenance import repair_library

        repaired = repair_library(self.folder, wait=wait)
        self._renew()  # the catalog that is open may be the one that was quarantined
        return replace(repaired, left=tuple(found for found in self.verify().findings if not found.harmless))

    def damaged_copies(self) -> list[Path]:
        """Return the folders in which repairs quarantined what was damaged, the oldest first."""
        from wherein.storage.repair.quarantine import QUARANTINE

        return sorted((self.folder / QUARANTINE).glob("*"))

    def backup(
        self, target: StrPath, *, verify: bool = False, report: Callable[[str], None] = lambda _: None
    ) -> Backup:
        """Write one committed state to `target`, a new folder or a `.tar.zst` file, while others read and write.

        What was written is read back; with `verify` it is also restored as a trial. `report` gets a sentence for each
        step. Raises UsageError when `target` exists, Damaged when the library is: then there is no backup.
        """
        from importlib.metadata import version

        from wherein.storage.backup.backup import write_backup

        with closing(open_for_reading(self.folder)) as db:  # of its own: `report` may ask questions
            return write_backup(db, self.folder, given.path(target), version("wherein"), verify=verify, report=report)

    def backups(self) -> list[BackupRecord]:
        """Return the backups that were written of this library, the oldest first."""
        from wherein.storage.catalog.backup_log import older_backups
        from wherein.storage.catalog.models import now

        with self._reader.snapshot() as db:
            return older_backups(db, now())

    def restore(
        self,
        backup: StrPath,
        *,
        force: bool = False,
        index: bool = True,
        report: Callable[[str], None] = lambda _: None,
    ) -> Restored:
        """Put what is in `backup` in the library's place; with `force` a library there is moved aside.

        Without `index` a new one is built, whether or not the backup has one. Raises UsageError when there is a library
        without `force`, LibraryBusy while another writes to it, Damaged when the backup is not what was written.
        """
        from wherein.storage.backup.restore import restore_backup

        restored = restore_backup(given.path(backup), self.folder, force=force, index=index, report=report)
        self._renew()  # the earlier library
        return restored

    def _renew(self) -> None:
        self._reader.renew()
        self._queries.drop_session()
