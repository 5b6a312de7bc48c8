"""The fixed words of the module: its name, its parameters, BILLmanager's numbers."""

from enum import IntEnum

VERSION = "1.0.0"

MODULE = "pmnextcloud"
ITEM_TYPES = ("backupservice", "nextcloud")

PARAM_BASE_URL = "base_url"
PARAM_USERNAME = "nc_username"
PARAM_SECRET = "nc_password"  # noqa: S105  a field's name
PARAM_CONFIRM = "nc_confirm_password"
PARAM_VERIFY = "verify_ssl"
PARAM_TIMEOUT = "timeout"
MODULE_PARAMS = (
    PARAM_BASE_URL,
    PARAM_USERNAME,
    PARAM_SECRET,
    PARAM_CONFIRM,
    PARAM_VERIFY,
    PARAM_TIMEOUT,
)
SECRET_PARAMS = (PARAM_SECRET, PARAM_CONFIRM)

ITEM_LOGIN = "username"
ITEM_PASSWORD = "userpassword"  # noqa: S105  a field's name
ITEM_URL = "url"
ITEM_EMAIL = "email"
"""Parameters of these names a type of product may have for its order form, where clients type."""
ITEM_DOMAIN = "domain"
ITEM_ACCOUNT = "accountname"
"""A column of the list of services of the type `backupservice`, which other types may have."""
ITEM_MARK = "pmnextcloud_mark"

ITEM_MEMO = "pmnextcloud_told_{}"
"""What a client was told of the service, by the kind of what he was told."""

ITEM_LEVEL = "pmnextcloud_level"
"""How a suspended service was suspended, where its account is not simply disabled."""
ITEM_TRIAL_GROUP = "pmnextcloud_trial_group"
"""The group that the account of a trial was put into, until it is paid for."""

CLIENT_LEVEL = 16
"""BILLmanager's level of access of a client; staff has a higher one."""

TARIFF_GROUP = "usergroup"
TARIFF_WARN_AT = "cloud_warn_at"
WARN_AT = (80, 95)
"""At how many percent of his space a client is told, where his tariff says nothing else."""
TARIFF_ON_CLOSE = "cloud_on_close"
TARIFF_KEEP_DAYS = "cloud_keep_days"
TARIFF_SUSPENSION = "cloud_suspension"
TARIFF_WARN_DAYS = "cloud_warn_days"
TARIFF_TRIAL_GROUP = "cloud_trial_group"
TARIFF_TERMS = (
    *(TARIFF_ON_CLOSE, TARIFF_KEEP_DAYS, TARIFF_SUSPENSION, TARIFF_WARN_DAYS, TARIFF_TRIAL_GROUP),
)
"""The tariff's fields on how a service is suspended and ends."""

DELETE, DISABLE, WAIT = "delete", "disable", "wait"
ON_CLOSE = (DELETE, DISABLE, WAIT)
"""What becomes of an account whose service is over."""

MOST_KEEP_DAYS = 3650
"""Longest waiting time: whoever has to keep longer keeps a copy."""

LOCK, READ_ONLY, WARN = "lock", "read_only", "warn"
SUSPENSIONS = (LOCK, READ_ONLY, WARN)
"""How a service is suspended: nobody gets in, nothing can be added, or nothing is done as yet."""

WARN_DAYS, MOST_WARN_DAYS = 7, 60
"""For how long nothing is done to a service that is only warned, and the longest such time."""

ADMIN_GROUP = "admin"
"""The cloud's group of administrators, never offered and never given."""


DISK_ADDONS = ("disk", "disc")
"""Words of the internal name of the add-on that sells space, the first that a tariff has counts."""

STATUS_ORDERED, STATUS_ACTIVE, STATUS_SUSPENDED, STATUS_CLOSED, STATUS_PROCESSING = 1, 2, 3, 4, 5
"""BILLmanager's statuses of a service, in item.status (docs/en/protocol.md, "Tables")."""

TASK_CLOSED = 2
"""task.status of a task that staff has done with."""


class Level(IntEnum):
    """What a command does in the cloud; each level does what the lower ones do, and more."""

    NOTHING = -1
    """It leaves the cloud alone."""
    READS = 0
    """It looks."""
    WRITES = 1
    """It makes, switches or deletes accounts."""
    EDITS = 2
    """It also changes fields of accounts, of which Nextcloud takes 50 in ten minutes."""


TRIAL_PERIOD = -100
BILL_BY_STATISTICS = 3
ADDON_INTEGER, ADDON_CHOICE, ADDON_CHOICE_TIMES = 2, 3, 4
"""How an add-on is sold: a number, one of a list of values, one of them several times."""

DEFAULT_TIMEOUT_S = 30
MIN_TIMEOUT_S, MAX_TIMEOUT_S = 5, 300
MAX_FIELD_LENGTH = 255
"""Longest value of a connection field; BILLmanager's own columns hold no more."""


def is_admin_group(group: str) -> bool:
    """Whether that is the group of administrators, in any spelling that a database may take for it.

    Many databases compare names without letter case, and without blanks at the end.
    """
    return group.strip().casefold() == ADMIN_GROUP


PASSWORD_SYMBOLS = "-_.!+*="  # noqa: S105  no secret
"""The symbols of a password, unless the settings name others: none needs quoting anywhere."""
