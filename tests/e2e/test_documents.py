"""What the documents draw is what happens."""

import re
from typing import List

import pytest

from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.meta.messages import LANGUAGES, read

SAVED = ("pmnextcloud_mark", "username", "url", "userpassword")
"""What `open` saves on a service, in the form in which the parameter's name is an argument's."""


def drawn(language: str, login: str) -> List[str]:
    """What the sequence of an order sends to cloud and core, the service having that login."""
    arrows = re.findall(r"P->>[CM]: ([^,\n]+)", read(f"docs/{language}/architecture.md"))
    return [text.replace("user_15", login).replace("TYPE", "backupservice") for text in arrows]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_goes_as_it_is_drawn(world: World, language: str) -> None:
    assert isinstance(world.site, DoubleSite)
    cloud = world.site.cloud
    cloud.add_group(world.group)
    sent: List[str] = []
    cloud.before = lambda seen: sent.append(
        f"{seen.method} {re.sub('.*/cloud/|^/', '', seen.path)}"
    )
    world.stand.before_call = lambda call: sent.append(
        f"{call.function} {next((name for name in SAVED if name in call.args), '')}".strip()
    )
    login = world.login(world.opened())
    assert sent == drawn(language, login)
