"""What the module can do; asked at each start of BILLmanager, it needs nothing and never fails."""

from typing import List

import commands
from utils.billing import reply
from utils.billing.reply import Reply
from utils.consts import ITEM_TYPES, MODULE_PARAMS, SECRET_PARAMS
from utils.run.context import Context

FLAGS = ("pricelist_dynamic_settings",)
"""Features that BILLmanager reads and never calls: the tariff form has fields of ours
(docs/en/protocol.md, "Commands")."""


def list_features() -> List[str]:
    """The names of the commands that BILLmanager may call, and of the flags."""
    served = [name for name, command in commands.COMMANDS.items() if command.is_advertised]
    return [*served, *FLAGS]


def run(ctx: Context) -> Reply:
    """The features document."""
    params = {name: {"crypted": "yes"} if name in SECRET_PARAMS else {} for name in MODULE_PARAMS}
    return reply.features(ITEM_TYPES, params, list_features())
