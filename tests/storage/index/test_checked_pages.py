"""Each page of a file is checked before it is first read, and no other."""

from zlib import crc32

import numpy as np
import pytest

from wherein.storage.index.checked_pages import PAGE, CheckedArray, CheckedPages, PageChecksums, page_count

NUMBERS = np.arange(3_000, dtype="<u4")
DATA = bytes(64) + NUMBERS.tobytes()  # 12,064 bytes: three pages, the last of which is not full


def checksums(*pieces: bytes) -> list[int]:
    written = PageChecksums()
    for piece in pieces:
        written.add(piece)
    return np.frombuffer(written.packed(), "<u4").tolist()


def opened(data: bytes) -> CheckedArray:
    pages = CheckedPages(memoryview(data), np.array(checksums(DATA), "<u4"))
    return CheckedArray(np.frombuffer(data, "<u4", len(NUMBERS), 64), 64, pages)


@pytest.mark.parametrize(("size", "pages"), [(0, 0), (1, 1), (PAGE, 1), (PAGE + 1, 2), (3 * PAGE, 3)])
def test_each_page_has_a_checksum(size: int, pages: int) -> None:
    data = bytes(n % 251 for n in range(size))
    assert page_count(size) == pages
    assert checksums(data) == [crc32(data[first : first + PAGE]) for first in range(0, size, PAGE)]


@pytest.mark.parametrize("cut", [0, 1, PAGE - 1, PAGE, PAGE + 1, 9_000, len(DATA)])
def test_checksums_do_not_depend_on_the_pieces(cut: int) -> None:
    assert checksums(DATA[:cut], b"", DATA[cut:]) == checksums(DATA)


def test_an_array_is_read_in_parts() -> None:
    array = opened(DATA)
    assert (len(array), array[0], array[2_999]) == (3_000, 0, 2_999)
    assert array.part(1_000, 1_003).tolist() == [1_000, 1_001, 1_002]
    assert array.part(2_998, 4_000).tolist() == [2_998, 2_999]
    assert array.part(5, 5).tolist() == array.part(3_000, 3_001).tolist() == []
    assert array.sum(10, 13) == 33
    assert array.whole().tolist() == NUMBERS.tolist()


@pytest.mark.parametrize("index", [-1, 3_000])
def test_there_is_no_item_outside(index: int) -> None:
    with pytest.raises(IndexError):
        opened(DATA)[index]


@pytest.mark.parametrize(("at", "page"), [(0, 0), (PAGE, 1), (2 * PAGE - 1, 1), (len(DATA) - 1, 2)])
def test_a_damaged_page_is_an_error_and_others_are_read(at: int, page: int) -> None:
    array = opened(DATA[:at] + bytes([DATA[at] ^ 1]) + DATA[at + 1 :])
    for number, index in enumerate((0, 1_100, 2_900)):  # one on each page
        if number != page:
            assert array[index] == index
    with pytest.raises(ValueError, match=f"its page {page} does not match its checksum"):
        array.whole()


def test_a_page_is_checked_once() -> None:
    data = bytearray(DATA)
    array = opened(data)
    assert array[1_100] == 1_100
    data[64 + 4 * 1_100] ^= 1
    assert array[1_100] == 1_101
