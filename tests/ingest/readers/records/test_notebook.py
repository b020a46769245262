"""Notebooks: cells and text outputs, without pictures."""

import json

import mutations
from text_files import headings, read, reason
from wherein.ingest.readers.shared.decode import PICTURES_NOTE
from wherein.ingest.readers.shared.skipped import Skipped


def notebook(*cells: object, **others: object) -> bytes:
    return json.dumps({"cells": cells, **others}).encode()


def test_cells_and_outputs() -> None:
    document = read(mutations.NOTEBOOK, "a.ipynb")
    assert document.text == "# A report\nof *heron* sightings\n\nprint(1)\n\n1\n\nValueError: no"
    assert document.title == "A report"
    assert headings(document) == [(0, ("A report",))]


def test_pictures_written_into_a_cell_are_noted() -> None:
    picture = f"![pond](data:image/png;base64,{'iVBO' * 20})"
    outputs = [{"output_type": "stream", "text": f"<img src='data:image/png;base64,{'iVBO' * 20}'>"}]
    for cell in (
        {"cell_type": "markdown", "source": picture},
        {"cell_type": "code", "source": "x", "outputs": outputs},
    ):
        document = read(notebook(cell), "a.ipynb")
        assert "iVBO" not in document.text
        assert document.notes == (PICTURES_NOTE,)
    assert read(notebook({"cell_type": "code", "source": "data: 1"}), "a.ipynb").notes == ()


def test_headings_of_later_cells() -> None:
    cells = ({"cell_type": "code", "source": "x = 1"}, {"cell_type": "markdown", "source": "## Herons\n### Grey"})
    assert headings(read(notebook(*cells), "a.ipynb")) == [(7, ("Herons",)), (17, ("Herons", "Grey"))]


def test_outputs_that_stand_for_something_else() -> None:
    texts = (
        "<Figure size 640x480 with 1 Axes>",
        "[<matplotlib.lines.Line2D at 0x7f>]",
        "<Axes: >",
        "\x1b[31mred\x1b[0m",
    )
    outputs = [{"output_type": "execute_result", "data": {"text/plain": text, "image/png": "x"}} for text in texts]
    assert read(notebook({"cell_type": "code", "source": "y", "outputs": outputs}), "a.ipynb").text == "y\n\nred"


def test_colors_of_an_error_are_left_out() -> None:
    error = {"output_type": "error", "ename": "ValueError", "evalue": "\x1b[0;31mno\x1b[0m"}
    cell = {"cell_type": "code", "source": "y", "outputs": [error]}
    assert read(notebook(cell), "a.ipynb").text == "y\n\nValueError: no"


def test_outputs_that_are_pages_or_formulas() -> None:
    outputs = [
        {"data": {"text/plain": "<IPython.core.display.HTML object>", "text/html": ["<p>All <b>", "herons</b></p>"]}},
        {"data": {"text/html": "<i>grey</i>"}},
        {"data": {"text/plain": "<IPython.core.display.Latex object>", "text/latex": "$x^2$"}},
        {"data": {"text/plain": "   a\n0  1", "text/html": "<table><tr><td>1</table>"}},
        {"data": {"text/plain": "<Figure size 640x480 with 1 Axes>", "image/png": "iVBO"}},
        {"text": "<Figure size 640x480 with 1 Axes>"},
    ]
    found = read(notebook({"cell_type": "code", "source": "x", "outputs": outputs}), "a.ipynb")
    assert found.text == "x\n\nAll herons\n\ngrey\n\n$x^2$\n\n   a\n0  1"


def test_pictures_in_a_text_are_left_out() -> None:
    source = f"![a](attachment:b.png) ![c](data:image/png;base64,{'iVBORw0KGgo' * 9})"
    found = read(notebook({"cell_type": "markdown", "source": source}), "a.ipynb").text
    assert found == "![a](attachment:b.png) ![c](data:image/png)"


def test_version_3_of_the_format() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Herons"]},
        {"cell_type": "code", "input": ["x"], "outputs": [{"output_type": "pyout", "text": ["3"]}]},
    ]
    data = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}).encode()
    assert read(data, "a.ipynb").text == "## Herons\n\nx\n\n3"


def test_what_is_no_notebook_is_text() -> None:
    document = read(b'{"a": "Gr\\u00f6\\u00dfe"', "a.ipynb")
    assert document.text == '{"a": "Größe"'
    assert document.notes == ("not a notebook that can be read; its source was read as text",)
    assert reason(notebook(), "a.ipynb", Skipped) == "no text"


def test_authors() -> None:
    data = notebook({"cell_type": "raw", "source": "x"}, metadata={"authors": [{"name": "Ann Quince"}, 1]})
    assert read(data, "a.ipynb").metadata == {"author": "Ann Quince"}
