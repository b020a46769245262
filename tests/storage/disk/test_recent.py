"""What is kept of recent values, and when it begins again."""

from concurrent.futures import ThreadPoolExecutor

from wherein.storage.disk.recent import Recent


def test_values_are_kept_until_their_sizes_exceed_the_limit() -> None:
    recent = Recent[str, int](5)
    recent.keep("a", 1, 3)
    recent.keep("b", 2, 2)
    assert recent == {"a": 1, "b": 2}
    recent.keep("c", 3, 1)
    assert recent == {"c": 3}
    recent.keep("d", 4, 9)  # larger than the limit by itself
    assert recent == {"d": 4}
    recent.keep("e", 5, 1)
    assert recent == {"e": 5}


def test_values_without_a_size_are_bounded_too() -> None:
    recent = Recent[int, str](10)
    for number in range(1_000):
        recent.keep(number, "", 0)
        assert len(recent) <= 10


def test_threads_lose_no_size() -> None:
    recent = Recent[int, int](100)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: recent.keep(number, number, 1), range(5_000)))
    assert 0 < len(recent) <= 100


def test_after_a_clear_there_is_room_for_as_much_as_before() -> None:
    recent = Recent[str, int](5)
    recent.keep("a", 1, 5)
    recent.clear()
    recent.keep("b", 2, 4)
    recent.keep("c", 3, 1)
    assert recent == {"b": 2, "c": 3}
