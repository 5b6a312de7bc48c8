"""What the administrator sees: modules, tariffs, operations, tasks."""

from typing import Any, Dict, List, Mapping, Tuple

from lxml import etree

from tests.browser.forms import Form, document, error_words, read_form, sent
from tests.browser.panel import Answer, Request, Shown, to
from tests.doubles.billmanager import PROCESSING, Addon, Run
from tests.doubles.billmanager.business import DEPARTMENT, MODULE

CONNECTION, TARIFF = f"processing.edit.{MODULE}", f"pricelist.{MODULE}"
MOST_GIB = 100_000
BEGUN = ("suspend", "resume", "setparam", "close", "sync_item")
"""What staff may begin for a service."""


def tuned(request: Request, name: str, run: Run) -> Form:
    """A form of the module, with what the module has made of its values."""
    described = request.panel.plugins.form(name, request.who.level)
    assert described is not None, name
    return read_form(described, request.panel.plugins.labels(name, request.language), run.xml)


def refusal(request: Request, run: Run) -> str:
    """What is shown of a run that failed, "" of another."""
    error = run.error
    return "" if error is None else error_words(request.panel.plugins, error, request.language)


# -- modules --------------------------------------------------------------------------------------


def modules(request: Request) -> Answer:
    """The list of processing modules."""
    rows = request.stand.sql("SELECT id, name FROM processingmodule ORDER BY id")
    shown = [
        {**row, "detail": request.stand.module_params(row["id"]).get("base_url", "")}
        for row in rows
    ]
    return listed(request, "processing", shown, ("module_name", "address", "no_modules"))


def listed(
    request: Request, name: str, rows: List[Dict[str, Any]], words: Tuple[str, str, str]
) -> Shown:
    """A list whose rows are edited; `words` stand above its two columns, and for an empty one."""
    first, second, empty = map(request.say, words)
    shown = {"rows": rows, "columns": (first, second), "empty": empty, "edit": f"{name}.edit"}
    return Shown("list.html", request.say(name), shown)


def module(request: Request) -> Answer:
    """The connection form: drawn after `tune_connection`, saved after `check_connection`."""
    number = request.number()
    stored = {} if number is None else _connection(request, number)
    given = request.params if request.is_sent else stored
    run = request.stand.run("tune_connection", stdin=document(given)).check()
    form = tuned(request, CONNECTION, run)
    error = ""
    if request.is_sent:
        values = sent(form, request.params)
        known = {} if number is None else {"id": str(number)}
        checked = request.stand.run(
            "check_connection", stdin=document({**known, **values}, "processingmodule")
        )
        error = refusal(request, checked)
        if not error:
            checked.check()
            _keep(request, number, request.params.get("name", ""), values)
            return to("processing", told="module_saved")
        # What was not ticked comes as `off`, and is drawn so again.
        form = form._replace(
            fields=[one._replace(value=values.get(one.name, one.value)) for one in form.fields]
        )
    name = given.get("name", "Cloud")
    shown = {"form": form, "elid": number, "name": name}
    return Shown("module.html", request.say("module_title"), shown, error)


def _connection(request: Request, number: int) -> Dict[str, str]:
    """What is stored of a module, without its secrets: an empty one stands for the stored one."""
    rows = request.stand.sql("SELECT name FROM processingmodule WHERE id = %s", number)
    hidden = _stored_fields(request)
    plain = {
        name: value
        for name, value in request.stand.module_params(number).items()
        if not hidden.get(name, False)
    }
    return {"name": rows[0]["name"] if rows else "", **plain}


def _stored_fields(request: Request) -> Dict[str, bool]:
    """Which fields of the form are stored, each with whether it is encrypted: `features` says."""
    features = request.stand.run("features").check().xml
    return {
        one.get("name", ""): one.get("crypted") == "yes"
        for one in features.iterfind("params/param")
    }


def _keep(request: Request, number: Any, name: str, values: Mapping[str, str]) -> None:
    """Saves a module as BILLmanager does, which then asks it for the server's settings."""
    stand = request.stand
    if number is None:
        number = stand.database.insert(
            "processingmodule",
            name=name,
            module=MODULE,
            active="on",
            orderpriority=1,
            department=DEPARTMENT,
        )
    stand.sql("UPDATE processingmodule SET name = %s WHERE id = %s", name, number)
    for field, is_hidden in _stored_fields(request).items():
        value = values.get(field, "")
        if is_hidden and not value:
            continue
        for table in ("processingparam", "processingcryptedparam"):
            stand.sql(
                f"DELETE FROM {table} WHERE processingmodule = %s AND intname = %s", number, field
            )
        stand.database.insert(
            "processingcryptedparam" if is_hidden else "processingparam",
            processingmodule=number,
            intname=field,
            value=stand.encrypt(value) if is_hidden else value,
        )
    stand.run("get_server_config", module=number)


# -- tariffs --------------------------------------------------------------------------------------


def offers(request: Request) -> List[Dict[str, Any]]:
    """The tariffs, each with the space that it includes."""
    return request.stand.sql(
        "SELECT p.id, p.name, a.id AS addon, a.addonlimit AS gib FROM pricelist p"
        " JOIN pricelist a ON a.parent = p.id WHERE p.parent IS NULL AND p.itemtype = %s"
        " ORDER BY p.id",
        request.panel.itemtype,
    )


def tariffs(request: Request) -> Answer:
    """The list of tariffs."""
    rows = [{**row, "detail": row["gib"]} for row in offers(request)]
    return listed(request, "pricelist", rows, ("tariff_name", "tariff_space", "no_tariffs"))


