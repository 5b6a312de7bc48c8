"""What the report of a year of ten thousand services costs, on a database that has them all."""

import pytest

from tests.doubles.billmanager import Stand
from tests.tools import yearly


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_year_of_ten_thousand_services_is_told_in_time_and_in_little_memory() -> None:
    with Stand() as stand:
        yearly.play(stand, 10_000)
        yearly.sample(stand)
        samples = [yearly.sample(stand) for _ in range(3)]
    assert min(one.seconds for one in samples) <= yearly.AIM_S
    assert max(one.peak_mib for one in samples) <= yearly.AIM_MIB


def test_some_services_are_told_as_those_of_a_year_are() -> None:
    """So that what the measurement plays in is tried each time."""
    with Stand() as stand:
        yearly.play(stand, 20, days=40)
        one = yearly.sample(stand, "--format", "json")
        assert one.peak_mib <= yearly.AIM_MIB
        [row] = stand.sql("SELECT COUNT(*) AS made, MAX(statdate) AS last FROM itemstat")
        [today] = stand.sql("SELECT CURDATE() AS day")
    assert (row["made"], row["last"]) == (20 * 40, today["day"])
