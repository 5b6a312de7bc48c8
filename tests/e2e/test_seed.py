"""What `make live` relies on: strangers are made on every cloud, and any harm to one is seen."""

import pytest

from tests.doubles.cloud import Cloud
from tests.e2e.sites import GIB
from tests.tools import seed


@pytest.mark.every_cloud
def test_strangers_are_made_as_planned_and_each_change_of_one_is_seen(cloud: Cloud) -> None:
    client = seed.client(cloud.url, cloud.admin_password)
    seed.plant(client)
    assert seed.harmed(client) == []
    client.set_quota("4711", 4 * GIB)
    client.disable_user("User_9000001")
    client.remove_from_group("second_admin", "admin")
    client.add_to_group("in_none", "staff")
    client.delete_user("customer_27")
    harmed = ["4711", "User_9000001", "second_admin", "in_none", "customer_27"]
    assert seed.harmed(client) == harmed
