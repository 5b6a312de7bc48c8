"""The payments of a stand: ways to pay, payments, sessions of clients, and the core's calls for it.

Statuses: docs/en/payments.md, "Statuses". What nobody has seen is decided the harsh way: a second
`payment.setpaid` credits again, and a method's settings stand in clear in every answer.
"""

import datetime
import secrets
from typing import Any, Callable, Dict, List, Mapping, Optional
from xml.etree import ElementTree

from .answers import Refused, document
from .business import ORDERED, PROCESSING, Business
from .database import Row

NEW, IN_PAY, PLEDGED, PAID, AWAITING_RETURN = 1, 2, 3, 4, 5
RETURNED, FRAUD, STARTED, CANCELLED, DELETING = 6, 7, 8, 9, 100
STATUSES = (
    *(NEW, IN_PAY, PLEDGED, PAID, AWAITING_RETURN, RETURNED, FRAUD, STARTED, CANCELLED, DELETING),
)

WEBPAY_MODULE = "pmwebpay"
MANAGER_URL = "https://billing.example.com/billmgr"

Arguments = Dict[str, str]
Answer = ElementTree.Element


class Payments:
    """What staff and clients do with money, on a stand's billing data."""

    def __init__(self, business: Business) -> None:
        self.business = business
        self.sessions: Dict[str, int] = {}
        self.loses_bookings = False
        """Whether payment.setpaid says that it is done, and does nothing."""

    # -- setting up ----------------------------------------------------------------------------

    def currency(self, iso: str) -> int:
        """The number of a currency."""
        return int(self.business.sql("SELECT id FROM currency WHERE iso = %s", iso)[0]["id"])

    def add_method(
        self,
        name: str = "WEBPAY",
        *,
        module: str = WEBPAY_MODULE,
        currency: str = "BYN",
        active: bool = True,
        **fields: str,
    ) -> int:
        """A payment method whose form was saved with those fields."""
        return self.business.database.insert(
            "paymethod",
            name=name,
            module=module,
            active="on" if active else "off",
            currency=self.currency(currency),
            minamount="0.1000",
            maxamount="0.0000",
            orderpriority=1,
            xmlparams=_document(fields),
        )

    def edit_method(self, method: int, **fields: str) -> None:
        """Replaces some fields of a method's form."""
        row = self.business.sql("SELECT xmlparams FROM paymethod WHERE id = %s", method)[0]
        known = _known(row["xmlparams"])
        self.business.sql(
            "UPDATE paymethod SET xmlparams = %s WHERE id = %s",
            _document({**known, **fields}),
            method,
        )

    def add_subaccount(self, account: int, currency: str = "BYN") -> int:
        """Where a client's money is; an existing one of that currency is given back."""
        found = self.business.sql(
            "SELECT id FROM subaccount WHERE account = %s AND currency = %s",
            account,
            self.currency(currency),
        )
        if found:
            return int(found[0]["id"])
        return self.business.database.insert(
            "subaccount", account=account, currency=self.currency(currency)
        )

    def add_payment(
        self,
        account: int,
        method: int,
        amount: str,
        *,
        currency: str = "BYN",
        status: int = STARTED,
        manager_url: str = MANAGER_URL,
    ) -> int:
        """A payment as BILLmanager has it when the client is sent to the payment script."""
        user = self.business.sql("SELECT MIN(id) AS id FROM user WHERE account = %s", account)[0]
        payment = self.business.database.insert(
            "payment",
            subaccount=self.add_subaccount(account, currency),
            paymethod=method,
            currency=self.currency(currency),
            status=status,
            subaccountamount=amount,
            paymethodamount=amount,
            randomnumber=secrets.token_hex(6),
            xmlparams=_document(
                {
                    "remote_ip": "203.0.113.7",
                    "manager_url": manager_url,
                    "user_id": str(user["id"] or ""),
                }
            ),
        )
        self.business.sql("UPDATE payment SET number = %s WHERE id = %s", f"P/{payment}", payment)
        return payment

    def set_status(self, payment: int, status: int) -> None:
        """What staff does by hand."""
        self.business.sql("UPDATE payment SET status = %s WHERE id = %s", status, payment)

    def log_in(self, account: int) -> str:
        """A session of the first user of a client."""
        user = self.business.sql("SELECT MIN(id) AS id FROM user WHERE account = %s", account)[0]
        return self.log_in_as(int(user["id"]))

    def log_in_as(self, user: int) -> str:
        """A session of a user; nobody may see it on a command line."""
        session = secrets.token_hex(16)
        self.sessions[session] = user
        self.business.secrets.append(session)
        return session

    # -- looking -------------------------------------------------------------------------------

    def payment(self, payment: int) -> Row:
        """The row of a payment."""
        return self.business.sql("SELECT * FROM payment WHERE id = %s", payment)[0]

    def balance(self, account: int, currency: str = "BYN") -> str:
        """What a client has, with two digits."""
        row = self.business.sql(
            "SELECT balance FROM subaccount WHERE id = %s", self.add_subaccount(account, currency)
        )[0]
        return f"{row['balance']:.2f}"

    def credited(self, payment: Optional[int] = None) -> List[Row]:
        """Each time that money was credited, of a payment or of all."""
        return self.business.sql(
            "SELECT * FROM history_payment WHERE request_action = 'payment.setpaid'"
            " AND payment = IFNULL(%s, payment) ORDER BY id",
            payment,
        )

    # -- the core ------------------------------------------------------------------------------

    def functions(self) -> Dict[str, Callable[[Arguments], Answer]]:
        """The core's functions by name."""
        return {
            "payment.info": self._info,
            "payment.setinpay": self._mover("payment.setinpay", IN_PAY, (NEW, STARTED)),
            "payment.setpaid": self._set_paid,
            "payment.setcanceled": self._mover("payment.setcanceled", CANCELLED, STATUSES),
            "payment.setnopay": self._mover("payment.setnopay", NEW, STATUSES),
            "payment": self._list,
            "whoami": self._whoami,
        }

    def _info(self, args: Arguments) -> Answer:
        row = self._row(args)
        sql = self.business.sql
        method = sql("SELECT * FROM paymethod WHERE id = %s", row["paymethod"])[0]
        currency = sql("SELECT * FROM currency WHERE id = %s", row["currency"])[0]
        answer = document()
        node = ElementTree.SubElement(answer, "payment", id=str(row["id"]))
        for name in ("id", "subaccount", "paymethod", "recipient", "sender", "subaccountamount"):
            _leaf(node, name, row.get(name))
        _leaf(node, "status", row["status"])
        _leaf(node, "number", row["number"])
        _leaf(node, "paymethodamount", f"{row['paymethodamount']:.2f}")
        for name in ("paydate", "createdate", "currency", "externalid", "randomnumber"):
            _leaf(node, name, row[name])
        known = _known(row["xmlparams"])
        for name, value in known.items():
            _leaf(node, name, value)
        user = sql("SELECT * FROM user WHERE id = %s", known.get("user_id"))
        _leaf(node, "useremail", user[0]["email"] if user else "")
        _leaf(node, "userrealname", user[0]["realname"] if user else "")
        whole = ElementTree.SubElement(node, "paymethod")
        for name, value in method.items():
            if name != "xmlparams":
                _leaf(whole, name, value)
        for name, value in _known(method["xmlparams"]).items():
            _leaf(whole, name, value)
        letters = ElementTree.SubElement(node, "currency")
        for name, value in currency.items():
            _leaf(letters, name, value)
        return answer

    def _mover(
        self, function: str, status: int, taken_in: "tuple[int, ...]"
    ) -> Callable[[Arguments], Answer]:
        def run(args: Arguments) -> Answer:
            row = self._row(args)
            if row["status"] not in taken_in:
                raise Refused("value", "status", str(row["status"]))
            self._move(row, function, status, args)
            return self._done(args)

        return run

    def _set_paid(self, args: Arguments) -> Answer:
        row = self._row(args)
        if self.loses_bookings:
            return self._done(args)
        self._move(row, "payment.setpaid", PAID, args)
        self.business.sql(
            "UPDATE subaccount SET balance = balance + %s WHERE id = %s",
            row["subaccountamount"],
            row["subaccount"],
        )
        self.business.sql(
            "UPDATE payment SET paydate = %s WHERE id = %s", datetime.date.today(), row["id"]
        )
        self._open_what_is_paid_for(row["subaccount"])
        return self._done(args)

    def _open_what_is_paid_for(self, subaccount: int) -> None:
        """What was ordered and can be paid now is: BILLmanager starts to open it."""
        owner = self.business.sql("SELECT * FROM subaccount WHERE id = %s", subaccount)[0]
        orders = self.business.sql(
            "SELECT * FROM item WHERE account = %s AND status = %s AND parent IS NULL ORDER BY id",
            owner["account"],
            ORDERED,
        )
        left = owner["balance"]
        for item in orders:
            if item["cost"] is None or item["cost"] > left:
                continue
            left -= item["cost"]
            self.business.set_status(item["id"], PROCESSING)
            self.business.add_operation("open", item["id"])
        self.business.sql("UPDATE subaccount SET balance = %s WHERE id = %s", left, subaccount)

    def _move(self, row: Row, function: str, status: int, args: Arguments) -> None:
        self.business.sql(
            "UPDATE payment SET status = %s, externalid = IFNULL(%s, externalid),"
            " info = IFNULL(%s, info) WHERE id = %s",
            status,
            args.get("externalid"),
            args.get("info"),
            row["id"],
        )
        self.business.database.insert(
            "history_payment",
            payment=row["id"],
            status=row["status"],
            status_new=status,
            request_action=function,
            username="root",
        )

    @staticmethod
    def _done(args: Arguments) -> Answer:
        answer = document()
        ElementTree.SubElement(answer, "ok")
        params = ElementTree.SubElement(answer, "tparams")
        for name, value in args.items():
            _leaf(params, name, value)
        return answer

    def _whoami(self, args: Arguments) -> Answer:
        user = self._user(args)
        answer = document()
        ElementTree.SubElement(
            answer, "user", id=str(user["id"]), name=user["name"] or "", level="16", lang="ru"
        )
        return answer

    def _list(self, args: Arguments) -> Answer:
        """The payments that a client sees: his own, but those that were never begun."""
        user = self._user(args)
        rows = self.business.sql(
            "SELECT p.id, p.number, p.status FROM payment p JOIN subaccount s"
            " ON s.id = p.subaccount WHERE s.account = %s AND p.status <> %s"
            " AND p.id = IFNULL(%s, p.id) ORDER BY p.id",
            user["account"],
            STARTED,
            args.get("id"),
        )
        answer = document()
        for row in rows:
            node = ElementTree.SubElement(answer, "elem")
            for name, value in row.items():
                _leaf(node, name, value)
        return answer

    def _user(self, args: Arguments) -> Row:
        number = self.sessions.get(args.get("auth", ""))
        rows = self.business.sql("SELECT * FROM user WHERE id = %s", number)
        if not rows:
            raise Refused("auth", "session")
        return rows[0]

    def _row(self, args: Arguments) -> Row:
        number = args.get("elid", "")
        if not number.isdigit():
            raise Refused("value", "elid", number)
        rows = self.business.sql("SELECT * FROM payment WHERE id = %s FOR UPDATE", number)
        if not rows:
            raise Refused("missed", "payment", number)
        return rows[0]


def _leaf(parent: Answer, name: str, value: Any) -> None:
    ElementTree.SubElement(parent, name).text = "" if value is None else str(value)


def _document(fields: Mapping[str, str]) -> str:
    root = ElementTree.Element("doc")
    for name, value in fields.items():
        _leaf(root, name, value)
    return ElementTree.tostring(root, encoding="unicode")


def _known(text: str) -> Dict[str, str]:
    return {one.tag: one.text or "" for one in ElementTree.fromstring(text)}  # noqa: S314  our own
