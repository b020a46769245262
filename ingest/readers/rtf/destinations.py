"""What the groups of an RTF file hold: text of the document, or something else."""

__all__ = ["COUNTED", "INFO", "INSIDE_UNKNOWN", "NOTES_AND_BOXES", "NO_TEXT"]

INFO = {
    "title": "title", "author": "author", "subject": "subject", "keywords": "keywords", "doccomm": "description",
    "creatim": "created", "revtim": "modified",
}  # fmt: skip
"""The groups of properties, and the names of the properties."""

NOTES_AND_BOXES = frozenset(("footnote", "shptxt", "dptxbxtext"))
"""Groups with paragraphs of their own inside a paragraph."""

COUNTED = {
    "annotation": "comments", "header": "headers", "headerl": "headers", "headerr": "headers", "headerf": "headers",
    "footer": "footers", "footerl": "footers", "footerr": "footers", "footerf": "footers",
}  # fmt: skip
"""Groups with text that is left out, and how a note names it."""

INSIDE_UNKNOWN = frozenset(("shpinst", "shpgrp", "do", "moMath", "moMathPara", "mmath"))
"""Groups that older programs may pass over, and that hold text of the document."""

NO_TEXT = frozenset((
    "aftncn", "aftnsep", "aftnsepc", "atnauthor", "atnid", "bkmkend", "bkmkstart", "colorschememapping", "colortbl",
    "comment", "company", "datafield", "datastore", "falt", "ffname", "ffdeftext", "ffhelptext", "ffstattext", "ffl",
    "file", "filetbl", "fldinst", "fontemb", "fontfile", "ftncn", "ftnsep", "ftnsepc", "generator", "hlinkbase",
    "latentstyles", "listlevel", "listname", "listoverride", "listoverridetable", "listpicture", "listtable", "manager",
    "mmathPict", "mchr", "mbegChr", "mendChr", "msepChr", "nextfile", "nonesttables", "nonshppict", "objalias",
    "objclass", "objdata", "objname", "objsect", "objtime", "operator", "panose", "pgptbl", "pict", "picprop",
    "pnseclvl", "printim", "private", "revtbl", "rsidtbl", "rxe", "shprslt", "sn", "sp", "sv", "tc", "tcn",
    "template", "themedata", "txe", "upr", "userprops", "wgrffmtfilter", "xe", "xmlnstbl", "buptim", "bliptag",
    "category", "pntxta", "pntxtb", "xform", "docvar", "leveltext", "levelnumbers",
))  # fmt: skip
"""Groups without text that a person sees."""
