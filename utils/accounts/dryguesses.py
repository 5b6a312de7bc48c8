"""Typed passwords in a dry run: none is tried, for each has one try, and that is noted."""

from typing import Callable

from utils.accounts.guesses import Guesses
from utils.base.intended import Plan
from utils.base.secret import Secret
from utils.host.state import State


class DryGuesses(Guesses):
    """Knows what was refused before, and takes every other password for the right one."""

    def __init__(
        self, state: State, fingerprint: Callable[[str], str], module_id: int, plan: Plan
    ) -> None:
        super().__init__(state, fingerprint, module_id)
        self._plan = plan

    def try_once(
        self, item_id: int, login: str, password: Secret, accepts: Callable[[str, Secret], bool]
    ) -> bool:
        """Whether the account would be taken over, as far as that is known without a try."""

        def assume(login: str, password: Secret) -> bool:
            if login not in self._plan.assumed:
                self._plan.assumed.append(login)
            return True

        return super().try_once(item_id, login, password, assume)
