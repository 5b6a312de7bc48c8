"""The ticket of a form that changes something: who sends the form was shown it.

Without one, a link on a stranger's page could have a client's browser change his password.
"""

import hmac
import time
from typing import TYPE_CHECKING, Iterator

from utils.base import errors
from utils.page.asked import Asked

if TYPE_CHECKING:
    from utils.billing.billmanager import Billing

SPAN_S = 1800
"""A ticket is good in the half hour in which it was made, and in the next one."""


def make(asked: Asked, billing: "Billing") -> str:
    """The ticket of a form that is shown now. Raises KeyUnavailable."""
    return next(_tickets(asked, billing))


def check(asked: Asked, billing: "Billing") -> None:
    """Raises PageExpired where the form that was sent has no ticket of its own."""
    given = asked.ticket.encode("utf-8", "replace")
    if not any(hmac.compare_digest(one.encode(), given) for one in _tickets(asked, billing)):
        raise errors.PageExpired


def _tickets(asked: Asked, billing: "Billing") -> Iterator[str]:
    span = int(time.time()) // SPAN_S
    for one in (span, span - 1):
        text = f"ticket\0{asked.function}\0{asked.item_id}\0{asked.user}\0{one}"
        yield billing.fingerprint(text)
