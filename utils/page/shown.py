"""What the page says: the facts of a service as values of its form."""

from datetime import datetime
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional

from utils.base import sizes
from utils.base.values import Account, Trust, moment_s
from utils.consts import STATUS_SUSPENDED
from utils.page import addresses, pictures
from utils.page.facts import Facts, ForStaff, Used
from utils.page.words import Words, failure, harmless
from utils.run.record import DONE

if TYPE_CHECKING:
    from utils.history.reading import Past


MOST_GROUPS = 20
"""As many groups of an account are named."""


class Page(NamedTuple):
    """The values of the fields, and the rows of the table of runs for staff."""

    values: Dict[str, str]
    lists: Dict[str, List[Dict[str, str]]]


def draw(facts: Facts, words: Words, with_pictures: bool) -> Page:
    """The page of a service. A field that says nothing is left out."""
    values = {
        "name": facts.login or str(facts.item.id),
        "state": _state(facts, words),
        "address": facts.address,
        "login": facts.login,
        **_space(facts, words, with_pictures),
        **_history(facts, words, with_pictures),
        **_devices(facts, words, with_pictures),
    }
    lists: Dict[str, List[Dict[str, str]]] = {}
    if facts.staff is not None:
        values.update(_for_staff(facts, facts.staff, words))
        lists["runs"] = [_run(past, words) for past in facts.staff.runs]
    return Page({name: text for name, text in values.items() if text}, lists)


def _state(facts: Facts, words: Words) -> str:
    name = f"state_{facts.item.status}"
    if words.has(name):
        return words.say(name)
    return words.say("state_other", value=str(facts.item.status))


# -- space ----------------------------------------------------------------------------------------


def _space(facts: Facts, words: Words, with_pictures: bool) -> Dict[str, str]:
    used, quota_bytes = facts.used, facts.quota_bytes
    said = {"space": _amounts(used, quota_bytes, words), "counted": _age(facts, words)}
    part = None if used is None else pictures.part_of(used.used_bytes, quota_bytes)
    if used is None or quota_bytes is None or part is None:
        return said
    left_bytes = quota_bytes - used.used_bytes
    said["free"] = words.size(left_bytes) if left_bytes > 0 else words.say("free_none")
    if with_pictures:
        said["space_bar"] = pictures.bar(part, words.say("bar_words", percent=_percent(part)))
    else:
        said["space"] = f"{said['space']} {pictures.text_bar(part)}"
    return said


def _amounts(used: Optional[Used], quota_bytes: Optional[float], words: Words) -> str:
    sold = None if quota_bytes is None else words.size(quota_bytes)
    if used is None:
        return words.say("space_unknown") if sold is None else words.say("space_sold", sold=sold)
    amount = words.size(used.used_bytes)
    if sold is None:
        return words.say("space_alone", used=amount)
    if quota_bytes == sizes.UNLIMITED:
        return words.say("space_unlimited", used=amount)
    part = pictures.part_of(used.used_bytes, quota_bytes)
    name = "space_over" if part is None or part > 1 else "space_of"
    return words.say(name, used=amount, sold=sold, percent=_percent(part or 0.0))


def _percent(part: float) -> str:
    """Whole percents; what is not all is never called 100, and what is not nothing never 0."""
    rounded = round(part * 100)
    if 0 < part < 1:
        rounded = min(max(rounded, 1), 99)
    return str(rounded)


def _age(facts: Facts, words: Words) -> str:
    """Of when the figures are."""
    if facts.is_fresh:
        return words.say("counted_now")
    day = facts.used.day if facts.used is not None else None
    if day is None:
        return words.say("counted_never" if facts.not_fresh is None else "not_fresh_none")
    name = "counted_on" if facts.not_fresh is None else "not_fresh"
    return words.say(name, day=words.day(day))


