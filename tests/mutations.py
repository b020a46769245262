"""Small files of every format, ways to damage them, and what must be true of anything a reader returns for them."""

import bz2
import gzip
import io
import json
import lzma
import re
import tarfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import PurePath
from typing import NamedTuple

import zstandard

import office
import ole_files
from format_mutations import (
    mutated_json,
    mutated_mime,
    mutated_ole,
    mutated_pdf,
    mutated_rtf,
    mutated_sheets,
    mutated_xml,
)
from mutation_steps import XML_STEPS, Chance, mutated_bytes, mutated_text
from pdfs import page_of
from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.choose import choose
from xlsb_files import binary_workbook

_MAX_REASON = 1_200


def mutated_package(data: bytes, chance: Chance) -> bytes:
    """Damage the package itself, or unpack it, damage some of its parts and pack it again."""
    if chance.random() < 0.25:
        return mutated_bytes(data, chance)
    parts = office.unpacked(data)
    for name in chance.sample(sorted(parts), min(len(parts), chance.randint(1, 3))):
        if chance.random() < 0.1 or not parts[name]:
            del parts[name]
        else:
            parts[name] = chance.choice(XML_STEPS)(parts[name], chance)
    return office.packed(parts)


def packed_tar(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _repacked(unpack: Callable[[bytes], bytes], pack: Callable[[bytes], bytes]) -> Callable[[bytes, Chance], bytes]:
    def mutated(data: bytes, chance: Chance) -> bytes:
        if chance.random() < 0.3:
            return mutated_bytes(data, chance)
        return pack(mutated_text(unpack(data), chance))

    return mutated


def _mail() -> bytes:
    message = EmailMessage()
    message["From"] = "Ada Lövelace <ada@example.org>"
    message["To"] = 'bob@example.org, "C, D" <c@example.org>'
    message["Date"] = "Fri, 08 Jul 2011 12:08:34 +0200"
    message["Subject"] = "Grüße, 😀 and so on, which is folded because it is longer than a line of a header may be"
    message["Message-ID"] = "<1@example.org>"
    message.set_content("Hällo\n\nwörld\n")
    message.add_alternative("<h1>Hello</h1><p>world &amp; <b>more</b>", subtype="html")
    message.add_attachment("one,two\n1,2\n", filename="näme.csv")
    message.add_attachment(
        office.packed({"a.txt": "in a zip"}), maintype="application", subtype="zip", filename="a.zip"
    )
    inner = EmailMessage()
    inner["From"], inner["Date"], inner["Subject"] = "z@example.org", "x", "inner"
    inner.set_content("inside")
    message.add_attachment(inner)
    return message.as_bytes()


MAIL = _mail()
MBOX = b"\n".join(
    b"From ada@example.org Fri Jul  8 12:08:34 2011\n" + part for part in (MAIL, b"From: x\n\n>From y\n", MAIL)
)
EMLX = b"%d\n" % len(MAIL) + MAIL + b'<?xml version="1.0"?>\n<!DOCTYPE plist>\n<plist><dict/></plist>\n'
MHTML = b"""From: <Saved by Blink>
Subject: Kessel
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary=b

--b
Content-Type: text/html
Content-ID: <1@x>
Content-Transfer-Encoding: quoted-printable

<title>Kessel</title><tr><td>Kalt<td>in Z=C3=BCrich<sup>1</sup></tr><noscript>n</noscript>
--b
Content-Type: text/css

p { color: red }
--b--
"""
LATEX = rb"""\documentclass[a4paper]{article} % a comment
\usepackage[latin1]{inputenc} \newcommand{\foo}[2][x]{#1 {bar} #2}
\title[Short]{On \emph{quinces}\thanks{me} \& $x^2$} \author{Ada L\"ovelace \and Bob\\ Town} \date{2020-01-31}
\begin{document} \maketitle \begin{abstract} We study them. \end{abstract}
\section{The \texttt{first} part}\label{one} Text~with 50\% of \textbf{bold \textit{and} more}, \cite[p.~3]{a,b}.
\begin{itemize} \item one \begin{enumerate} \item[in] two \end{enumerate} \item three \end{itemize}
\subsection*{Formulas} Inline $a_i \le \frac{b}{c}$ and \(d\), \[ x \] then
\begin{equation}\label{eq} e = \sum_{i} x_i % why
\end{equation} \begin{tabular}{|l|r|} \hline a & b \\ c \& d & \footnote{A \emph{note}.} \\ \end{tabular}
\begin{verbatim} if x: \raw {y} \end{verbatim} \verb|a{b| \'{e} \c c \href{http://x}{here} \input{two} \iffalse no \fi
\end{document}
"""
CSV = 'id;title;text;year\n7;T;"one; ""1""\ntwo";2024\n8;;three é;-0.25\n9;x;four;007\n'.encode()
RECORDS = [{"id": 1, "title": "T", "text": "one é", "tags": ["x", {"y": None}]}, {"text": "two", "n": 1.5}, {"a": "b"}]
JSON = json.dumps(RECORDS, indent=1).encode()
JSONL = "\n".join(map(json.dumps, RECORDS)).encode()
HTML = (
    b"<!doctype html><html lang=en><head><meta charset=utf-8><title>The &amp; title</title></head><body><nav>x</nav>"
    b"<main><h1>One</h1><p>text <b>bold</b><ul><li>a<li>b</ul><table><tr><th>x<td>y</table><pre> code\n  x</pre></main>"
)
MARKDOWN = b"---\ntitle: x\n---\n# One *bold* `code`\n\n> quote\n\n```\n# no\n```\n\nTwo\n---\n\n- a\n- b\n"
RST = b"=====\nTitle\n=====\n\nIntro\n=====\n\ntext ``code``::\n\n    x\n\n:ref:`P <t>` two\n----------------\n"
ORG = rb"""#+TITLE: T *b*
* TODO One [[a][b]] :x:
:PROPERTIES:
:ID: 1
:END:
| a | =b= |
|---+-----|
#+begin_src c
,* x
#+end_src
** Two /i/ <<t>> @@a:b@@ \\
: fixed
"""
ASCIIDOC = b"""= T _i_
Ann <a@b>; Ben
:a: {nbsp}x
== One {a} https://x[b] image:p[q,1] <<r,s>>
|===
|a 2+|b
|===
----
x
----
Two
---
ifdef::x[*b* `c` footnote:[d]]
"""
TYPST = b"""#set document(title: "T", author: ("A", "B"))
#let n = 2
= One *b* _i_ <l>
#table([a], [b #n], $x^2$) /* c */ #link("u")[v] // d
```c
x
```
"""
WIKI = b"= One =\n''b'' [[a|b]] <span x='1'>c</span> &amp;\n{|\n|-\n| style=\"a\"| d || e\n|}\nh2. Two\n|a|b|\n"
PDF = (
    b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
    b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"
    b">>\nendobj\n"
    b"4 0 obj\n<</Length 42>>\nstream\nBT /F 12 Tf 10 100 Td (Hello, world) Tj ET  \nendstream\nendobj\n"
    b"5 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n"
    b"trailer\n<</Root 1 0 R/Size 6>>\nstartxref\n0\n%%EOF\n"
)
ANNOTATED = page_of(
    b"BT /F1 12 Tf 72 700 Td (Name of the tenant:) Tj ET",
    b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ann) /Rect [200 695 400 715] /F 4 /AP << /N 7 0 R >> >>",
    b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F1 3 0 R >> >> /Length 42 >>\n"
    b"stream\nBT /F1 12 Tf 2 5 Td (Ann Quince, May) Tj ET  \nendstream",
    b"<< /Type /Annot /Subtype /FreeText /Contents (Paid in May) /Rect [72 600 272 620] /F 4 >>",
    b"<< /Type /Annot /Subtype /FileAttachment /Rect [72 500 92 520] /FS 10 0 R >>",
    b"<< /Type /Filespec /F (a.csv) /UF (a.csv) /EF << /F 11 0 R >> >>",
    b"<< /Type /EmbeddedFile /Length 11 >>\nstream\ntext\nvalve\n\nendstream",
    page=b"/Annots [6 0 R 8 0 R 9 0 R]",
    catalog=b"/Names << /EmbeddedFiles << /Names [(b.csv) 10 0 R] >> >>",
)
_IN_ARCHIVES = {"a.txt": b"one " * 50, "b/c.csv": CSV, "d.jsonl": JSONL, "e.zip": office.packed({"f.md": MARKDOWN})}
_ZSTD = zstandard.ZstdCompressor(), zstandard.ZstdDecompressor()

