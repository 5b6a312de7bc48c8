"""The record of accounts whose service is over: what waits, until when, and what was deleted.

It is the one proof by which files of people are deleted later, so each text of it is sealed with
BILLmanager's key over all that it says, and its own name. What is not sealed by this installation
is damaged: it is told, and nothing is done by it.
"""

import hmac
import json
from datetime import date, timedelta
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from utils.base import address, logins
from utils.host.ledger import Ledger

WAITING, DELETING, DELETED, RETURNED = "waiting", "deleting", "deleted", "returned"
"""What an account is: it waits for its day, its deletion was begun, it is gone, or it belongs to a
service again. The last two end the record."""

OPEN = (WAITING, DELETING)

CLOSED_SERVICE, REPLACED = "close", "replaced"
"""Why an account waits: its service is over, or has taken another account up."""

STAFF = "staff"
"""Who holds an account where people do; else it is the code of what was found of it."""

_VERSION = 1
_DAYS = ("closed_on", "until", "began_on", "ended_on")


class Hold(NamedTuple):
    """Nothing is deleted from the day `since` on, until the end of the day `until`, or without end.

    `by` is STAFF, or what a run has found of the account.
    """

    by: str
    why: str
    since: date
    until: Optional[date] = None


class Ending(NamedTuple):
    """The end of one account of one service.

    `number` tells several endings of one service apart. `server` is the digest of the cloud's
    address. `used_bytes`, `last_login` and `groups` are what the cloud told when it ended; None is
    what it did not tell. `command` is what deleted it, `seen` how that was seen, and `to_item` the
    service that has it now.
    """

    item_id: int
    number: int
    module_id: int
    login: str
    server: str
    account_id: int
    tariff_id: int
    closed_on: date
    until: date
    keep_days: int
    state: str = WAITING
    why: str = CLOSED_SERVICE
    used_bytes: Optional[int] = None
    last_login: Optional[int] = None
    groups: Tuple[str, ...] = ()
    hold: Optional[Hold] = None
    began_on: Optional[date] = None
    ended_on: Optional[date] = None
    command: str = ""
    seen: Tuple[str, ...] = ()
    to_item: Optional[int] = None

    @property
    def name(self) -> str:
        """The name of its text."""
        return f"{self.item_id}-{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether the account is still to be deleted, or given to a service."""
        return self.state in OPEN

    def is_at(self, addresses: Iterable[str]) -> bool:
        """Whether the account is on the server that has, or had, one of these addresses."""
        return any(self.server in address.digests(one) for one in addresses)

    def is_of_same(self, other: "Ending") -> bool:
        """Whether both are of one account, which another service may have had before."""
        is_same_place = self.module_id == other.module_id or self.server == other.server
        return is_same_place and logins.same(self.login, other.login)

    @property
    def is_held_by_staff(self) -> bool:
        """Whether people hold it, be it over by now or not."""
        return self.hold is not None and self.hold.by == STAFF

    def is_held(self, today: date) -> bool:
        """Whether somebody keeps it from deletion on that day."""
        hold = self.hold
        return hold is not None and (hold.until is None or today <= hold.until)

    def is_due(self, today: date) -> bool:
        """Whether its waiting time is over on that day, as far as the record tells.

        A day before that of the record is a clock that is wrong: nothing is due then.
        """
        if self.state == DELETING:
            return not self.is_held(today)
        is_over = self.closed_on <= self.until <= today
        return self.state == WAITING and is_over and not self.is_held(today)

    def held(self, hold: Hold) -> "Ending":
        """The same, kept."""
        return self._replace(hold=hold)

    def released(self, today: date) -> "Ending":
        """The same without a hold: it waits its whole time from that day on."""
        until = today + timedelta(days=self.keep_days)
        return self._replace(state=WAITING, hold=None, until=max(until, self.until), began_on=None)

    def begun(self, today: date) -> "Ending":
        """The same once its deletion is decided."""
        return self._replace(state=DELETING, began_on=self.began_on or today)

    def deleted(self, today: date, command: str, seen: Tuple[str, ...]) -> "Ending":
        """The same once it was seen to be gone."""
        return self._replace(state=DELETED, ended_on=today, command=command, seen=seen)

    def returned(self, today: date, to_item: int) -> "Ending":
        """The same once a service has the account."""
        return self._replace(state=RETURNED, ended_on=today, to_item=to_item, hold=None)


Seal = Callable[[str], str]
"""Makes the seal of a text (utils.billing.billmanager, fingerprint)."""


