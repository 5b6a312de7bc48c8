"""What may differ between billing and a cloud. The names here are stable interfaces."""

from typing import Any, Dict, NamedTuple, Optional, Union

from utils.accounts.plan import EMAIL, ENABLED, GROUP, QUOTA
from utils.base import sizes

FAULT, ADVICE = "fault", "advice"

MISSING, CLOSED_ALIVE, UNBILLED = "missing", "closed_alive", "unbilled"
UNPAID_ENABLED, PAID_DISABLED, UNREADABLE = "unpaid_enabled", "paid_disabled", "unreadable"
ELSEWHERE, DUPLICATE, UNPROVED = "elsewhere", "duplicate", "unproved"
UNCOUNTED, TRANSFERRED, ADOPTABLE = "uncounted", "transferred", "adoptable"
BEHIND = "behind"

VERDICTS = {
    MISSING: FAULT,
    CLOSED_ALIVE: FAULT,
    UNBILLED: ADVICE,
    UNPAID_ENABLED: FAULT,
    PAID_DISABLED: FAULT,
    QUOTA: FAULT,
    GROUP: FAULT,
    ELSEWHERE: FAULT,
    DUPLICATE: FAULT,
    UNPROVED: FAULT,
    UNREADABLE: FAULT,
    EMAIL: ADVICE,
    BEHIND: ADVICE,
    UNCOUNTED: FAULT,
    TRANSFERRED: ADVICE,
    ADOPTABLE: ADVICE,
}
"""All classes, in the order in which they are shown, each with its verdict. What is only advice may
be meant so."""

FOLLOWED = "followed"
"""What is changed where a client has changed something of himself."""

MENDED = {
    UNPAID_ENABLED: ENABLED,
    PAID_DISABLED: ENABLED,
    QUOTA: QUOTA,
    GROUP: GROUP,
    EMAIL: EMAIL,
    BEHIND: FOLLOWED,
    UNREADABLE: "saved",
}
"""The classes of which some can be mended, each with what is changed for it."""

Side = Dict[str, Any]
"""What billing or a cloud says, by name: texts, numbers, truth values and lists of them."""


class Difference(NamedTuple):
    """One difference, of a service, an account or both.

    `above_bytes` is how much more space the cloud gives than is sold, None where nothing or where
    the cloud names no limit. `used_bytes` is what the account uses where nobody pays for it.
    `change` says what would mend it, and is empty where nothing does that is proved and safe.
    """

    kind: str
    module_id: int
    login: str
    billing: Side
    cloud: Side
    item_id: Optional[int] = None
    account_id: Optional[int] = None
    tariff_id: Optional[int] = None
    above_bytes: Optional[int] = None
    used_bytes: Optional[int] = None
    change: str = ""


def quota_side(quota_bytes: Optional[float]) -> Union[int, str]:
    """A quota as it stands in a side: bytes, or that it is unlimited or the cloud's default."""
    if quota_bytes is None:
        return "default"
    return "unlimited" if quota_bytes == sizes.UNLIMITED else int(quota_bytes)
