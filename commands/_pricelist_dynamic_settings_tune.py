"""The tariff form, before the administrator sees it: without asking the cloud."""

from typing import List, Mapping, Tuple

from utils.accounts import names, passwords
from utils.base import errors, xml
from utils.billing.reply import Reply
from utils.billing.terms import FIRST_PASSWORDS, KINDS, NAMES, read_terms
from utils.consts import (
    BY_CLIENT,
    LANGUAGES,
    ON_CLOSE,
    SUSPENSIONS,
    TARIFF_FIRST_PASSWORD,
    TARIFF_GROUP,
    TARIFF_KINDS,
    TARIFF_LANGUAGE,
    TARIFF_LOGIN_EXAMPLE,
    TARIFF_NAME,
    TARIFF_ON_CLOSE,
    TARIFF_PASSWORD_EXAMPLE,
    TARIFF_SUSPENSION,
    TARIFF_TRIAL_GROUP,
    TARIFF_WARN_AT,
    WARN_AT,
    is_admin_group,
)
from utils.host.state import GROUPS
from utils.run.call import read_form
from utils.run.context import Context

NO_GROUP = ("", "no_group")
"""The key that is stored for no group, and the message that stands for it."""

AS_SETTINGS = ("", "as_settings")

Options = List[Tuple[str, str]]
"""Values of a list, each with the message that stands for it, or a word that has none."""


def run(ctx: Context) -> Reply:
    """The form on standard input with its lists filled in, and examples of name and password.

    A tariff that never had the field of the thresholds gets their default; an emptied one has none.
    """
    form = read_form()
    stored = xml.fields(form)
    lists = {
        TARIFF_GROUP: _groups(ctx, stored, TARIFF_GROUP),
        TARIFF_TRIAL_GROUP: _groups(ctx, stored, TARIFF_TRIAL_GROUP),
        TARIFF_SUSPENSION: [(one, one) for one in SUSPENSIONS],
        TARIFF_ON_CLOSE: [AS_SETTINGS, *((one, one) for one in ON_CLOSE)],
        TARIFF_KINDS: [AS_SETTINGS, *((one, one) for one in KINDS)],
        TARIFF_NAME: [AS_SETTINGS, *((one, one) for one in NAMES)],
        TARIFF_LANGUAGE: [("", "cloud_default"), (BY_CLIENT, BY_CLIENT), *LANGUAGES.items()],
        TARIFF_FIRST_PASSWORD: [(one, one) for one in FIRST_PASSWORDS],
    }
    for name, options in lists.items():
        xml.set_options(form, name, options)
    terms = read_terms(stored)
    xml.set_field(form, TARIFF_LOGIN_EXAMPLE, names.make_login(terms.template, names.EXAMPLE))
    xml.set_field(form, TARIFF_PASSWORD_EXAMPLE, passwords.rule_of(ctx.settings, terms).make())
    if not stored.get(TARIFF_WARN_AT, "").strip() and not _is_emptied(ctx, stored):
        xml.set_field(form, TARIFF_WARN_AT, " ".join(map(str, WARN_AT)))
    return Reply(xml.to_bytes(form))


def _groups(ctx: Context, stored: Mapping[str, str], field: str) -> Options:
    """The groups by their ids, the one that is stored in the field always among them."""
    kept = ctx.state.read(GROUPS.format(ctx.call.module))
    groups = {str(group) for group in kept} if isinstance(kept, list) else set()
    chosen = stored.get(field, "").strip()
    if chosen:
        groups.add(chosen)
    offered = sorted(group for group in groups if not is_admin_group(group))
    return [NO_GROUP, *((group, group) for group in offered)]


def _is_emptied(ctx: Context, values: Mapping[str, str]) -> bool:
    """Whether somebody has emptied the field of the thresholds of a tariff that is there.

    Taken for so where billing does not answer: the form is shown as it came.
    """
    number = (values.get("elid") or values.get("id") or "").strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return False
    try:
        return ctx.billing.tariffs.stored_field(int(number), TARIFF_WARN_AT) is not None
    except errors.PmError as error:
        ctx.log.warning("%s", error)
        return True
