"""What is written of each payment: its order numbers, what was begun, what came and was not booked.

A file of JSON for each payment, replaced whole under the lock of the payment; written to the disk
before what it announces is done. It is a record and no memory: nothing else has it.
"""

import json
import os
from contextlib import suppress
from typing import Any, Dict, List, Optional

from utils.base import errors
from utils.host import files, root
from utils.host.locks import LockFile
from utils.host.root import Host

STRAYS = 0
"""Stands for the number of a payment where a notification names none that is there."""

MOST_KEPT = 100
"""What is kept of one payment. What staff was not told of never gives way: while there is so much
of it, what comes is answered so that it comes again."""

MOST_CHARACTERS = 1024**2
"""Longest file that is read. The hundred notifications and two hundred orders that one may hold
take a tenth of it."""

_NEEDED = {
    "orders": ("at", "test"),
    "kept": ("why", "at"),
    "intent": ("transaction", "order", "at", "answered"),
    "paid": ("transaction", "at"),
    "returned": ("order", "transaction", "at"),
}
"""What each record in a file has at least."""

_PAYMENTS, _PENDING, _USED, _CLAIMS = "payments", "pending", "transactions", "claims"

LEFT_S = 60 * 60
"""So old is no file of a claim that is being made: a request has half a minute."""


class Entry:
    """What is written of one payment.

    `orders` are its order numbers with the moment of each and whether the sandbox got it; `intent`
    is the transaction that is being booked, since when, and whether the core has answered; `paid`
    the one that was seen as booked; `kept` what came and was not booked; `returned` the transaction
    with which the browser came back; `told_at` when staff was told that nothing came.
    """

    def __init__(self, payment_id: int, data: Optional[Dict[str, Any]] = None) -> None:
        data = data or {}
        self.payment_id = payment_id
        self.orders: Dict[str, Dict[str, Any]] = data.get("orders", {})
        self.intent: Optional[Dict[str, Any]] = data.get("intent")
        self.paid: Optional[Dict[str, Any]] = data.get("paid")
        self.kept: List[Dict[str, Any]] = data.get("kept", [])
        self.returned: Optional[Dict[str, Any]] = data.get("returned")
        self.told_at: Optional[float] = data.get("told_at")

    @property
    def is_pending(self) -> bool:
        """Whether somebody has to come back to it: a booking without end, or staff is not told."""
        return self.intent is not None or any(not one.get("told") for one in self.kept)

    @property
    def is_full(self) -> bool:
        """Whether staff has to be told before more can be kept."""
        return sum(not one.get("told") for one in self.kept) >= MOST_KEPT

    def keep(self, **what: Any) -> bool:
        """Keeps what came; tells whether it is new, by all of it but the moment.

        Only what staff was told of gives way to it.
        """
        for one in self.kept:
            if all(one.get(name) == value for name, value in what.items() if name != "at"):
                return False
        told = next((one for one in self.kept if one.get("told")), None)
        if len(self.kept) >= MOST_KEPT and told is not None:
            self.kept.remove(told)
        self.kept.append({**what, "told": False})
        return True

    def drop(self, why: str, transaction: str) -> bool:
        """Lets go of a transaction that was kept for that reason; tells whether there was one."""
        before = len(self.kept)
        self.kept = [
            one for one in self.kept if (one["why"], one.get("transaction")) != (why, transaction)
        ]
        return len(self.kept) < before

    def as_data(self) -> Dict[str, Any]:
        """What is written."""
        return {
            name: getattr(self, name)
            for name in ("orders", "intent", "paid", "kept", "returned", "told_at")
            if getattr(self, name)
        }


