"""LaTeX as the text that its reader would see."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.document import Document
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.latex.tex_file import read
from wherein.ingest.readers.shared.skipped import Skipped


def tex(source: str | bytes) -> Document:
    data = source.encode() if isinstance(source, str) else source
    (document,) = read(io.BytesIO(data), "folder/a.tex")
    assert isinstance(document, Document)
    return document


SOURCE = r"""% a comment
\documentclass[a4paper]{article}
\usepackage[utf8]{inputenc} \newcommand{\foo}[2][x]{#1 {bar} #2}
\title[Short]{On \emph{quinces}\thanks{me} \& $x^2$}
\author{Ada L\"ovelace\thanks{mail} \and Bob\\ Town}
\date{2020-01-31}
\begin{document}
\maketitle
\begin{abstract} We study % not this
   quinces.
\end{abstract}

\section{The \texttt{first} part}\label{sec:one}
Text~with 50\% of \textbf{bold \textit{and} more}, see \cite[p.~3]{a,b}.\footnote{A \emph{note}.}
``Quoted'' --- dash.\\[2pt] Line.
\begin{itemize}
\item one
\begin{enumerate} \item[inner] two \end{enumerate}
\item three
\end{itemize}
\subsection*{Formulas}
Inline $a_i \le \frac{b}{c}$ and \(d\), then
\begin{equation}\label{eq} e = \sum_{i} x_i % why
\end{equation}
\begin{tabular}{|l|r|} \hline a & b \\ c \& d & \textbf{e} \\ \hline \end{tabular}
\begin{verbatim}
if x:
    \raw {y}
\end{verbatim}
\begin{figure}[h]\centering\includegraphics[width=1cm]{a.png}\caption{A \emph{figure}}\end{figure}
\input{chapters/two}
\iffalse not this \fi
\end{document}
nor this
"""


def test_a_document() -> None:
    document = tex(SOURCE)
    assert document.text.split("\n\n") == [
        "On quinces & $x^2$",
        "We study quinces.",
        "The first part",
        "Text with 50% of bold and more, see . (A note.) “Quoted” — dash.\nLine.",
        "- one\n  - inner two\n- three",
        "Formulas",
        r"Inline $a_i \le \frac{b}{c}$ and \(d\), then",
        r"e = \sum_{i} x_i",
        "a | b\nc & d | e",
        "if x:\n    \\raw {y}",
        "A figure",
    ]
    assert document.title == "On quinces & $x^2$"
    assert document.media_type == "text/x-tex"
    assert document.metadata == {"author": ["Ada Lövelace", "Bob"], "created": "2020-01-31"}
    assert document.notes == ("what it includes is not part of it: chapters/two",)
    assert [(document.text[mark.start :].partition("\n")[0], mark.heading) for mark in document.marks] == [
        ("The first part", ("The first part",)),
        ("Formulas", ("The first part", "Formulas")),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\"o \'{e} \^{\i} \c{c} \v s \~n \aa\ \ss{} \o x \H{o}", "ö é î ç š ñ å ß øx ő"),
        (r"a\,b \- c\/d \$5 \#1 \_ \{x\} \textbackslash n", r"a b cd $5 #1 _ {x} \n"),
        (r"\verb|a{b|c \verb+%d+", "a{bc %d"),
        (r"{\bf bold} \centering text \LaTeX{} \ldots", "bold text LaTeX …"),
        (r"\href{http://x}{here} \url{http://y} \textcolor{red}{red}", "here http://y red"),
        (r"see \autoref{a}, \citep{b} and \unknown[opt]{kept}", "see , and kept"),
        (r"\def\x#1{gone} kept \newenvironment{e}{a}{b} too", "kept too"),
        ("one % gone\n  two\n\n\n three\\par four", "one two\n\nthree\n\nfour"),
        (r"unclosed {brace and \textbf{bold", "unclosed brace and bold"),
        (r"closed } twice }} $5 or $", "closed twice $5 or $"),
        (r"\end{document} after", "after"),
        (r"\begin{verbatim} never ends", "never ends"),
        (r"\begin{tabular}{l} a & \begin{itemize}\item b", "a | - b"),
        ("\\[ x \\] and \\( y", "\\[ x \\] and y"),
        (r"a & b outside", "a & b outside"),
        (r"\section{One", "One"),
    ],
)
def test_pieces(source: str, text: str) -> None:
    assert tex(source).text == text


def test_titles() -> None:
    assert tex("\\chapter{One}\ntext").title == "One"
    assert tex("text").title == "a.tex"


def test_encodings() -> None:
    declared = b"\\usepackage[latin1]{inputenc}\\begin{document}caf\xe9\\end{document}"
    assert tex(declared).text == "café"
    assert tex(b"caf\xe9").text == "café"
    cyrillic = "\\usepackage[koi8-r]{inputenc}\\begin{document}Привет\\end{document}"
    assert tex(cyrillic.encode("koi8-r")).text == "Привет"
    assert tex(cyrillic.encode()).text == "Привет"


def test_nothing_to_read() -> None:
    for source in ("% only a comment", "\\documentclass{a}\\begin{document}\\end{document}", " "):
        with pytest.raises(Skipped, match=r"^no text$"):
            tex(source)


@pytest.mark.parametrize(
    ("data", "name", "reader"),
    [
        (b"text", "a.tex", "latex"),
        (b"% c\n\n \\documentclass{a}", "a.txt", "latex"),
        (b"\\documentclass{a}", "a", "latex"),
        (b"see \\documentclass{a}", "a", "plain"),
        (b"\\documentclass{a}", "a.md", "markdown"),
    ],
)
def test_the_content_decides(data: bytes, name: str, reader: str) -> None:
    assert choose(name, io.BytesIO(data)).name == reader


PIECES = (
    *("{", "}", "\\", "$", "%", "&", "~", "[", "]", "\n", " ", "a", "\\begin{", "\\end{", "tabular}", "itemize}"),
    *("verbatim}", "\\item", "\\section", "\\section{", "\\verb|", "\\(", "\\)", "\\\\", "\\footnote{", "\\'"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_anything_is_read_or_without_text(source: str) -> None:
    try:
        document = tex("x" + source)
    except Skipped:
        return
    starts = [mark.start for mark in document.marks]
    assert starts == sorted(set(starts))
    assert all(
        document.text[start:].startswith(tuple(mark.heading[-1][:1]))
        for start, mark in zip(starts, document.marks, strict=True)
    )