def _history(facts: Facts, words: Words, with_pictures: bool) -> Dict[str, str]:
    if not facts.days:
        return {"history": words.say("history_none")}
    least = min(facts.days, key=lambda one: one.used_bytes)
    most = max(facts.days, key=lambda one: one.used_bytes)
    ends = {"least": words.size(least.used_bytes), "most": words.size(most.used_bytes)}
    days = {
        f"{name}_day": words.day(one.day)
        for name, one in (("least", least), ("most", most))
        if one.day is not None
    }
    told = words.say("history_from_to", count=str(len(facts.days)), **ends, **days)
    if not with_pictures:
        return {"history": f"{told} {pictures.text_chart(facts.days, facts.today)}"}
    meaning = words.say("chart_words", **ends)
    chart = pictures.chart(facts.days, facts.today, facts.quota_bytes, meaning)
    return {"history": told, "history_chart": chart}


# -- devices --------------------------------------------------------------------------------------


def _devices(facts: Facts, words: Words, with_pictures: bool) -> Dict[str, str]:
    if not facts.login or not facts.address:
        return {}
    product = facts.product if words.has(f"computer_{facts.product}") else "any"
    found = addresses.of(facts.address, facts.login, facts.product)
    is_locked = facts.item.status == STATUS_SUSPENDED
    return {
        "computer": words.say(f"computer_{product}"),
        "phone": words.say(f"phone_{product}"),
        "phone_code": pictures.code(found.phone, words.say("code_words")) if with_pictures else "",
        "phone_link": found.phone,
        "webdav": found.webdav,
        "caldav": found.caldav,
        "carddav": found.carddav,
        "devices": words.say("devices_now" if is_locked else "devices"),
    }


# -- staff ----------------------------------------------------------------------------------------


def _for_staff(facts: Facts, staff: ForStaff, words: Words) -> Dict[str, str]:
    said = {"proof": _proof(facts, staff, words)}
    account = staff.account
    if account is None:
        error = facts.not_fresh
        why = (
            words.say("ask_fresh")
            if error is None
            else words.say("ask_failed", value=failure(words.language, error))
        )
        return {**said, **dict.fromkeys(("account", "groups", "last_login"), why)}
    name = "account_on" if account.enabled else "account_off"
    email = account.email or words.say("no_email")
    shown = [*account.groups[:MOST_GROUPS], *(["…"] if account.groups[MOST_GROUPS:] else [])]
    return {
        **said,
        "account": words.say(name, email=email, quota=_quota(account, words)),
        "groups": harmless(", ".join(shown)) or words.say("groups_none"),
        "last_login": _last_login(account, words),
    }


def _quota(account: Account, words: Words) -> str:
    if not account.is_quota_told:
        return words.say("quota_untold")
    if account.quota_bytes is None:
        return words.say("quota_default")
    return words.size(account.quota_bytes)


def _last_login(account: Account, words: Words) -> str:
    if account.last_login is None:
        return words.say("login_untold")
    if account.last_login <= 0:
        return words.say("login_never")
    try:
        moment = datetime.fromtimestamp(moment_s(account.last_login))
    except (ValueError, OverflowError, OSError):
        return words.say("login_untold")
    return f"{words.day(moment.date())} {moment:%H:%M}"


def _proof(facts: Facts, staff: ForStaff, words: Words) -> str:
    record, mark = staff.record, facts.item.mark
    if staff.trouble is not None:
        return words.say("proof_unclear", value=failure(words.language, staff.trouble))
    if record is None:
        return words.say("proof_none")
    if record.is_copied:
        name = "proof_copied"
    elif mark is None:
        name = "proof_typed"
    elif mark.trust is Trust.OLD:
        name = "proof_old"
    else:
        name = "proof_made" if mark.is_made else "proof_announced"
    return words.say(name, login=record.login)


def _run(past: "Past", words: Words) -> Dict[str, str]:
    moment = datetime.fromtimestamp(past.at_s)
    return {
        "at": f"{words.day(moment.date())} {moment:%H:%M:%S}",
        "command": harmless(past.record["command"]),
        "ended": _end(past, words),
    }


def _end(past: "Past", words: Words) -> str:
    if not past.has_ended:
        return words.say("run_running" if past.is_running else "run_killed")
    record = past.record
    if past.has_failed:
        return harmless(": ".join(filter(None, (record["ended"], record["value"]))))
    return words.say("run_done" if record["ended"] == DONE else "run_nothing")