class Ledger:
    """The files under var/pmwebpay. Every method may raise StateUnwritable."""

    def __init__(self, host: Host) -> None:
        self.folder = host.path(root.LEDGER)

    def lock(self, payment_id: int, wait_s: float) -> LockFile:
        """The lock of a payment, held until it is closed or the process ends. Raises Busy."""
        return self._hold("payments.lock", [payment_id], wait_s)

    def turn(self, turns: int, wait_s: float) -> LockFile:
        """One of so many turns at BILLmanager. Raises Busy."""
        return self._hold("turns.lock", range(turns), wait_s)

    def only(self, wait_s: float = 0.0) -> LockFile:
        """The lock of whoever goes over all payments. Raises Busy."""
        return self._hold("check.lock", [0], wait_s)

    def _hold(self, name: str, numbers: Any, wait_s: float) -> LockFile:
        lock = LockFile(os.path.join(self.folder, name))
        if lock.take(numbers, wait_s) is None:
            lock.close()
            raise errors.Busy(name)
        return lock

    def read(self, payment_id: int) -> Entry:
        """What is written of a payment. A file that cannot be read is StateUnwritable: whoever took
        it for empty would book a second time."""
        path = self._path(_PAYMENTS, payment_id)
        try:
            with open(path, encoding="utf-8") as file:
                data = json.loads(file.read(MOST_CHARACTERS))
        except FileNotFoundError:
            return Entry(payment_id)
        except (OSError, ValueError) as error:
            raise errors.StateUnwritable(f"{path}: {type(error).__name__}") from error
        if not _is_whole(data):
            raise errors.StateUnwritable(f"{path}: not in the form in which it is written")
        return Entry(payment_id, data)

    def write(self, entry: Entry) -> None:
        """Replaces what is written of a payment; it is on the disk when this returns.

        While somebody has to come back to it a mark of that lies in another folder.
        """
        mark = self._path(_PENDING, entry.payment_id)
        if entry.is_pending and not os.path.exists(mark):
            self._write(mark, b"")
        self._write(self._path(_PAYMENTS, entry.payment_id), json.dumps(entry.as_data()).encode())
        self.settle(entry)

    def settle(self, entry: Entry) -> None:
        """Takes away the mark of an entry to which nobody has to come back."""
        if not entry.is_pending:
            with suppress(FileNotFoundError):
                os.unlink(self._path(_PENDING, entry.payment_id))

    def pending(self) -> List[int]:
        """The payments to which somebody has to come back, the one first that waits longest.

        Who goes after one says so by `visit`, so that none keeps the others from their turn.
        """
        found = []
        for number in self._numbers(_PENDING):
            with suppress(FileNotFoundError):
                found.append((os.stat(self._path(_PENDING, number)).st_mtime, number))
        return [number for _, number in sorted(found)]

    def visit(self, payment_id: int, now: float) -> None:
        """Puts a payment behind the others that wait."""
        with suppress(OSError):  # then the order stays as it was
            os.utime(self._path(_PENDING, payment_id), (now, now))

    def claim(self, transaction: str, payment_id: int) -> int:
        """The payment that a transaction belongs to: the first one that has claimed it."""
        path = os.path.join(self.folder, _USED, transaction[-2:], transaction)
        beside = os.path.join(self.folder, _CLAIMS, str(os.getpid()))
        try:
            self._make(os.path.dirname(beside))
            self._make(os.path.dirname(path))
            files.create(beside, str(payment_id).encode())
            try:
                os.link(beside, path)
                files.sync_folder(os.path.dirname(path))
                return payment_id
            except FileExistsError:
                with open(path, encoding="ascii") as file:
                    return int(file.read())
            finally:
                os.unlink(beside)
        except OSError as error:
            raise _failure(path, error) from error
        except ValueError as error:
            raise errors.StateUnwritable(f"{path}: {type(error).__name__}") from error

    def sweep(self, now: float) -> None:
        """Takes away what killed processes have left of their claims. Raises StateUnwritable."""
        folder = os.path.join(self.folder, _CLAIMS)
        try:
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                path = os.path.join(folder, name)
                with suppress(FileNotFoundError):
                    if now - os.stat(path).st_mtime > LEFT_S:
                        os.unlink(path)
        except OSError as error:
            raise _failure(folder, error) from error

    def last_seen(self) -> Optional[float]:
        """When a notification with a true signature came last; None where none has."""
        try:
            return os.stat(os.path.join(self.folder, "seen")).st_mtime
        except OSError:
            return None

    def see(self) -> None:
        """Notes that a notification with a true signature has come now."""
        path = os.path.join(self.folder, "seen")
        with suppress(OSError):  # only the doctor looks at it
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            os.utime(path)

    def _numbers(self, folder: str) -> List[int]:
        try:
            names = os.listdir(os.path.join(self.folder, folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _failure(folder, error) from error
        return sorted(int(name[:-5]) for name in names if name[:-5].isdigit())

    def _path(self, folder: str, payment_id: int) -> str:
        return os.path.join(self.folder, folder, f"{payment_id}.json")

    def _make(self, folder: str) -> None:
        """Makes a folder and those above it up to ours, for this user alone. Raises OSError."""
        if not os.path.isdir(folder):
            if folder != self.folder:
                self._make(os.path.dirname(folder))
            os.makedirs(folder, mode=0o700, exist_ok=True)
            files.sync_folder(os.path.dirname(folder))

    def _write(self, path: str, data: bytes) -> None:
        """Replaces a file whole, under the lock of its payment."""
        try:
            self._make(os.path.dirname(path))
            files.replace(path, data, f"{path}.new")
        except OSError as error:
            raise _failure(path, error) from error


def _is_whole(data: Any) -> bool:
    """Whether the content of a file has the form of an entry."""
    if not isinstance(data, dict) or not isinstance(data.get("told_at", 0), (int, float)):
        return False
    orders, kept = data.get("orders", {}), data.get("kept", [])
    if not isinstance(orders, dict) or not isinstance(kept, list):
        return False
    records = [("orders", one) for one in orders.values()] + [("kept", one) for one in kept]
    records += [(name, data[name]) for name in ("intent", "paid", "returned") if name in data]
    return all(
        isinstance(one, dict)
        and set(_NEEDED[name]) <= set(one)
        and isinstance(one["at"], (int, float))
        and isinstance(one.get("asked_at", 0), (int, float))
        for name, one in records
    )


def _failure(path: str, error: OSError) -> errors.StateUnwritable:
    return errors.StateUnwritable(f"{path}: {error.strerror}")
