"""Notifications by the hundred each second, through the real script: `make load`.

Each payment is notified until the answer is 200, some twice at once, some forged between them. In
the end every payment has to be credited exactly once, whatever the machine is busy with. What is
told beside is the machine's: its cores and what else ran, the rate at which notifications came and
at which they were taken, and where the processor's time went.
"""

import os
import random
import resource
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Dict, List, Tuple
from urllib.parse import urlencode

from tests.doubles.billmanager import Stand
from tests.doubles.billmanager.payments import IN_PAY
from utils.base.secret import Secret
from utils.host.root import Host
from utils.webpay import protocol
from utils.webpay.ledger import Ledger

SECRET = "made-up-secret-of-load"
AMOUNT = "21.90"
AT_ONCE = 48
"""So many requests are open at the same time, as a web server limits them; the others wait."""

PAUSE_S = 1.0
"""Between a notification that was not taken and its repeat."""

GIVE_UP_S = 3600
FIRST_TRANSACTION = 500_000_000
MEASURED = 10
"""Of one in so many the memory is watched."""

DOUBLED, FORGED = 20, 20
"""One in so many is sent twice at once, one in so many has a forged one beside it."""


@dataclass
class Found:
    """What was measured; `peaks_kib` by the second in which a receiver ended.

    `sent_s` is how long it took until all had come; the processor's time is that of the receivers
    with their mgrctl, and that of this process, which is the core and the sender.
    """

    waits_s: List[float] = field(default_factory=list)
    repeats: int = 0
    forged_taken: int = 0
    given_up: int = 0
    peaks_kib: List[Tuple[float, int]] = field(default_factory=list)
    open_at_once: int = 0
    sent_s: float = 0.0
    requests: int = 0
    receivers_cpu_s: float = 0.0
    stand_cpu_s: float = 0.0


