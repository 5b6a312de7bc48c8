"""What the module can do; asked at each start of BILLmanager, it needs nothing and never fails."""

from utils.billing import reply
from utils.consts import ITEM_TYPES, MODULE_PARAMS, SECRET_PARAMS
from utils.run.context import Context

FEATURES = (
    "check_connection",
    "tune_connection",
    "get_server_config",
    "pricelist_dynamic_settings",
    "pricelist_dynamic_settings_tune",
    "open",
    "suspend",
    "resume",
    "setparam",
    "close",
    "sync_item",
    "stat",
)


def run(ctx: Context) -> bytes:
    """The features document."""
    params = {name: {"crypted": "yes"} if name in SECRET_PARAMS else {} for name in MODULE_PARAMS}
    return reply.features(ITEM_TYPES, params, FEATURES)
