"""The language of a text is guessed by its script and its small words."""

import pytest

from wherein.ingest.language import guess_language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The lease of the house is signed by the owner, and it is for the year."),
        ("de", "Der Vertrag ist von dem Besitzer und nicht von der Stadt, und das ist mit sich zu machen."),
        ("fr", "Le contrat de la maison est dans une boîte que les voisins ont vue, et il est sur le mur."),
        ("es", "El contrato de la casa es para los vecinos que viven en una calle con las flores."),
        ("ja", "これは日本語の文章です。漢字もあります。"),
        ("zh", "今天天气很好，我们去公园散步。"),
        ("ru", "Сегодня хорошая погода, и мы идём гулять."),
        ("", "lorem ipsum dolor sit amet"),
        ("", "x = 1\ny = 2\n"),
        ("", ""),
    ],
)
def test_a_language_is_guessed(language: str, text: str) -> None:
    assert guess_language(text) == language
