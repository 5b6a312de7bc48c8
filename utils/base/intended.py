"""What a dry run would do: noted where it would leave the program, and told at the end."""

from collections import deque
from typing import Deque, List

from utils.base.deeds import Deeds, Note


class Plan(Deeds):
    """The deeds of a dry run in the order in which they would be done, all of them.

    One ends with the code of an error where it would be refused.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: Deque[Note] = deque()
        self.assumed: List[str] = []
        """Logins of accounts that were taken to accept a password which was not tried."""
