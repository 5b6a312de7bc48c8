"""Who was met on pages of accounts."""

from utils.census.met import Met


def test_only_who_was_not_met_is_new() -> None:
    met = Met()
    assert met.add(["a", "b"])
    assert not met.add(["b", "a", "b"])
    assert met.add(["a", "c"])
    assert not met.add([])


def test_pages_of_a_large_cloud_are_told_from_those_that_were_there() -> None:
    met = Met()
    pages = [[f"user_{number}" for number in range(at, at + 200)] for at in range(0, 100_000, 200)]
    assert all(map(met.add, pages))
    assert not any(map(met.add, pages))
