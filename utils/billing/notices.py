"""Notifications, which a client reads in his own BILLmanager.

How one is made is known from one public module (docs/en/protocol.md, "Notifications").
"""

from typing import Optional, Sequence

from utils.base import errors
from utils.billing.doors import Doors
from utils.billing.mgrctl import Shown, Unseen
from utils.billing.needs import FUNCTIONS, OPTIONAL


class Notices:
    """Sends notifications, and looks for those that were sent.

    Every method may raise DatabaseUnavailable.
    """

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def send(self, user_id: int, subject: str, text: str) -> None:
        """Tells a user. The subject has to be that of no other notification of his.

        A call whose answer is lost is looked up. Raises CoreRefused where nobody was told, and
        CoreUnavailable where he was not, or nobody can say.
        """
        try:
            self._doors.core.call_once(
                FUNCTIONS.notify,
                sok="ok",
                user=user_id,
                subject=Shown(subject),
                message=Unseen(text),
            )
        except errors.CoreUnavailable:
            if not self.was_sent(user_id, [subject]):
                raise

    def was_sent(self, user_id: int, subjects: Sequence[str]) -> Optional[bool]:
        """Whether the user has a notification of one of the subjects.

        None where BILLmanager's version does not show it. One that he has deleted was not sent,
        as far as anybody can see.
        """
        if not self._doors.db.has_column(*OPTIONAL.notification):
            return None
        row = self._doors.db.row(
            "SELECT 1 FROM notification WHERE user = %s AND subject IN %s LIMIT 1",
            user_id,
            subjects,
        )
        return row is not None
