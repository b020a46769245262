"""Rows and cells outside a table."""

import pytest

from wherein.ingest.readers.html.table_fragments import with_tables

ROW = "<tr><td>a</td><td>b</td></tr>"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>x</p>", "<p>x</p>"),
        (f"<table>{ROW}</table>", f"<table>{ROW}</table>"),
        (f"<table><tr><td><table>{ROW}</table></td></tr></table>", None),
        (ROW, f"<table>{ROW}</table>"),
        (f"x{ROW}\n{ROW}y", f"x<table>{ROW}\n{ROW}</table>y"),
        (f"{ROW}<p>x</p>{ROW}", f"<table>{ROW}</table><p>x</p><table>{ROW}</table>"),
        (f"{ROW}<TABLE>{ROW}</TABLE>{ROW}", f"<table>{ROW}</table><TABLE>{ROW}</TABLE><table>{ROW}</table>"),
        ("<td>a<td>b", "<table><td>a<td>b</table>"),
        (f"a</td></tr>{ROW}</table>b", f"a</td></tr><table>{ROW}</table></table>b"),
        (f"<tr><td><table>{ROW}</table>", f"<table><tr><td><table>{ROW}</table></table>"),
        (f"<!-- {ROW} --><script>'{ROW}'</script><p>x", None),
        (f"<!-- {ROW}", None),
        ("<td", "<table><td</table>"),
    ],
)
def test_runs_of_rows_become_tables(source: str, expected: str | None) -> None:
    assert with_tables(source) == (source if expected is None else expected)


@pytest.mark.parametrize("piece", ["<td", "<td>", "<script>", "<!--", "<table>", "</tr>", "<tr>a</tr>b"])
def test_time_is_linear(piece: str) -> None:
    assert (
        with_tables(piece * 50_000).replace("<table>", "").replace("</table>", "")
        == piece.replace("<table>", "") * 50_000
    )