OFFICE: dict[str, tuple[str, bytes, Callable[[bytes, Chance], bytes]]] = {
    kind: ("folder/file", make(), mutated_package) for kind, make in office.MAKERS.items()
}
SUBTITLES = b"1\n00:00:01,000 --> 00:00:02,500\nThe <i>boiler</i>\nis cold\n\n2\n00:00:03,000 --> 00:00:04,000\nnow\n"
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["# A report\n", "of *heron* sightings"]},
            {
                "cell_type": "code",
                "source": "print(1)",
                "outputs": [
                    {"output_type": "stream", "text": ["1\n"]},
                    {"output_type": "display_data", "data": {"text/plain": "<Figure size 6x4>", "image/png": "iVBO"}},
                    {"output_type": "error", "ename": "ValueError", "evalue": "no"},
                ],
            },
        ]
    }
).encode()
XML = b"""<?xml version="1.0"?>
<doc><title>A</title><p>One <b>bold</b> word &amp; more</p><p>&lt;p&gt;two&lt;/p&gt;</p></doc>"""
FB2 = """<?xml version="1.0" encoding="utf-8"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0">
<description><title-info><author><first-name>Ann</first-name><last-name>Quince</last-name></author>
<book-title>Книга</book-title><lang>ru</lang></title-info></description>
<body><section><title><p>Глава</p><p>первая</p></title><p>Жил-был <emphasis>кот</emphasis>.</p></section></body>
<binary id="a">aGVsbG8=</binary></FictionBook>""".encode()
VTT = b"WEBVTT\n\nNOTE x\n\n1\n00:01.000 --> 00:02.500 align:start\n<v Ann>The {\\an8}<c.x>boiler</c> &amp; co\n"
ASS = (
    b"[Script Info]\nTitle: x\n\n[Events]\nFormat: Layer, Start, End, Text\nDialogue: 0,0:00:01.00,0:00:02.00,"
    b"{\\i1}The boiler{\\i0}\\Nis cold, now\nDialogue: 0,0:00:03.00,0:00:04.00,now\n"
)
FODT = b"""<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 office:mimetype="application/vnd.oasis.opendocument.text"><office:meta><dc:title>T</dc:title></office:meta>
 <office:body><office:text><text:h text:outline-level="1">Head</text:h><text:p>The boi<text:span>ler</text:span>
 <draw:image xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0">
 <office:binary-data>aGVs</office:binary-data>
 </draw:image>is cold.</text:p></office:text></office:body></office:document>"""
