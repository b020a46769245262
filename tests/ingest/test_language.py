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
        ("it", "Il contratto della casa è di una signora che non ha più gli anni per i viaggi, come dice la gente."),
        ("pt", "O contrato da casa é para os vizinhos que não moram em uma rua com as flores, mas se foi."),
        ("nl", "Het contract van de stad is niet voor een huis dat te klein is, maar ook voor de tuin en het dak."),
        ("sv", "Det är en bok som inte har läst och som ligger på bordet av trä med den till för att ha."),
        ("da", "Det er en bog, der ikke er læst af nogen, og som blev lagt på bordet efter krigen."),
        ("no", "Det er en bok som ikke er lest av noen, og som ble lagt på bordet etter krigen."),
        ("fi", "Se on kirja, joka ei ole uusi, mutta hän sanoi, että se oli hyvä, kun hän luki sen."),
        ("hu", "Ez egy könyv, és azt mondta, hogy nem volt jó, de már csak az maradt meg."),
        ("cs", "Kniha je na stole, a podle něj to byla kniha, která se četla jako román pro děti."),
        ("pl", "To nie jest książka, po co tak się na nią patrzeć, ale on jest od tego, że czyta."),
        ("ro", "Cartea este pe masă și nu a fost citită de cei care sunt în casă, pentru că mai este una."),
        ("tr", "Bu kitap çok iyi bir kitap ve daha sonra bir film olarak da çekildi, ancak film o kadar iyi olmadı."),
        ("ca", "Aquest llibre és dels avis i també de la mare, amb les cartes que els va escriure per als fills."),
        ("vi", "Đây là một cuốn sách được viết trong năm đó và không có những người này."),
        ("id", "Buku ini adalah buku yang tidak ditulis oleh orang itu dan akan dibaca dari awal."),
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