class Endings:
    """The endings of this installation; whoever writes one holds the lock of its service.

    Those that are open lie in a ledger of their own: they are few, and read each night. The others
    have one for each year, by the day on which they ended. One that is found in both was just put
    there by a run that was killed. `open_ledger` opens a ledger below a folder; "" is the folder.
    Every method may raise StateUnwritable and, where a text is there, KeyUnavailable.
    """

    def __init__(self, open_ledger: Callable[[str], Ledger], seal: Seal) -> None:
        self._open_ledger = open_ledger
        self._ledger = open_ledger("")
        self._years: Dict[str, Ledger] = {}
        self._names: Optional[Dict[int, List[str]]] = None
        self._seal = seal

    def all_open(self) -> List[Ending]:
        """All that are open and whole, in order of their services."""
        found = (self.read(name) for name in self._ledger.names())
        return sorted(one for one in found if one is not None and one.is_open)

    def past(self, until_year: int = date.max.year) -> List[Ending]:
        """All that were over by the end of that year, and are whole, in order of their services."""
        years = (self._past(one) for one in self._known_years() if int(one) <= until_year)
        texts = ((name, one.read(name)) for one in years for name in one.names())
        found = (from_text(name, text, self._seal) for name, text in texts if text is not None)
        return sorted(one for one in found if one is not None)

    def damaged(self) -> List[str]:
        """The names of texts among the open ones that this installation has not sealed so."""
        return [name for name in self._ledger.names() if self.read(name) is None]

    def read(self, name: str) -> Optional[Ending]:
        """The ending of that name; None where it is gone or damaged."""
        for _ in range(
            2
        ):  # what is put by meanwhile is missed in the past, and then gone from here
            for ledger in self._ledgers():
                text = ledger.read(name)
                ending = from_text(name, text, self._seal) if text is not None else None
                if ending is not None:
                    return ending
        return None

    def open_of(self, item_id: int) -> List[Ending]:
        """What is open of a service's accounts."""
        names = (name for name in self._ledger.names() if name.startswith(f"{item_id}-"))
        found = (self.read(name) for name in names)
        return sorted(one for one in found if one is not None and one.is_open)

    def rivals(self, ending: Ending) -> List[Ending]:
        """What is open of the same account by other services."""
        found = (one for one in self.all_open() if one.item_id != ending.item_id)
        return [one for one in found if one.is_of_same(ending)]

    def has_given(self, item_id: int, login: str) -> bool:
        """Whether another service got the account of a service, and has not given it back.

        What was given there and back on one day is taken for given back.
        """
        ours = map(self.read, self._past_names().get(item_id, ()))
        given = [one.ended_on for one in ours if one is not None and _gives(one, item_id, login)]
        if not given:
            return False
        back = [one.ended_on for one in self.past() if _gives_back(one, item_id, login)]
        return not back or max(filter(None, back)) < max(filter(None, given))

    def next_number(self, item_id: int) -> int:
        """A number that no ending of the service has, a damaged one neither."""
        number = 1
        while any(one.has(f"{item_id}-{number}") for one in self._ledgers()):
            number += 1
        return number

    def save(self, ending: Ending) -> None:
        """Writes it in the place of what stands there, and has it on the disk."""
        text = to_text(ending, self._seal)
        if ending.ended_on is None:
            self._ledger.write(ending.name, text)
        else:
            self._past(str(ending.ended_on.year)).write(ending.name, text)
            self._names = None
            self._ledger.remove(ending.name)

    def forget(self, ending: Ending) -> None:
        """Removes one that is over."""
        if ending.ended_on is not None:
            self._past(str(ending.ended_on.year)).remove(ending.name)

    def _ledgers(self) -> List[Ledger]:
        """Where an ending may stand: what is over counts before what is open."""
        return [*map(self._past, self._known_years()), self._ledger]

    def _past_names(self) -> Dict[int, List[str]]:
        """The names of what is over, by service; the folders are listed once in a run."""
        if self._names is None:
            self._names = {}
            for year in self._known_years():
                for name in self._past(year).names():
                    number = name.partition("-")[0]
                    if number.isascii() and number.isdigit():
                        self._names.setdefault(int(number), []).append(name)
        return self._names

    def _known_years(self) -> List[str]:
        return sorted({*self._ledger.folders(), *self._years})

    def _past(self, year: str) -> Ledger:
        if year not in self._years:
            self._years[year] = self._open_ledger(year)
        return self._years[year]


def _gives(ending: Ending, item_id: int, login: str) -> bool:
    is_other = ending.state == RETURNED and ending.to_item != item_id
    return is_other and logins.same(ending.login, login)


def _gives_back(ending: Ending, item_id: int, login: str) -> bool:
    is_back = ending.state == RETURNED and ending.to_item == item_id
    return is_back and ending.item_id != item_id and logins.same(ending.login, login)


# -- as a text ------------------------------------------------------------------------------------


def to_text(ending: Ending, seal: Seal) -> str:
    """The ending as JSON, with its seal."""
    said = _said(ending)
    return json.dumps({**said, "seal": seal(_canonical(said))}, indent=1)


def _said(ending: Ending) -> Dict[str, Any]:
    said = ending._asdict()
    for name in _DAYS:
        said[name] = said[name].isoformat() if said[name] is not None else None
    if ending.hold is not None:
        until = ending.hold.until
        said["hold"] = {
            **ending.hold._asdict(),
            "since": ending.hold.since.isoformat(),
            "until": until.isoformat() if until is not None else None,
        }
    return {"version": _VERSION, **said}


def _canonical(said: Dict[str, Any]) -> str:
    return "ending\0" + json.dumps(said, sort_keys=True, separators=(",", ":"))


def from_text(name: str, text: str, seal: Seal) -> Optional[Ending]:
    """The ending in a text of that name, or None where it is none that this installation wrote."""
    try:
        said = json.loads(text)
        proof = said.pop("seal")
        canonical = _canonical(said)
        is_whole = isinstance(proof, str) and said.pop("version") == _VERSION
        if not is_whole or not hmac.compare_digest(proof.encode(), seal(canonical).encode()):
            return None
        ending = _read(said)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return ending if ending.name == name else None


def _read(said: Dict[str, Any]) -> Ending:
    """The ending that a sealed text tells."""
    for day in _DAYS:
        said[day] = date.fromisoformat(said[day]) if said[day] is not None else None
    hold = said["hold"]
    if hold is not None:
        until = hold["until"]
        said["hold"] = Hold(
            hold["by"],
            hold["why"],
            date.fromisoformat(hold["since"]),
            date.fromisoformat(until) if until is not None else None,
        )
    for words in ("groups", "seen"):
        said[words] = tuple(said[words])
    return Ending(**said)
