"""Which encoding a text is in: what it declares, else UTF-8, else a guess."""

import io

import pytest

from text_files import read
from wherein.ingest.readers.shared.charset import Charset, charset_for_label
from wherein.ingest.readers.shared.decode import decode
from wherein.ingest.readers.shared.encoding import find_encoding, head_text

GERMAN = "Der Käufer übergibt die Schlüssel der Wohnung am ersten Tag des Monats, heißt es im Vertrag. Größe: klein."
SURELY = "read as {}, a guess (99 % sure)"
RUSSIAN = "Договор аренды вступает в силу завтра, хозяин принесёт ключи от квартиры и подвала рано утром."
FRENCH = "Le café est fermé à midi; les élèves ont déjà payé leur repas, et la boîte est très légère."
POLISH = "Umowa najmu wchodzi w życie jutro, a właściciel przyniesie klucze do mieszkania i piwnicy wcześnie rano."
GREEK = "Η σύμβαση μίσθωσης αρχίζει αύριο και ο ιδιοκτήτης θα φέρει τα κλειδιά του διαμερίσματος."
JAPANESE = "賃貸契約は明日から有効です。大家さんは朝早くアパートと地下室の鍵を持ってきます。"
CHINESE = "租赁合同从明天开始生效，房东明天一早会把公寓和地下室的钥匙带来。"
KOREAN = "임대 계약은 내일부터 유효합니다. 집주인이 아침 일찍 아파트와 지하실 열쇠를 가져올 것입니다."


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        *((GERMAN, codec) for codec in ("latin-1", "cp1252", "cp850", "mac-roman", "utf-16-le", "utf-32-be")),
        *((RUSSIAN, codec) for codec in ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic", "utf-16-be")),
        *((FRENCH, codec) for codec in ("latin-1", "cp1252", "utf-16-le")),
        *((POLISH, codec) for codec in ("cp1250", "iso8859-2")),
        *((GREEK, codec) for codec in ("cp1253", "iso8859-7")),
        *((JAPANESE, codec) for codec in ("cp932", "euc_jp", "iso2022_jp", "utf-16-le")),
        *((CHINESE, codec) for codec in ("gb18030", "gbk")),
        *((KOREAN, codec) for codec in ("cp949", "euc_kr", "utf-16-le")),
    ],
)
def test_texts_that_declare_nothing(text: str, codec: str) -> None:
    decoded = decode(text.encode(codec))
    assert decoded.text == text
    assert decoded.notes[0].startswith("read as ")
    assert read(text.encode(codec), "a.txt").text == text


def test_utf_8_and_ascii_need_no_note() -> None:
    assert decode(RUSSIAN.encode()).notes == ()
    assert decode(b"plain").notes == ()
    assert decode(b"").text == ""


def test_a_guess_that_is_not_clear_is_a_doubt() -> None:
    decoded = decode("The tenant’s “deposit” costs 300 €.\n".encode("cp1252"))
    assert decoded.text == "The tenant’s “deposit” costs 300 €.\n"
    assert decoded.doubts == (
        "read as windows-1252, a guess (50 % sure); if it is in another encoding, ingest it again with --encoding NAME",
    )
    assert decoded.notes == decoded.doubts


@pytest.mark.parametrize(
    ("text", "codec", "label", "notes"),
    [
        ("Größe der Tür", "latin-1", "iso-8859-1", ()),
        ("Größe der Tür", "utf-8", "iso-8859-1", ("declares iso-8859-1, but is UTF-8",)),
        (CHINESE, "utf-8", "gb2312", ("declares gb2312, but is UTF-8",)),
        (CHINESE, "gb18030", "gb2312", ()),
        ("联通", "gb18030", "gbk", ()),  # its bytes are valid UTF-8 by chance
        (
            GERMAN,
            "cp1252",
            "utf-8",
            ("read as windows-1252, a guess (99 % sure)", "declares utf-8, but is windows-1252"),
        ),
        (GREEK, "cp1253", "latin1", (SURELY.format("windows-1253"), "declares latin1, but is windows-1253")),
        (RUSSIAN, "koi8-r", "x-none", ("read as KOI8-R, a guess (99 % sure)", "declares x-none, but is KOI8-R")),
        (JAPANESE, "iso2022_jp", "iso-2022-jp", ()),
    ],
)
def test_declarations(text: str, codec: str, label: str, notes: tuple[str, ...]) -> None:
    decoded = decode(text.encode(codec), declared=charset_for_label(label))
    assert (decoded.text, decoded.notes) == (text, notes)


def test_one_bad_byte_does_not_make_a_declaration_wrong() -> None:
    data = CHINESE.encode("gb18030") + b"\xff\n" + CHINESE.encode("gb18030")
    decoded = decode(data, declared=Charset("gb2312", "gb18030"))
    assert decoded.text == f"{CHINESE}\ufffd\n{CHINESE}"
    assert decoded.notes == ("1 byte is not valid GB18030 (at offset 64) and stands as \ufffd",)


@pytest.mark.parametrize("codec", ["cp1252", "koi8-r", "mac-roman"])
def test_what_the_user_names_outweighs_declaration_and_guess(codec: str) -> None:
    data = b"# coding: cp1251\n" + RUSSIAN.encode("cp1251")
    decoded = decode(data, codec)
    assert decoded.text == data.decode(codec, "replace")
    assert decoded.notes[0] == f"read as {codec}, as --encoding says"
    assert decoded.doubts == ()


