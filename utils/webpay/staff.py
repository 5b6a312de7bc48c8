"""Tells staff what came and was not booked, and what never came: by tasks, each made once."""

from typing import Any, Dict, List, Sequence

from utils.host import messages
from utils.webpay.desk import Desk
from utils.webpay.intake import BEHIND, UNCLEAR, UNKNOWN_S
from utils.webpay.ledger import Entry

GROUP = "tasks.pmwebpay"
"""The messages of the tasks."""

BEHIND_S = 2 * UNKNOWN_S
"""By then a booking that was begun has ended, if it is not staff that has to end it."""

MOST_NAMED = 50
"""Payments that one task names; of the others it has the number."""


def due(entry: Entry, now: float, patience_s: float) -> List[Dict[str, Any]]:
    """What is kept, and is to be told by now.

    What WEBPAY can be asked about waits for `patience_s`, and what came behind another booking for
    the end of that.
    """
    waits_s = {UNCLEAR: patience_s, BEHIND: BEHIND_S}
    return [
        one
        for one in entry.kept
        if not one.get("told") and now - one["at"] >= waits_s.get(one["why"], 0)
    ]


def tell(desk: Desk, entry: Entry, patience_s: float = 0) -> None:
    """Makes a task of all that is kept and not told yet, when its time has come.

    Raises DatabaseUnavailable, CoreUnavailable, CoreRefused, StateUnwritable: then it is told
    later.
    """
    for one in due(entry, desk.now(), patience_s):
        if not make_task(desk, text_of(entry.payment_id, one)):
            return
        one["told"] = True
        desk.ledger.write(entry)


def make_task(desk: Desk, text: str) -> bool:
    """Whether staff has a task of that text; it has none where no department is known."""
    department = desk.billing.department()
    if department is None:
        desk.log.error("nobody is told: no processing module has a department")
        return False
    desk.billing.tasks.make(department, text)
    return True


def text_of(payment_id: int, kept: Dict[str, Any]) -> str:
    """What staff reads of something that is kept, in every language."""
    values = {
        "payment": payment_id or "-",
        "order": kept.get("order", "-"),
        "transaction": kept.get("transaction", "-"),
        "amount": f"{kept.get('amount', '-')} {kept.get('currency', '')}".strip(),
        "type": kept.get("type", "-"),
    }
    return _in_each_language(f"kept_{kept['why']}", values)


def text_of_silence(method_id: int, payment_ids: Sequence[int]) -> str:
    """What staff reads of payments of which WEBPAY has said nothing."""
    named = ", ".join(map(str, payment_ids[:MOST_NAMED]))
    more = len(payment_ids) - MOST_NAMED
    values = {"method": method_id, "payments": named + (f" (+{more})" if more > 0 else "")}
    return _in_each_language("silence", values)


def _in_each_language(name: str, values: Dict[str, object]) -> str:
    texts = []
    for language in messages.LANGUAGES:
        said = messages.read(language, GROUP, messages.PAYMENT_FORMS)
        text = said.get(name, name + " " + " ".join(f"__{one}__" for one in values))
        for one, value in values.items():
            text = text.replace(f"__{one}__", messages.shown(str(value)))
        texts.append(text)
    return "\n".join(texts)