RTF = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset128 Mincho;}}"
    rb"{\stylesheet{\s1 heading 1;}}"
    rb"{\info{\title T}{\creatim\yr2024\mo1\dy31}}\pard\s1 One\par\pard t\'e9xt \u8364? {\f1 \'8c\'c3}"
    rb"{\footnote note}\par"
    rb"\trowd\intbl a\cell b\cell\row\pard {\listtext 1.\tab}item\par"
    rb"{\*\shpinst{\shptxt box}}{\v no}\bin3 }}}}"
)
FODS = b"""<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet>
 <table:table table:name="Rents"><table:table-row table:number-rows-repeated="2"><table:table-cell
 table:number-columns-repeated="3"><text:p>one</text:p></table:table-cell></table:table-row></table:table>
 </office:spreadsheet></office:body></office:document>"""
DOC = ole_files.word([ole_files.Line("One \x13 X \x14two\x15", 1), ole_files.Line("three")])
OTHERS: dict[str, tuple[str, bytes, Callable[[bytes, Chance], bytes]]] = {
    "plain": ("a.txt", "text é\n\nmore\r\n".encode() * 5, mutated_text),
    "markdown": ("a.md", MARKDOWN, mutated_text),
    "restructured": ("a.rst", RST, mutated_text),
    "org": ("a.org", ORG, mutated_text),
    "asciidoc": ("a.adoc", ASCIIDOC, mutated_text),
    "typst": ("a.typ", TYPST, mutated_text),
    "properties": ("a.properties", b"# Texts\na.b=Sch\\u00f6n \\\\u00f6 \\ud83d\\ude00 \\\n  more\n", mutated_text),
    "wiki": ("a.mediawiki", WIKI, mutated_text),
    "html": ("a.html", HTML, mutated_text),
    "pdf": ("a.pdf", PDF, mutated_pdf),
    "pdf with annotations": ("a.pdf", ANNOTATED, mutated_pdf),
    "jsonl": ("a.jsonl", JSONL, mutated_json),
    "json": ("a.json", JSON, mutated_json),
    "csv": ("a.csv", CSV, mutated_text),
    "latex": ("a.tex", LATEX, mutated_text),
    "subtitles": ("a.srt", SUBTITLES, mutated_text),
    "webvtt": ("a.vtt", VTT, mutated_text),
    "ass": ("a.ass", ASS, mutated_text),
    "notebook": ("a.ipynb", NOTEBOOK, mutated_json),
    "xml": ("a.xml", XML, mutated_xml),
    "fb2": ("a.fb2", FB2, mutated_xml),
    "flat odf": ("a.fodt", FODT, mutated_xml),
    "flat sheet": ("a.fods", FODS, mutated_xml),
    "rtf": ("a.rtf", RTF, mutated_rtf),
    "doc": ("a.doc", DOC, mutated_ole),
    "ppt": ("a.ppt", ole_files.slides(), mutated_ole),
    "xls": ("a.xls", ole_files.workbook(), mutated_ole),
    "xlsb": ("a.xlsb", binary_workbook([(0, 0, "one"), (1, 2, "two")]), mutated_sheets),
    "msg": ("a.msg", ole_files.message(), mutated_ole),
    "koi8-r": ("a.txt", "Договор аренды вступает в силу завтра.\n".encode("koi8-r") * 5, mutated_text),
    "shift-jis": ("a.txt", "本日の会議は中止になりました。\n".encode("shift_jis") * 5, mutated_text),
    "gbk": ("a.csv", "编号;text\n1;今天的会议取消了。\n".encode("gbk") * 5, mutated_text),
    "utf-16": ("a.csv", "id;text\n1;Договор аренды\n".encode("utf-16-le") * 5, mutated_text),
    "mail": ("a.eml", MAIL, mutated_mime),
    "mbox": ("Inbox", MBOX, mutated_text),
    "emlx": ("a.emlx", EMLX, mutated_mime),
    "mail in utf-16": ("a.eml", MAIL.decode().encode("utf-16"), mutated_text),
    "mhtml": ("a.mhtml", MHTML, mutated_mime),
    "zip": ("a.zip", office.packed(_IN_ARCHIVES), mutated_package),
    "tar": ("a.tar", packed_tar(_IN_ARCHIVES), mutated_text),
    "gnu tar": ("a.tar", packed_tar({"x" * 150: b"long", **_IN_ARCHIVES}, tarfile.GNU_FORMAT), mutated_text),
    "pax tar": ("a.tar", packed_tar({"é" * 150: b"long", **_IN_ARCHIVES}), mutated_text),
    "gz": ("a.csv.gz", gzip.compress(CSV), _repacked(gzip.decompress, gzip.compress)),
    "tar.bz2": ("a.tbz", bz2.compress(packed_tar(_IN_ARCHIVES)), _repacked(bz2.decompress, bz2.compress)),
    "tar.xz": ("a.txz", lzma.compress(packed_tar(_IN_ARCHIVES)), _repacked(lzma.decompress, lzma.compress)),
    "zst": ("a.jsonl.zst", _ZSTD[0].compress(JSONL), _repacked(_ZSTD[1].decompress, _ZSTD[0].compress)),
}
"""For each kind of file: a name, its bytes, and a function that damages them."""