def test_what_the_user_names_does_not_make_mojibake_of_unicode() -> None:
    for data in (RUSSIAN.encode(), RUSSIAN.encode("utf-16-le"), RUSSIAN.encode("utf-16")):
        assert decode(data, "cp1251").text == RUSSIAN
    assert decode(b"plain", "utf-16-le").text == "plain"
    assert decode("plain".encode("utf-16-be"), "utf-16").text == "plain"


def test_a_large_file_is_sampled_where_it_is_not_ascii() -> None:
    data = b"ascii only\n" * 300_000 + RUSSIAN.encode("cp1251")
    stream = io.BytesIO(data)
    assert find_encoding(stream).codec == "cp1251"
    assert stream.tell() == 0


@pytest.mark.parametrize("start", ["© 2024\n", "\x1b[1mlog\x1b[0m\n"])
def test_a_guess_is_made_where_the_text_stops_being_utf_8(start: str) -> None:
    decoded = decode(start.encode() + b"ascii only\n" * 30_000 + RUSSIAN.encode("cp1251"))
    assert decoded.codec == "cp1251"
    assert decoded.text.endswith(RUSSIAN)


def test_damage_is_noted_where_no_byte_order_mark_is() -> None:
    data = GREEK.encode("utf-16-le")
    assert decode(data + b"\1").notes == (
        "read as UTF-16-LE, which it does not declare",
        f"1 byte is not valid UTF-16-LE (at offset {len(data)}) and stands as \ufffd",
    )


def test_damage_is_found_in_any_piece_of_a_stream() -> None:
    data = "ä".encode() * (1 << 20) + b"\xff" + "ä".encode()
    found = find_encoding(io.BytesIO(data))
    assert found.codec == "utf-8"
    assert found.notes == ("1 byte is not valid UTF-8 (at offset 2,097,152) and stands as \ufffd",)


def test_heads() -> None:
    assert head_text("<?xml".encode("utf-16-le") + b"\n\0") == "<?xml\n"
    assert head_text(b"caf\xe9") == "caf\ufffd"


CYRILLIC = "Договор аренды вступает в силу завтра, а хозяин принесёт ключи."
THAI = "สัญญาเช่าเริ่มวันพรุ่งนี้และเจ้าของบ้านจะมอบกุญแจให้ผู้เช่าที่หน้าประตู"
SHIFTED = "賃貸契約は明日から有効です。\n鍵は管理人が渡します。\n庭の木は三月に切ります。\n"


@pytest.mark.parametrize(
    ("codec", "label"),
    [("koi8-r", "windows-1251"), ("cp1251", "koi8-r"), ("cp866", "windows-1251"), ("iso8859-5", "windows-1251")],
)
def test_a_declaration_of_another_cyrillic_encoding_is_not_followed(codec: str, label: str) -> None:
    decoded = decode(CYRILLIC.encode(codec), declared=charset_for_label(label))
    assert decoded.text == CYRILLIC
    assert decoded.notes[1].startswith(f"declares {label}, but is ")


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (CYRILLIC, "koi8-r"),
        (CYRILLIC, "cp1251"),
        (CYRILLIC.upper(), "koi8-r"),
        (CYRILLIC.upper(), "cp1251"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "iso8859-2"),
        ("Καλημέρα κόσμε", "iso8859-7"),
        ("Łódź", "cp852"),
    ],
)
def test_a_right_declaration_is_followed(text: str, codec: str) -> None:
    decoded = decode(text.encode(codec), declared=Charset(codec, codec))
    assert (decoded.text, decoded.notes) == (text, ())


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [THAI * 8, THAI[:40], "يبدأعقدالإيجارغدا" * 30, "Договораренды" * 40])
def test_utf_16_without_blanks(text: str, codec: str) -> None:
    assert decode(text.encode(codec)).text == text


@pytest.mark.parametrize(
    ("damaged", "lost"),
    [
        (SHIFTED.encode("iso2022_jp").replace(b"\x1b(B", b"(B", 1), 1),
        (SHIFTED.encode("iso2022_jp").replace(b"\x1b$B", b"", 1), 0),
        (SHIFTED.encode("iso2022_jp").replace(b"L@F|", b"L\xffF|"), 4),
    ],
)
def test_a_damaged_shift_costs_its_line(damaged: bytes, lost: int) -> None:
    decoded = decode(damaged)
    assert decoded.text.endswith("\n鍵は管理人が渡します。\n庭の木は三月に切ります。\n")
    assert decoded.text.count("\ufffd") <= lost


def test_shifts_of_korean_are_not_utf_16() -> None:
    text = "날씨가 좋은 날 학교에 가서 친구를 만나고 책을 읽었습니다\n" * 3
    assert decode(text.encode("iso2022_kr"), declared=charset_for_label("iso-2022-kr")).text == text


@pytest.mark.parametrize("data", [b"\x1b$B", b"\x1b[31mred\x1b[0m", b"\x1b$B is an escape sequence\n" * 9])
def test_escapes_alone_are_no_japanese(data: bytes) -> None:
    assert decode(data).codec == "utf-8"
