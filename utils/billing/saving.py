"""Saves parameters on a service, in whichever form BILLmanager's core reads.

The core's function takes a parameter as `<name>=<value>`, as BILLmanager's library for Python
sends it, or as `name=<name> value=<value>`, as that for C++ does. Which core reads which is nowhere
documented: what is saved tells (docs/en/protocol.md, "Saved parameters").
"""

from typing import Dict, List, Mapping, NamedTuple, Sequence

from utils.base import errors
from utils.base.logs import Logger
from utils.base.secret import Secret
from utils.billing.doors import CRYPTED, Doors
from utils.billing.mgrctl import Unseen
from utils.billing.needs import FUNCTIONS
from utils.host.state import SAVE_FORM

PAIRS, NAMED = "pairs", "named"
"""The two forms. A core that does not read the first takes nothing from it; one that does not read
the second may take its words for parameters of the names STRAYS."""

STRAYS = ("name", "value")


class Attempt(NamedTuple):
    """What is left unsaved by a form, and what the core said against it."""

    unsaved: Dict[str, object]
    refusal: "errors.PmError"


class Saving:
    """Saves by the form that worked last, else by the other one.

    Every method may raise DatabaseUnavailable, CoreUnavailable, CoreRefused.
    """

    def __init__(self, doors: Doors, log: Logger) -> None:
        self._doors = doors
        self._log = log

    def save(self, item_id: int, values: Mapping[str, object]) -> None:
        """Saves the values, Secrets encrypted, and reads back that they are there.

        Values that are there already are left alone. Raises NotSaved.
        """
        unsaved = self._unsaved(item_id, values)
        if not unsaved:
            return
        known = self._doors.state.read(SAVE_FORM)
        for form in self._forms(item_id, known):
            unsaved, refusal = self._try(item_id, form, unsaved)
            if not unsaved:
                self._remember(form, known)
                return
        raise refusal

    def _forms(self, item_id: int, known: object) -> List[str]:
        """The forms in the order in which they are tried.

        A service that has parameters of those names itself is spared the second form, even where
        it is known to work: another core may be there by now.
        """
        if known == NAMED and not self._stored(item_id, STRAYS):
            return [NAMED, PAIRS]
        return [PAIRS, NAMED]

    def _try(self, item_id: int, form: str, values: Mapping[str, object]) -> Attempt:
        """Saves by one form, and takes away what it may have left beside."""
        refusal: errors.PmError = errors.NotSaved(", ".join(values))
        strays = self._stored(item_id, STRAYS) if form == NAMED else {}
        try:
            for name, value in values.items():
                self._save_one(item_id, form, name, value)
        except errors.CoreRefused as error:
            refusal = error
        if form == NAMED:
            self._tidy(item_id, strays)
        return Attempt(self._unsaved(item_id, values), refusal)

    def _save_one(self, item_id: int, form: str, name: str, value: object) -> None:
        """Saves one value. What is no secret is a login or an address, which are not for all."""
        is_secret = isinstance(value, Secret)
        sent = value if is_secret else Unseen(value)
        pair = {name: sent} if form == PAIRS else {"name": name, "value": sent}
        crypted = "on" if is_secret else "off"
        params: Dict[str, object] = {"sok": "ok", "elid": item_id, **pair, "crypted": crypted}
        self._doors.core.call(FUNCTIONS.save_param, **params)

    def _tidy(self, item_id: int, before: Mapping[str, str]) -> None:
        """Drops the parameters that this call has left, and puts back those that it overwrote."""
        after = self._stored(item_id, STRAYS)
        for name in STRAYS:
            keys = (name, CRYPTED + name)
            was = {key: before[key] for key in keys if key in before}
            if was == {key: after[key] for key in keys if key in after}:
                continue
            self._log.warning("service %d: the core took %s for a parameter", item_id, name)
            if was:
                self._put_back(item_id, name, was)
            else:
                self._doors.core.call(FUNCTIONS.drop_param, sok="ok", elid=item_id, name=name)

    def _put_back(self, item_id: int, name: str, was: Mapping[str, str]) -> None:
        secret = self._doors.secret(was, name)
        value: object = secret if CRYPTED + name in was else was[name]
        self._save_one(item_id, PAIRS, name, value)

    def _remember(self, form: str, known: object) -> None:
        """Keeps the form for the next run; without memory that run finds it again."""
        if form == known:
            return
        try:
            self._doors.state.write(SAVE_FORM, form)
        except errors.StateUnwritable as error:
            self._log.warning("%s", error)

    def _unsaved(self, item_id: int, values: Mapping[str, object]) -> Dict[str, object]:
        """Those of the values that are not on the service as they are to be."""
        stored = self._stored(item_id, [*values])
        unsaved = {}
        for name, value in values.items():
            if isinstance(value, Secret):
                crypted = stored.get(CRYPTED + name, "")
                there = bool(crypted) and self._decrypts_to(crypted, value)
            else:
                there = stored.get(name) == str(value)
            if not there:
                unsaved[name] = value
        return unsaved

    def _decrypts_to(self, crypted: str, value: Secret) -> bool:
        try:
            return self._doors.key.decrypt(crypted) == value
        except errors.SecretBroken:
            return False

    def _stored(self, item_id: int, names: Sequence[str]) -> Dict[str, str]:
        """What both tables of parameters have; encrypted values under `crypted:<name>`."""
        return self._doors.db.params([item_id], names).get(item_id, {})
