"""How full accounts are: which clients are to be told that their space runs out, and which again.

What the client of a service was told is its memo of the kind FULL: the threshold that was passed.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from utils.base import sizes
from utils.base.values import Account, Item
from utils.billing.billmanager import Billing
from utils.billing.memos import Memo
from utils.consts import STATUS_ACTIVE

FULL = "full"
"""The kind of a memo, and of a letter (utils.run.telling)."""


MOST_BYTES = 1024**5
"""1 PiB: nobody has so much in one account."""

LARGE_BYTES = 10 * 1024**4
OVER_QUOTA = 100
"""More than 10 TiB that is also more than a hundred times the quota is a fault of the cloud: no
cloud lets an account be filled past its quota, and a quota that was lowered is exceeded by less."""


def is_plausible(used_bytes: int, quota_bytes: Optional[float]) -> bool:
    """Whether an account with that quota, None where it is not known, can have used so much."""
    if used_bytes > MOST_BYTES:
        return False
    return quota_bytes is None or used_bytes <= max(LARGE_BYTES, OVER_QUOTA * quota_bytes)


class Crossing(NamedTuple):
    """A service whose use has passed a threshold of `percent`, or fallen below one.

    `percent` is the highest threshold that it has passed now, and `told_percent` the one of which
    its client was told; 0 for none.
    """

    item_id: int
    account_id: int
    login: str
    percent: int
    told_percent: int
    used_bytes: int
    quota_bytes: int


class Fullness:
    """What one run sees of the accounts of a module. Whoever was not read is not in it."""

    def __init__(self, billing: Billing) -> None:
        self._billing = billing
        self._thresholds: Dict[int, Tuple[int, ...]] = {}
        self.risen: List[Crossing] = []
        """Whose clients are to be told."""
        self.fallen: List[Crossing] = []
        """Whose next crossing is a new one."""

    def look(self, read: Sequence[Tuple[Item, Account]]) -> None:
        """Looks at services whose accounts were read with their use.

        A suspended service is left as it is: its client cannot delete anything. Without a limit of
        its own no account is ever full. Raises DatabaseUnavailable.
        """
        measured = [(item, account) for item, account in read if _has_limit(item, account)]
        self._learn({item.tariff_id for item, _ in measured})
        memos = self._billing.memos.of({item.id: item.account_id for item, _ in measured}, FULL)
        for item, account in measured:
            memo = memos.get(item.id)
            told = _told(memo)
            crossing = _crossing(item, account, self._thresholds[item.tariff_id], told)
            is_open = memo is not None and not memo.is_sent
            if crossing.percent > told or (is_open and crossing.percent == told):
                self.risen.append(crossing)
            elif crossing.percent < told:
                self.fallen.append(crossing)

    def _learn(self, tariff_ids: Set[int]) -> None:
        unknown = tariff_ids - set(self._thresholds)
        if unknown:
            self._thresholds.update(self._billing.tariffs.thresholds(unknown))


def _has_limit(item: Item, account: Account) -> bool:
    is_measured = account.used_bytes is not None and account.quota_bytes is not None
    is_open = item.status == STATUS_ACTIVE
    return is_open and is_measured and 0 < (account.quota_bytes or 0) < sizes.UNLIMITED


def _crossing(
    item: Item, account: Account, thresholds: Tuple[int, ...], told_percent: int
) -> Crossing:
    used_bytes, quota_bytes = account.used_bytes or 0, int(account.quota_bytes or 0)
    passed = [percent for percent in thresholds if used_bytes * 100 >= percent * quota_bytes]
    return Crossing(
        item_id=item.id,
        account_id=item.account_id,
        login=account.login,
        percent=max(passed, default=0),
        told_percent=told_percent,
        used_bytes=used_bytes,
        quota_bytes=quota_bytes,
    )


def _told(memo: Optional[Memo]) -> int:
    """The threshold of a memo; 0 where there is none, or it is none of a threshold."""
    occasion = memo.occasion if memo is not None else ""
    return int(occasion) if occasion.isascii() and occasion.isdigit() else 0
