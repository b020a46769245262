"""The stored text of a document, for statements that read a catalog past `storage/catalog/texts.py`."""

__all__ = ["TEXT"]

TEXT = "(SELECT group_concat(text, '') FROM (SELECT text FROM texts t WHERE t.document_id = d.id ORDER BY t.number))"
"""The text of a document `d`, from its blocks."""
