"""The closing calls: how BILLmanager is told that a command has done what it was asked for.

What each does there: docs/en/protocol.md, "Closing calls".
"""

from typing import NamedTuple, Optional

from utils.base import errors
from utils.base.logs import Logger
from utils.base.values import Item
from utils.billing.doors import Doors
from utils.billing.needs import FUNCTIONS
from utils.billing.operations import Operations
from utils.billing.services import Services
from utils.consts import STATUS_ACTIVE, STATUS_CLOSED, STATUS_SUSPENDED


class Post(NamedTuple):
    """A closing call: BILLmanager's function for it and the status that it leads to."""

    function: str
    status: int


POSTS = {
    "suspend": Post(FUNCTIONS.post_suspend, STATUS_SUSPENDED),
    "resume": Post(FUNCTIONS.post_resume, STATUS_ACTIVE),
    "close": Post(FUNCTIONS.post_close, STATUS_CLOSED),
}


ENDS = {"setparam": FUNCTIONS.post_set_param, "prolong": FUNCTIONS.post_prolong}
"""The functions that end an operation and leave the status as it is."""


def function_of(command: str, itemtype: str) -> Optional[str]:
    """The core's function that ends an operation of the command; None where there is none.

    `itemtype` is the internal name of the type of the service's product.
    """
    if command == "open":
        return f"{itemtype}.open"
    if command in ENDS:
        return ENDS[command]
    return POSTS[command].function if command in POSTS else None


class Closing:
    """Ends an operation: a closing call sets the service's status and takes the operation away.

    Every method may raise DatabaseUnavailable, CoreUnavailable, CoreRefused.
    """

    def __init__(
        self, doors: Doors, log: Logger, services: Services, operations: Operations
    ) -> None:
        self._doors = doors
        self._log = log
        self._services = services
        self._operations = operations

    def post(self, item: Item, action: str) -> None:
        """Tells BILLmanager that `suspend`, `resume` or `close` is done."""
        post = POSTS[action]
        status = self._post(item.id, post)
        if status not in (post.status, None):
            self._log.warning("%s was taken, but the status is %s", post.function, status)

    def post_open(self, item: Item) -> None:
        """Tells BILLmanager that the service is open.

        Raises OpenUnknown where the core has no function for it, NotPosted where the service is
        not open after it. There is no other function to go to: `service.postopen` ends the
        operation and leaves the service unopened (docs/en/protocol.md, "Closing calls").
        """
        post = Post(f"{item.itemtype}.open", STATUS_ACTIVE)
        try:
            status = self._post(item.id, post)
        except errors.CoreRefused as error:
            # What is missing may also be the service.
            if error.error_type != "missed" or self._services.status(item.id) is None:
                raise
            raise errors.OpenUnknown(error.value) from error
        if status != post.status:
            raise errors.NotPosted(f"{post.function}: status {status}, not {post.status}")

    def post_set_param(self, item: Item) -> None:
        """Tells BILLmanager that the parameters are applied."""
        self._doors.core.call(FUNCTIONS.post_set_param, sok="ok", elid=item.id)
        self._log.info("%s done", FUNCTIONS.post_set_param)

    def post_prolong(self, item: Item) -> None:
        """Tells BILLmanager that the service is renewed, while an operation waits for that."""
        if not self._operations.waits():
            self._log.info("no renewal waits for %s", FUNCTIONS.post_prolong)
            return
        self._doors.core.call(FUNCTIONS.post_prolong, sok="ok", elid=item.id)
        self._log.info("%s done", FUNCTIONS.post_prolong)

    def post_password(self, item: Item) -> None:
        """Tells BILLmanager that the password is changed.

        A core that does not know the function waits for nothing, unless an operation waits.
        """
        try:
            self._doors.core.call(FUNCTIONS.post_password, sok="ok", elid=item.id)
        except errors.CoreRefused as error:
            if error.error_type != "missed" or self._operations.waits():
                raise
            self._log.warning("BILLmanager does not know %s", FUNCTIONS.post_password)
        else:
            self._log.info("%s done", FUNCTIONS.post_password)

    def roll_back_tariff(self, item: Item) -> None:
        """Puts the service back on the tariff that it had before the change."""
        self._doors.core.call(FUNCTIONS.roll_back_tariff, sok="ok", elid=item.id)
        self._log.warning("the change of tariff was taken back")

    def _post(self, item_id: int, post: Post) -> Optional[int]:
        """Makes a closing call, unless an earlier run did, and returns the status after it.

        A call whose answer is lost is looked up: the status tells whether it took effect.
        """
        if self._services.status(item_id) == post.status and not self._operations.waits():
            self._log.info("%s is already done", post.function)
            return post.status
        try:
            self._doors.core.call(post.function, sok="ok", elid=item_id)
        except errors.CoreUnavailable:
            if self._services.status(item_id) != post.status:
                raise
        self._log.info("%s done", post.function)
        return self._services.status(item_id)
