"""All functions of the panel by name."""

from typing import Dict

from tests.browser import client, money, service, staff
from tests.browser.panel import (
    CLIENT_LEVEL,
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    STAFF_LEVEL,
    Answer,
    Led,
    Request,
    Screen,
    Shown,
    Who,
    to,
)

STAFF, CLIENT, ALL = (STAFF_LEVEL,), (CLIENT_LEVEL,), (STAFF_LEVEL, CLIENT_LEVEL)


def start(request: Request) -> Answer:
    """Who looks: enters as somebody, and leaves."""
    chosen = request.params.get("user", "")
    people = [Who("root", STAFF_LEVEL, request.say("staff")), *request.panel.clients()]
    who = next((one for one in people if one.user == chosen), None)
    if request.is_sent and who is not None:
        session = request.panel.enter(who)
        first = "processing" if who.is_staff else "backupservice"
        return to(first)._replace(cookies=((SESSION_COOKIE, session),))
    return Shown(
        "start.html",
        request.say("start_title"),
        {"people": people, "hints": request.panel.hints, "admin": request.panel.admin},
    )


def leave(request: Request) -> Answer:
    """Ends the session of the browser."""
    return Led("/billmgr", ((SESSION_COOKIE, ""),))


def language(request: Request) -> Answer:
    """Changes the language, and leads back to where that was done."""
    chosen = "ru" if request.params.get("lang") == "ru" else "en"
    elid = request.params.get("elid", "")
    back = to(request.params.get("back", "start"), **({"elid": elid} if elid else {}))
    return back._replace(cookies=((LANGUAGE_COOKIE, f"orion:{chosen}"),))


SCREENS: Dict[str, Screen] = {
    "start": Screen((), start),
    "leave": Screen((), leave),
    "language": Screen((), language),
    "processing": Screen(STAFF, staff.modules),
    "processing.edit": Screen(STAFF, staff.module),
    "pricelist": Screen(STAFF, staff.tariffs),
    "pricelist.edit": Screen(STAFF, staff.tariff),
    "paymethod": Screen(STAFF, money.methods),
    "paymethod.edit": Screen(STAFF, money.method),
    "runningoperation": Screen(STAFF, staff.operations),
    "task": Screen(STAFF, staff.tasks),
    "stat": Screen(STAFF, staff.count),
    "begin": Screen(STAFF, staff.begin),
    "backupservice": Screen(ALL, service.services),
    "pmnextcloud.page": Screen(ALL, service.page),
    "pmnextcloud.password": Screen(ALL, service.password),
    "resize": Screen(CLIENT, client.resize),
    "order": Screen(CLIENT, client.order),
    "payment": Screen(CLIENT, client.payments),
    "payment.success": Screen(CLIENT, client.payments),
    "payment.pending": Screen(CLIENT, client.payments),
    "payment.fail": Screen(CLIENT, client.payments),
    "notification": Screen(CLIENT, client.messages),
}
