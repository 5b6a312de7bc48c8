"""Typed passwords in a dry run: none is tried, for each has one try, and that is noted."""

from typing import Callable

from utils.accounts.guesses import Guesses
from utils.api import NextcloudAPIClient
from utils.base.intended import Plan
from utils.base.logins import fold
from utils.base.secret import Secret
from utils.base.values import Account
from utils.host.state import State


class DryGuesses(Guesses):
    """Knows what was refused before, and takes every other password for the right one."""

    def __init__(
        self, state: State, fingerprint: Callable[[str], str], module_id: int, plan: Plan
    ) -> None:
        super().__init__(state, fingerprint, module_id)
        self._plan = plan

    def try_once(
        self, item_id: int, account: Account, password: Secret, cloud: NextcloudAPIClient
    ) -> bool:
        """Whether the account would be taken over, as far as that is known without a try."""
        login = account.login
        name = self._fingerprint("\0".join((str(item_id), fold(login), password.reveal())))
        before = self._noted(item_id)
        if before is not None and before.name == name:
            return False
        if login not in self._plan.assumed:
            self._plan.assumed.append(login)
        return True
