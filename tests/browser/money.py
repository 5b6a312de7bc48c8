"""The payment methods that the administrator sets up, as far as the payment module has its part."""

from typing import Dict, Optional

from lxml import etree

from tests.browser.client import CURRENCY
from tests.browser.forms import read_form, sent
from tests.browser.panel import Answer, Request, Shown, to
from tests.browser.staff import listed, refusal

FORM = "paymethod.edit.webpay"


def methods(request: Request) -> Answer:
    """The list of payment methods."""
    found = request.stand.sql("SELECT id, name FROM paymethod ORDER BY id")
    rows = [{**row, "detail": CURRENCY} for row in found]
    return listed(request, "paymethod", rows, ("module_name", "method_currency", "no_methods"))


def method(request: Request) -> Answer:
    """The form of a payment method, which the payment module looks at before it is saved."""
    number = request.number()
    described = request.panel.plugins.form(FORM, request.who.level)
    assert described is not None
    given = dict(request.params) if request.is_sent else _stored(request, number)
    root = etree.Element("doc")
    for name, value in given.items():
        etree.SubElement(root, name).text = value
    form = read_form(described, request.panel.plugins.labels(FORM, request.language), root)
    error = ""
    if request.is_sent:
        values = sent(form, request.params)
        known = _stored(request, number)
        for field in form.fields:  # an empty secret stands for the stored one
            if field.kind == "password" and not values[field.name]:
                values[field.name] = known.get(field.name, "")
        run = request.stand.run_payment("pmvalidate", _document(request, values))
        error = refusal(request, run)
        if not error:
            _keep(request, number, {name: run.xml.findtext(name) or "" for name in values})
            return to("paymethod", told="method_saved")
    shown = {"form": form, "elid": number, "currency": CURRENCY}
    return Shown("method.html", request.say("method_title"), shown, error)


def _stored(request: Request, number: Optional[int]) -> Dict[str, str]:
    rows = request.stand.sql("SELECT xmlparams FROM paymethod WHERE id = %s", number)
    if not rows:
        return {}
    return {node.tag: node.text or "" for node in etree.fromstring(rows[0]["xmlparams"])}


def _document(request: Request, values: Dict[str, str]) -> bytes:
    """The form as BILLmanager hands it over: its own fields stand below an element."""
    root = etree.Element("doc")
    own = etree.SubElement(root, "paymethod")
    etree.SubElement(own, "currency").text = str(request.stand.payments.currency(CURRENCY))
    for name, value in values.items():
        etree.SubElement(root, name).text = value
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _keep(request: Request, number: Optional[int], values: Dict[str, str]) -> None:
    payments = request.stand.payments
    if number is None:
        request.panel.method = payments.add_method(currency=CURRENCY, **values)
    else:
        payments.edit_method(number, **values)
