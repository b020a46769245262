"""What LaTeX commands and environments contribute to the visible text."""

import re
import unicodedata

__all__ = [
    "ARGUMENTS",
    "ENVIRONMENTS",
    "HEADINGS",
    "LISTS",
    "MATH",
    "SYMBOLS",
    "TABLES",
    "THEOREMS",
    "accented",
    "hidden_arguments",
]

HEADINGS = {
    "part": "h1",
    "chapter": "h2",
    "section": "h3",
    "subsection": "h4",
    "frametitle": "h4",
    "subsubsection": "h5",
    "paragraph": "h6",
    "subparagraph": "h6",
}

LISTS = frozenset(("itemize", "enumerate", "description", "compactitem", "compactenum", "thebibliography"))

TABLES = {"tabular": 1, "tabular*": 2, "tabularx": 2, "tabulary": 2, "longtable": 1, "supertabular": 1}
"""Environments that are tables, with the number of their arguments."""

ENVIRONMENTS = {"minipage": 1, "thebibliography": 1, "multicols": 1, "wrapfigure": 2, "adjustwidth": 2, "spacing": 1}
"""How many arguments of other environments are hidden."""

THEOREMS = frozenset(
    ("theorem", "lemma", "proposition", "corollary", "definition", "example", "remark", "claim", "conjecture", "proof")
)
"""Environments whose option is shown."""

MATH = frozenset(
    name + star
    for name in ("equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "flalign", "alignat")
    for star in ("", "*")
)

SYMBOLS = {
    **{"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textbar": "|", "textless": "<"},
    **{"textgreater": ">", "textdollar": "$", "textunderscore": "_", "lbrace": "{", "rbrace": "}", "slash": "/"},
    **{"ldots": "…", "dots": "…", "textellipsis": "…", "textendash": "–", "textemdash": "—", "textbullet": "•"},
    **{"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "aa": "å"},
    **{"AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ"},
    **{"S": "§", "P": "¶", "copyright": "©", "textcopyright": "©", "textregistered": "®", "texttrademark": "™"},
    **{"pounds": "£", "textsterling": "£", "euro": "€", "texteuro": "€", "EUR": "€", "textdegree": "°", "dag": "†"},
    **{"ddag": "‡", "textquoteleft": "‘", "textquoteright": "’", "textquotedblleft": "“", "textquotedblright": "”"},
    **{"guillemotleft": "«", "guillemotright": "»", "glqq": "„", "grqq": "“", "LaTeX": "LaTeX", "TeX": "TeX"},
    **{"quad": " ", "qquad": " ", "space": " ", "newline": "\n", "linebreak": "\n", "textonehalf": "½"},
    **{"textmu": "µ", "textohm": "Ω", "textpm": "±", "texttimes": "×", "textmultiply": "×", "numero": "№"},
}

ARGUMENTS = {
    **dict.fromkeys(("label", "usepackage", "documentclass", "includegraphics", "bibliography", "hypersetup"), 1),
    **dict.fromkeys(("bibliographystyle", "vspace", "hspace", "pagestyle", "thispagestyle", "pagenumbering"), 1),
    **dict.fromkeys(("input", "include", "subfile", "graphicspath", "geometry", "index", "thanks", "bibitem"), 1),
    **dict.fromkeys(("color", "textcolor", "colorbox", "phantom", "hphantom", "vphantom", "cline", "cmidrule"), 1),
    **dict.fromkeys(
        ("parbox", "raisebox", "scalebox", "hypertarget", "hyperlink", "href", "usetheme", "captionsetup"), 1
    ),
    **dict.fromkeys(("addbibresource", "RequirePackage", "title", "author", "date", "institute", "usetikzlibrary"), 1),
    **dict.fromkeys(("newcommand", "renewcommand", "providecommand", "DeclareMathOperator", "setlength", "rule"), 2),
    **dict.fromkeys(
        ("setcounter", "addtocounter", "newtheorem", "resizebox", "multicolumn", "multirow", "markboth"), 2
    ),
    **dict.fromkeys(("newlength", "newcounter"), 1),
    **dict.fromkeys(("fontsize", "addtolength"), 2),
    **dict.fromkeys(("newenvironment", "renewenvironment", "definecolor", "addcontentsline"), 3),
}
"""How many arguments of a command are hidden; those after them are text. Options in brackets are always hidden."""

_REFERENCE = re.compile(r"[A-Za-z]*(?:cite|ref)[A-Za-z]*")
_COMBINING = {
    **{"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307"},
    **{'"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328"},
    **{"b": "\u0331", "t": "\u0361"},
}


def hidden_arguments(command: str) -> int:
    """Return how many arguments of a command are not shown."""
    count = ARGUMENTS.get(command)
    if count is not None:
        return count
    return 1 if _REFERENCE.fullmatch(command) else 0


def accented(accent: str, letter: str) -> str:
    """Return a letter with the accent of the command `accent`."""
    base = {"\\i": "i", "\\j": "j"}.get(letter, letter)
    return unicodedata.normalize("NFC", base + _COMBINING[accent])
