"""The tariff form, before the administrator sees it: its groups, without asking the cloud."""

from typing import Dict

from utils.base import errors, xml
from utils.billing.reply import Reply
from utils.consts import (
    ON_CLOSE,
    SUSPENSIONS,
    TARIFF_GROUP,
    TARIFF_ON_CLOSE,
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

CHOICES = {
    TARIFF_SUSPENSION: [*zip(SUSPENSIONS, SUSPENSIONS)],
    TARIFF_ON_CLOSE: [("", "as_set"), *zip(ON_CLOSE, ON_CLOSE)],
}
"""The lists that are always the same, each value with the message that stands for it."""


def run(ctx: Context) -> Reply:
    """The form on standard input with the groups by their ids, the stored one always among them.

    A tariff that never had the field of the thresholds gets their default; an emptied one has none.
    """
    form = read_form()
    values = xml.fields(form)
    kept = ctx.state.read(GROUPS.format(ctx.call.module))
    groups = {str(group) for group in kept} if isinstance(kept, list) else set()
    for field in (TARIFF_GROUP, TARIFF_TRIAL_GROUP):
        stored = {values.get(field, "").strip()} - {""}
        offered = sorted(one for one in groups | stored if not is_admin_group(one))
        xml.set_options(form, field, [NO_GROUP, *((group, group) for group in offered)])
    for field, options in CHOICES.items():
        xml.set_options(form, field, options)
    if not values.get(TARIFF_WARN_AT, "").strip() and not _is_emptied(ctx, values):
        xml.set_field(form, TARIFF_WARN_AT, " ".join(map(str, WARN_AT)))
    return Reply(xml.to_bytes(form))


def _is_emptied(ctx: Context, values: Dict[str, str]) -> bool:
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