class Load:
    """A minute of a busy shop."""

    def __init__(self, stand: Stand, rate: int, seconds: int) -> None:
        self.stand = stand
        self.rate = rate
        self.count = rate * seconds
        self.found = Found()
        self._lock = threading.Lock()
        self._open = 0
        self.client = stand.add_account(emails=["payer@example.com"])
        self.payments = self._make_payments()

    def _make_payments(self) -> List[Tuple[int, str]]:
        """Payments that wait, each with the order number that was written down for it."""
        stand = self.stand
        method = stand.payments.add_method(wp_store="1", wp_secret=SECRET)
        first = stand.payments.add_payment(self.client, method, AMOUNT, status=IN_PAY)
        row = dict(stand.payments.payment(first))
        names = [name for name in row if name != "id"]
        stand.database.insert_many(
            "payment", names, [[row[name] for name in names]] * (self.count - 1)
        )
        ids = [one["id"] for one in stand.sql("SELECT id FROM payment ORDER BY id")]
        ledger = Ledger(Host(str(stand.root)))
        made = []
        for payment in ids:
            order = protocol.order_number(payment, "LOAD")
            entry = ledger.read(payment)
            entry.orders[order] = {"at": int(time.time()), "test": False}
            ledger.write(entry)
            made.append((payment, order))
        return made

    def run(self) -> float:
        """Sends all of them at the rate; gives how long it took until the last one was taken."""
        began, cpu_s = time.monotonic(), _cpu_s()
        waiting: List[Future[None]] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number, (_payment, order) in enumerate(self.payments):
                due = began + number / self.rate
                time.sleep(max(due - time.monotonic(), 0))
                fields = self._fields(number, order)
                waiting.append(pool.submit(self._deliver, fields, due))
                if number % DOUBLED == 0:
                    waiting.append(pool.submit(self._deliver, fields, due))
                if number % FORGED == 0:
                    waiting.append(pool.submit(self._forge, fields))
            self.found.sent_s = time.monotonic() - began
            for one in waiting:
                one.result()
        self.found.stand_cpu_s, self.found.receivers_cpu_s = (
            now - before for now, before in zip(_cpu_s(), cpu_s)
        )
        return time.monotonic() - began

    @staticmethod
    def _fields(number: int, order: str) -> Dict[str, str]:
        fields = {
            "batch_timestamp": str(int(time.time())),
            "currency_id": "BYN",
            "amount": AMOUNT,
            "payment_method": "cc",
            "order_id": str(100_000_000 + number),
            "site_order_id": order,
            "transaction_id": str(FIRST_TRANSACTION + number),
            "payment_type": "1",
            "rrn": f"{number:012d}",
        }
        return {**fields, "wsb_signature": protocol.sign_notification(fields, Secret(SECRET))}

    def _deliver(self, fields: Dict[str, str], due: float) -> None:
        deadline = time.monotonic() + GIVE_UP_S
        while self._send(fields) != 200:
            with self._lock:
                self.found.repeats += 1
                if time.monotonic() > deadline:
                    self.found.given_up += 1
                    return
            time.sleep(PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311  no secret
        with self._lock:
            self.found.waits_s.append(time.monotonic() - due)

    def _forge(self, fields: Dict[str, str]) -> None:
        if self._send({**fields, "amount": "0.01"}) == 200:
            with self._lock:
                self.found.forged_taken += 1

    def _send(self, fields: Dict[str, str]) -> int:
        with self._lock:
            self._open += 1
            self.found.requests += 1
            self.found.open_at_once = max(self.found.open_at_once, self._open)
        try:
            is_measured = int(fields["transaction_id"]) % MEASURED == 0
            body = urlencode(fields).encode()
            answer = self.stand.cgi("webpayresult", body=body, measured=is_measured)
        finally:
            with self._lock:
                self._open -= 1
        if is_measured:
            with self._lock:
                self.found.peaks_kib.append((time.monotonic(), answer.peak_kib))
        return answer.status

    # -- what has come of it -------------------------------------------------------------------

    def faults(self) -> List[str]:
        """What must not be: lost, doubled, or forged money."""
        credited = self.stand.payments.credited()
        payments = [row["payment"] for row in credited]
        expected = f"{self.count * 2190 / 100:.2f}"
        balance = self.stand.payments.balance(self.client)
        checks = {
            f"lost: {self.count - len(set(payments))}": len(set(payments)) != self.count,
            f"doubled: {len(payments) - len(set(payments))}": len(payments) != len(set(payments)),
            f"the client has {balance}, not {expected}": balance != expected,
            f"forged ones taken: {self.found.forged_taken}": self.found.forged_taken > 0,
            f"never taken: {self.found.given_up}": self.found.given_up > 0,
            "the memory of a receiver has grown": self._grows(),
            "something is left to be done": bool(Ledger(Host(str(self.stand.root))).pending()),
        }
        return [name for name, is_wrong in checks.items() if is_wrong]

    def _grows(self) -> bool:
        """Whether receivers of the last tenth took more memory than those of the first."""
        peaks = [kib for _, kib in sorted(self.found.peaks_kib)]
        tenth = max(len(peaks) // 10, 1)
        return max(peaks[-tenth:]) > 1.1 * max(peaks[:tenth])


def _cpu_s() -> Tuple[float, float]:
    """The processor's time of this process, and of those that it has started and waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    itself, others = (one.ru_utime + one.ru_stime for one in both)
    return itself, others


def main(words: List[str]) -> int:
    """Runs it; 0 where nothing was lost, doubled or grown."""
    rate, seconds = (int(word) for word in (words or ["200", "60"]))
    cores = len(os.sched_getaffinity(0))
    with Stand() as stand:
        load = Load(stand, rate, seconds)
        print(f"{load.count} payments, {rate} notifications a second for {seconds} s")
        print(f"cores: {cores}, busy with other things: {os.getloadavg()[0]:.1f}", flush=True)
        took_s = load.run()
        found, faults = load.found, load.faults()
    parts = quantiles(found.waits_s, n=100)
    print(f"all had come after {found.sent_s:.1f} s: {load.count / found.sent_s:.0f} a second")
    print(f"all taken after {took_s:.1f} s: {load.count / took_s:.0f} payments a second")
    print(f"wait of a notification: half {parts[49]:.2f} s, 99 of 100 {parts[98]:.2f} s")
    print(
        f"processor for each of {found.requests} requests: receiver with mgrctl"
        f" {1000 * found.receivers_cpu_s / found.requests:.0f} ms, the stand's core and the sender"
        f" {1000 * found.stand_cpu_s / found.requests:.0f} ms"
    )
    print(f"repeated: {found.repeats}, open at once: {found.open_at_once}")
    print(f"memory of a receiver: {max(kib for _, kib in found.peaks_kib) / 1024:.1f} MiB at most")
    print("\n".join(faults) or "Every payment was credited exactly once.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