def tariff(request: Request) -> Answer:
    """A tariff's own fields, which the stand only suggests, and those of the module."""
    number = request.number()
    served = request.stand.sql("SELECT MIN(id) AS id FROM processingmodule")[0]["id"]
    if served is None:
        return to("pricelist", told="tariff_needs_module")
    own = _own_fields(request, number)
    stored = {} if number is None else _terms(request, number)
    given = request.params if request.is_sent else stored
    run = request.stand.run(
        "pricelist_dynamic_settings_tune", module=served, stdin=document(given)
    ).check()
    form = tuned(request, TARIFF, run)
    error = ""
    if request.is_sent:
        gib = own["gib"]
        if gib.isascii() and gib.isdigit() and 1 <= int(gib) <= MOST_GIB:
            _keep_tariff(request, number, own["name"], int(gib), sent(form, request.params))
            return to("pricelist", told="tariff_saved")
        error = request.say("invalid_number")
    shown = {"form": form, "elid": number, "own": own}
    return Shown("tariff.html", request.say("tariff_title"), shown, error)


def _own_fields(request: Request, number: Any) -> Dict[str, str]:
    if request.is_sent:
        return {name: request.params.get(f"own_{name}", "") for name in ("name", "gib")}
    known = next((one for one in offers(request) if one["id"] == number), None)
    if known is None:
        return {"name": "", "gib": "5"}
    return {"name": known["name"], "gib": str(known["gib"])}


def _terms(request: Request, number: int) -> Dict[str, str]:
    rows = request.stand.sql(
        "SELECT intname, value FROM pricelistparam WHERE pricelist = %s", number
    )
    return {"elid": str(number), **{row["intname"]: row["value"] or "" for row in rows}}


def _keep_tariff(
    request: Request, number: Any, name: str, gib: int, terms: Mapping[str, str]
) -> None:
    stand = request.stand
    if number is None:
        number = stand.add_tariff(request.panel.itemtype, [Addon(limit=gib)])
    stand.sql("UPDATE pricelist SET name = %s WHERE id = %s", name, number)
    stand.sql("UPDATE pricelist SET addonlimit = %s WHERE parent = %s", gib, number)
    stand.set_terms(number, **terms)


# -- operations -----------------------------------------------------------------------------------


def begin(request: Request) -> Answer:
    """Begins an operation for the chosen service; the scheduler runs it."""
    item, command = request.number(), request.params.get("command", "")
    if item is None or command not in BEGUN or not request.is_sent:
        return to("backupservice", told="choose_one")
    if command == "setparam":
        row = request.stand.item(item)
        now = next(one for one in offers(request) if one["id"] == row["pricelist"])
        larger = [one["id"] for one in offers(request) if one["gib"] > now["gib"]]
        if not larger:
            return to("backupservice", told="no_larger")
        request.stand.change_tariff(item, larger[0])
    elif command == "close":
        request.stand.set_status(item, PROCESSING)
    request.stand.add_operation(command, item)
    return to("runningoperation", told="begun")


def operations(request: Request) -> Answer:
    """The operations that wait, each with what came of it; one may be run again."""
    number = request.number()
    if request.is_sent and number is not None and request.stand.operation(number) is not None:
        request.stand.sql("UPDATE runningoperation SET manual = NULL WHERE id = %s", number)
        request.stand.run_operation(number)
        return to("runningoperation", told="ran")
    rows = [
        {**row, "words": _stored_error(request, row["errorxml"])}
        for row in request.stand.operations()
    ]
    return Shown("operations.html", request.say("runningoperation"), {"rows": rows})


def _stored_error(request: Request, text: Any) -> str:
    """What stands on an operation or a task: the message of its error document."""
    if not text:
        return ""
    try:
        error = etree.fromstring(text.encode()).find(".//error")
    except etree.XMLSyntaxError:
        return str(text)
    return "" if error is None else error_words(request.panel.plugins, error, request.language)


def tasks(request: Request) -> Answer:
    """What staff is asked to do, and what is wrong with modules."""
    asked = [(_task_name(request, row), _task_words(request, row)) for row in request.stand.tasks()]
    wrong = [(row["name"], _problem_words(request, row)) for row in request.stand.problems()]
    return Shown("tasks.html", request.say("task"), {"asked": asked, "wrong": wrong})


def _task_name(request: Request, row: Mapping[str, Any]) -> str:
    parts: Tuple[str, ...] = ()
    if row["type_name"]:
        parts = (request.say(f"op_{row['type_name']}"),)
    if row["item"]:
        parts = (*parts, f"{request.say('service')} {row['item']}")
    return ", ".join(parts) or request.say("one_task", number=row["id"])


def _task_words(request: Request, row: Mapping[str, Any]) -> str:
    if row["specification"]:
        return str(row["specification"])
    operation = request.stand.operation(row["runningoperation"] or 0)
    stored = row["params"] or (operation or {}).get("errorxml")
    return _stored_error(request, stored)


def _problem_words(request: Request, row: Mapping[str, Any]) -> str:
    told = dict(line.partition("=")[::2] for line in (row["params"] or "").splitlines())
    return ", ".join(value for name, value in told.items() if value)


def count(request: Request) -> Answer:
    """The night comes: the space of all services is counted."""
    if not request.is_sent:
        return to("backupservice")
    served = request.stand.sql("SELECT id FROM processingmodule ORDER BY id")
    runs = [request.stand.run("stat", module=one["id"]) for one in served]
    is_whole = all(run.exit_code == 0 for run in runs)
    return to("backupservice", told="counted" if is_whole else "not_counted")
