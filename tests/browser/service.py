"""What staff and clients see alike: the list of services, and the pages of the plugin."""

from typing import Any, Dict, List

from tests.browser.forms import error_words, read_form
from tests.browser.panel import Answer, Request, Shown, to
from tests.doubles.billmanager import ACTIVE, DELETED

LIST = "backupservice"
PAGE, PASSWORD = "pmnextcloud.page", "pmnextcloud.password"


def rows(request: Request) -> List[Dict[str, Any]]:
    """The services that somebody sees in his list."""
    return request.stand.sql(
        "SELECT i.id, i.status, a.name AS client, p.name AS tariff FROM item i"
        " JOIN account a ON a.id = i.account JOIN pricelist p ON p.id = i.pricelist"
        " WHERE i.parent IS NULL AND p.itemtype = %s AND i.account = IFNULL(%s, i.account)"
        " ORDER BY i.id",
        request.panel.itemtype,
        request.who.account,
    )


def services(request: Request) -> Answer:
    """The list of services, with the buttons that the plugin adds to it."""
    plugins, level = request.panel.plugins, request.who.level
    words = plugins.labels(LIST, request.language)
    buttons = [
        {
            "func": one.function,
            "label": words.get(f"short_{one.name}", one.name),
            "hint": words.get(f"hint_{one.name}", ""),
        }
        for one in plugins.buttons(LIST, level)
    ]
    shown = {"rows": rows(request), "buttons": buttons, "is_active": ACTIVE, "is_closed": DELETED}
    return Shown("services.html", request.say("services"), shown)


def page(request: Request) -> Answer:
    """The page of a service; its button asks for fresh figures."""
    more = {"clicked_button": "fresh", "sok": "ok"} if request.params.get("fresh") else {}
    return _called(request, PAGE, more)


def password(request: Request) -> Answer:
    """The form for a new password."""
    if not request.is_sent:
        return _called(request, PASSWORD, {})
    names = ("password", "again", "ticket")
    given = {name: request.params.get(name, "") for name in names}
    run = request.stand.visit(
        PASSWORD, request.visitor, request.params.get("elid", ""), **{**given, "sok": "ok"}
    )
    if run.xml.find("ok") is not None:
        return to(LIST, told="done")
    return _called(request, PASSWORD, {}, _words(request, run.error))


def _called(request: Request, function: str, more: Dict[str, str], error: str = "") -> Answer:
    """What the handler of the plugin answers, drawn; its refusal stands above nothing."""
    if not request.params.get("elid"):
        return to(LIST, told="choose_one")
    plugins = request.panel.plugins
    run = request.stand.visit(function, request.visitor, request.params["elid"], **more)
    texts = plugins.labels(function, request.language)
    title = texts.get("title", function)
    if run.error is not None:
        shown = {"form": None, "elid": request.params["elid"], "name": ""}
        return Shown("service.html", title, shown, error or _words(request, run.error))
    described = run.xml.find("metadata/form")
    assert described is not None, run
    form = read_form(described, texts, run.xml)
    shown = {"form": form, "elid": request.params["elid"], "name": run.xml.findtext("name") or ""}
    return Shown("service.html", title, shown, error)


def _words(request: Request, error: Any) -> str:
    assert error is not None
    return error_words(request.panel.plugins, error, request.language)