# What only the source of a file has, by its suffix.
_FIELD = re.compile(r"^(?:Content-Transfer-Encoding|MIME-Version):", re.MULTILINE)
_SOURCE = {
    ".rtf": re.compile(r"\\(?:rtf1|pard?|trowd|fonttbl)\b"),
    ".xml": re.compile(r"</?(?:doc|p|title)>"),
    ".fb2": re.compile(r"</?(?:FictionBook|section|body|title-info)\b"),
    ".fodt": re.compile(r"</?(?:office|text):"),
    ".fods": re.compile(r"</?(?:office|table|text):"),
    ".ipynb": re.compile(r'"cell_type"'),
    **dict.fromkeys((".srt", ".vtt"), re.compile(r"\d --> \d")),
    ".ass": re.compile(r"^Dialogue:", re.MULTILINE),
    **dict.fromkeys((".eml", ".emlx", ".mhtml"), _FIELD),
}


class Found(NamedTuple):
    """Documents, problems, and documents that hold the source of the file."""

    documents: int
    problems: int
    sources: int


NOTHING = Found(0, 0, 0)


def check(name: str, data: bytes) -> Found:
    """Read a file; return what is found in it.

    Raises AssertionError for a document or reason that is not valid; exceptions of a reader other than Unreadable pass
    through.
    """
    read = refused = sources = 0
    pattern = _SOURCE.get(PurePath(name).suffix)
    stream = io.BytesIO(data)
    try:
        for item in choose(name, stream).read(stream, name):
            item.key.encode()
            if isinstance(item, Document):
                read += 1
                sources += bool(pattern and pattern.search(item.text))
                _check_document(item)
            else:
                refused += 1
                _check_reason(item.reason)
    except Unreadable as problem:
        refused += 1
        _check_reason(str(problem))
    return Found(read, refused, sources)


def _check_document(document: Document) -> None:
    starts = [mark.start for mark in document.marks]
    assert starts == sorted(set(starts)), "marks do not ascend"
    assert all(0 <= start < len(document.text) for start in starts), "a mark is outside the text"
    stored = document.text + document.title + document.key + json.dumps(document.metadata, ensure_ascii=False)
    assert not re.search("[\0\ud800-\udfff]", stored + "".join(document.notes)), "a character that cannot be stored"
    assert all(note.isprintable() for note in document.notes), "a note is not printable"
    assert json.loads(json.dumps(document.metadata, allow_nan=False)) == document.metadata, "metadata is not JSON"


def _check_reason(reason: str) -> None:
    assert reason.isprintable(), "a reason is not printable"
    assert 0 < len(reason) < _MAX_REASON, "a reason is too long"
