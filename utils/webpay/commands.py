"""What BILLmanager asks of a payment module by `--command` (docs/en/payments.md, "Commands")."""

from typing import Callable, Dict

from utils.base import errors
from utils.webpay import method
from utils.webpay.checkout import PAY_SCRIPT, PLACE
from utils.webpay.desk import Desk, place_of

FEATURES = ("redirect", "notneedprofile", "pmvalidate", "checkpay")
"""What is announced. Money is given back by hand, so neither refunds nor anything repeated is."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def config(_desk: Desk, _form: bytes) -> bytes:
    """What the module can do; asked once after each start of BILLmanager."""
    features = "".join(f"<{name}>on</{name}>" for name in FEATURES)
    script = f"<payment_script>{PLACE}{PAY_SCRIPT}</payment_script>"
    return f"{_HEAD}<doc><feature>{features}</feature><param>{script}</param></doc>\n".encode()


def pmvalidate(desk: Desk, form: bytes) -> bytes:
    """Refuses a form that cannot work; gives it back with sealed secrets.

    Where BILLmanager does not take what is given back, the secrets stand in clear, which the doctor
    tells. Raises what is wrong, BadInput, DatabaseUnavailable.
    """
    from utils.base import xml

    try:
        document = xml.parse(form)
    except ValueError as error:
        raise errors.BadInput(str(error)) from error
    fields = {name: value.strip() for name, value in xml.fields(document).items()}
    number = (document.findtext("paymethod/currency") or "").strip()
    currency = (desk.billing.currency(number) if number.isdigit() else None) or ""
    method.check(fields, desk.sealer.unseal, currency, desk.settings.allow_plain_http)
    for name in method.SECRET_FIELDS:
        if fields.get(name):
            from utils.base.secret import Secret

            xml.set_field(document, name, desk.sealer.seal(Secret(fields[name])))
    return xml.to_bytes(document)


def checkpay(desk: Desk, _form: bytes) -> bytes:
    """Goes after what is not at its end; says nothing."""
    from utils.webpay import watch

    if not desk.host.does_nothing():
        watch.check(desk)
    return b""


COMMANDS: Dict[str, Callable[[Desk, bytes], bytes]] = {
    "config": config,
    "pmvalidate": pmvalidate,
    "checkpay": checkpay,
}


def run(desk: Desk, command: str, form: bytes) -> bytes:
    """What a command answers; an error is a document too, and the exit code stays 0."""
    try:
        if command not in COMMANDS:
            raise errors.UnknownCommand(command)
        return COMMANDS[command](desk, form)
    except errors.PmError as error:
        failure: errors.PmError = error
    except Exception as error:  # noqa: BLE001  BILLmanager must get a document
        failure = errors.Unexpected(f"{type(error).__name__} in {place_of(error)}")
    desk.log.error("failed: %s", failure)
    from utils.billing import reply

    return reply.error(failure).document
