"""Whether what the tariffs promise can be sold."""

from typing import Iterator, List, Optional

from utils.accounts import names
from utils.base import errors, sizes
from utils.consts import is_admin_group
from utils.doctor import billing
from utils.doctor.findings import Check, Finding, advice, fault, named, of_error, well
from utils.run.context import Context

UNSOLD = (
    errors.QuotaMissing,
    errors.QuotaZero,
    errors.MeasureUnknown,
    errors.ChoiceUnreadable,
)
"""Why no service of a tariff can be opened."""


def _all(ctx: Context) -> List[int]:
    """The tariffs that the call is about."""
    return ctx.billing.tariffs.served_by([one.id for one in billing.stored_modules(ctx)])


def tariffs(ctx: Context) -> Iterator[Finding]:
    """Whether there are any."""
    found = _all(ctx)
    yield well(billing.numbers(found)) if found else advice("no_tariff")


def space(ctx: Context) -> Iterator[Finding]:
    """What each tariff includes, and what the clouds make of it."""
    good = 0
    for tariff_id in _all(ctx):
        try:
            found = _space(ctx, tariff_id)
        except UNSOLD as error:
            found = of_error(error, str(tariff_id))
        if found is None:
            good += 1
        else:
            yield found
    yield named("tariffs_good", good)


def _space(ctx: Context, tariff_id: int) -> Optional[Finding]:
    """What is to be known of a tariff's space, or None. Raises UNSOLD."""
    quota_bytes = ctx.billing.tariffs.included(tariff_id)
    if ctx.billing.tariffs.terms(tariff_id).is_unlimited:
        return None  # somebody has chosen that
    if quota_bytes == sizes.UNLIMITED:
        return advice("tariff_unlimited", "", str(tariff_id))
    maximum_bytes = ctx.billing.tariffs.maximum(tariff_id)
    if maximum_bytes is not None:
        return advice("tariff_maximum", _change(maximum_bytes, quota_bytes), str(tariff_id))
    kept_bytes = sizes.stored_bytes(sizes.bytes_to_ask(quota_bytes))
    if sizes.same_quota(kept_bytes, quota_bytes):
        return None
    return advice("tariff_rounded", _change(quota_bytes, kept_bytes), str(tariff_id))


def _change(*sizes_bytes: float) -> str:
    return " -> ".join(map(sizes.in_largest_unit, sizes_bytes))


def groups(ctx: Context) -> Iterator[Finding]:
    """Whether a tariff puts customers among the cloud's administrators."""
    good = 0
    for tariff_id in _all(ctx):
        group = ctx.billing.tariffs.group(tariff_id)
        if is_admin_group(group):
            yield of_error(errors.GroupForbidden(group), str(tariff_id))
        else:
            good += 1
    yield named("tariffs_good", good)


def login_names(ctx: Context) -> Iterator[Finding]:
    """Whether the templates of user names can do what they are for."""
    is_unsettled = ctx.settings.taken_login != "suffix"
    good = 0
    for tariff_id in _all(ctx):
        faults = names.find_faults(ctx.billing.tariffs.terms(tariff_id).template)
        told = [one for one in faults if is_unsettled or one.name != names.NOT_UNIQUE]
        for one in told:
            is_used = one.name in (names.NOT_UNIQUE, names.UNUSABLE)
            yield (advice if is_used else fault)(one.name, one.value, str(tariff_id))
        good += not told
    yield named("tariffs_good", good)


def form(ctx: Context) -> Iterator[Finding]:
    """Whether what is stored in the fields of the tariff form can be used."""
    good = 0
    for tariff_id in _all(ctx):
        broken = ctx.billing.tariffs.terms(tariff_id).broken
        if broken:
            yield fault("tariff_fields_broken", ", ".join(broken), str(tariff_id))
        else:
            good += 1
    yield named("tariffs_good", good)


CHECKS = (
    Check("tariffs", tariffs, ("modules",)),
    Check("tariff_space", space, ("modules",)),
    Check("tariff_group", groups, ("modules",)),
    Check("tariff_names", login_names, ("modules", "settings")),
    Check("tariff_form", form, ("modules",)),
)
