"""A copied service is what the program itself would have made of it."""

from typing import Any, Tuple

import pytest

from tests.doubles.billmanager import Stand
from tests.doubles.cloud import Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from utils.billing import mark


def told(world: World, item: int) -> Tuple[Any, ...]:
    """Billing's and the cloud's side of a service, but for its number and its password."""
    assert isinstance(world.site, DoubleSite)
    service, params = world.stand.item(item), world.stand.params(item)
    user = world.site.cloud.users[world.login(item)]
    own_mark = mark.from_text(
        params.pop("pmnextcloud_mark"), world.key.seal, world.key.installation()
    )
    assert own_mark is not None
    assert own_mark.password.reveal() == params.pop("userpassword") == user.password
    assert params.pop("username") == own_mark.login == user.login == world.login(item)
    return (
        {name: service[name] for name in ("status", "processingmodule", "account", "period")},
        sorted(world.stand.crypted_names(item)),
        params,
        own_mark._replace(item_id=0, login="", password=None),
        (user.email, user.quota, len(user.groups), user.enabled, user.shown_name == user.login),
    )


@pytest.mark.every_cloud
@pytest.mark.parametrize("commands", [("open",), ("open", "suspend")], ids=" ".join)
def test_a_copy_is_what_the_commands_leave(
    stand: Stand, cloud: Cloud, commands: Tuple[str, ...]
) -> None:
    world = World(stand, DoubleSite(cloud))
    item = world.order()
    for command in commands:
        world.run(command, item).check()
    for _ in range(2):
        assert told(world, world.left_by(*commands)) == told(world, item)
