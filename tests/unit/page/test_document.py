"""The document that BILLmanager draws, whether or not it has handed one over."""

from typing import Any, List, Optional

import pytest

from tests import ROOT
from tests.doubles.billmanager.plugins import allows
from tests.unit.page.given import asked
from utils.base import xml
from utils.consts import ITEM_TYPES, PAGE_FUNCTION, PASSWORD_FUNCTION
from utils.host import messages, root
from utils.page.asked import Asked
from utils.page.document import compose

VALUES = {"state": "Works", "login": "user_15 <&>", "space_bar": "<svg/>"}


def composed(
    document: Optional[bytes] = None,
    function: str = PAGE_FUNCTION,
    values: Any = VALUES,
    lists: Any = None,
) -> xml.Form:
    """The document for a call that has handed this one over."""
    given = None if document is None else xml.parse(document)
    call: Asked = asked(function=function, document=given)
    return xml.parse(compose(call, values, lists or {}).document)


def plugin() -> xml.Form:
    """The XML of the plugin."""
    return xml.parse((ROOT / "xml" / messages.PAGE).read_bytes())


def fields(document: xml.Form) -> List[str]:
    """The names of the fields that are described."""
    return [str(node.get("name")) for node in document.findall("metadata/form//field")]


HANDED = {
    "nothing": None,
    "no description": b"<doc><messages/></doc>",
    "of another kind": b'<doc><metadata type="list"/><messages name="m"/></doc>',
    "of another function": b'<doc func="other"><metadata type="form"><x/></metadata></doc>',
}


@pytest.mark.parametrize("handed", HANDED)
def test_without_a_description_the_own_one_comes_with_the_values(handed: str) -> None:
    document = composed(HANDED[handed])
    assert (document.get("func"), document.get("lang")) == (PAGE_FUNCTION, "en")
    assert fields(document) == ["state", "login", "space_bar"]
    assert len(document.findall("metadata")) == 1
    assert len(document.findall("messages")) == 1
    assert document.findtext("messages/msg[@name='state']") == "State"
    assert document.findtext("elid") == "1001"
    assert {name: document.findtext(name) for name in VALUES} == VALUES


FORM = b"""<doc lang="ru" func="pmnextcloud.page" user="401" level="16">
<metadata name="pmnextcloud.page" type="form"><form>
<field name="state"><textdata name="state" type="data"/></field>
<field name="free"><textdata name="free" type="data"/></field></form></metadata>
<messages name="pmnextcloud.page"><msg name="state">Sostoyanie</msg></messages>
<tparams><elid>99</elid><password>a-secret-77</password></tparams>
<elid>99</elid><state>forged</state><proof>forged</proof><list name="runs"><elem/></list></doc>"""


def test_a_description_that_was_handed_over_is_kept_and_a_visitors_words_are_not() -> None:
    document = composed(FORM)
    assert fields(document) == ["state"]
    assert document.findtext("messages/msg[@name='state']") == "Sostoyanie"
    assert (document.get("user"), document.get("lang")) == ("401", "en")
    assert [node.text for node in document.findall("state")] == ["Works"]
    assert [node.text for node in document.findall("elid")] == ["1001"]
    assert document.find("proof") is None
    assert document.find("list") is None
    assert b"a-secret-77" not in xml.to_bytes(document)


def test_the_form_of_staff_has_its_table() -> None:
    document = composed(lists={"runs": [{"at": "now", "command": "open", "ended": "done <&>"}]})
    assert "runs" in fields(document)
    [row] = document.findall("list[@name='runs']/elem")
    assert [node.text for node in row] == ["now", "open", "done <&>"]


def test_a_form_without_a_service_has_no_number() -> None:
    call = asked(item_id=None)
    assert xml.parse(compose(call, {}, {}).document).findtext("elid") == ""


def test_without_the_files_of_the_program_the_values_are_there_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages, "PAGE", "none.xml")
    document = composed()
    assert document.find("metadata") is None
    assert document.findtext("state") == "Works"


def test_the_form_for_a_password_keeps_its_empty_fields() -> None:
    values = {"login": "user_15", "password": "", "again": "", "ticket": "t", "note": "n"}
    document = composed(function=PASSWORD_FUNCTION, values=values)
    assert fields(document) == ["login", "password", "again", "note"]


# -- the plugin -----------------------------------------------------------------------------------


def test_the_plugin_serves_both_functions_by_the_handler_that_is_installed() -> None:
    [handler] = plugin().findall("handler")
    assert f"addon/{handler.get('name')}" == root.PAGE_HANDLER
    served = [node.get("name") for node in handler.findall("func")]
    assert served == [PAGE_FUNCTION, PASSWORD_FUNCTION]
    described = [node.get("name") for node in plugin().findall("metadata[@type='form']")]
    assert described == served


@pytest.mark.parametrize("item_type", ITEM_TYPES)
def test_each_type_of_product_has_both_buttons(item_type: str) -> None:
    buttons = plugin().findall(f"metadata[@name='{item_type}']/toolbar/toolgrp/toolbtn")
    assert [one.get("func") for one in buttons] == [PAGE_FUNCTION, PASSWORD_FUNCTION]
    labels = messages.read("en", item_type, messages.PAGE)
    assert {f"short_{one.get('name')}" for one in buttons} <= set(labels)


def test_fields_are_called_like_what_is_in_them() -> None:
    for field in plugin().findall("metadata/form//field"):
        assert field.get("name") in {node.get("name") for node in field}


@pytest.mark.parametrize("level", [0, 9, 16, 24, 29, 30])
def test_clients_may_call_the_functions_and_see_no_field_of_staffs(level: int) -> None:
    staffs = {"proof", "account", "groups", "last_login", "runs"}
    for function in (PAGE_FUNCTION, PASSWORD_FUNCTION):
        form = plugin().find(f"metadata[@name='{function}']")
        assert form is not None
        assert allows(form, level) is (level >= 16)
        for field in form.iter("field"):
            assert allows(field, level) is (level >= 29 or field.get("name") not in staffs)


def test_passwords_are_typed_unseen_and_no_value_of_them_is_given_back() -> None:
    inputs = plugin().findall(f"metadata[@name='{PASSWORD_FUNCTION}']//input")
    secret = {str(one.get("name")): one for one in inputs if one.get("type") == "password"}
    assert set(secret) == {"password", "again"}
    assert all(one.get("private") == "yes" for one in secret.values())
