"""The doctor: looks at installation, billing, tariffs and clouds, and changes nothing in any.

A check is a function that yields findings. The files here hold the checks of one kind each, in
the order in which they are run; utils.doctor.findings runs them, utils.doctor.words says in
Russian and English what was found.
"""

from typing import TYPE_CHECKING, Collection, List, Set

from utils.doctor import installation
from utils.doctor.findings import FAULT, UNCHECKED, Finding, Group, run
from utils.run.context import Context

if TYPE_CHECKING:
    from utils.doctor.payments import Payments


def examine(ctx: Context, command_modules: Collection[str]) -> List[Group]:
    """All that is found, or for one module where the call names one.

    `command_modules` are the names of the Python modules that the table of commands needs.
    """
    failed: Set[str] = set()
    groups = [Group("installation", "", run(installation.checks(command_modules), ctx, failed))]
    if "program" in failed:
        rest = Finding(UNCHECKED, UNCHECKED, "program", check="rest")
        return [*groups, Group("billing", "", [rest])]
    from utils.doctor import (  # not without libraries
        billing,
        clouds,
        modules,
        payments,
        tariffs,
    )

    groups.append(Group("billing", "", run(billing.CHECKS, ctx, failed)))
    groups.append(Group("tariffs", "", run(tariffs.CHECKS, ctx, failed)))
    for stored in [] if "modules" in failed else billing.stored_modules(ctx):
        module = modules.Module(ctx, stored)
        checks = (*modules.CHECKS, *clouds.CHECKS)
        groups.append(Group("module", module.name, run(checks, module, set(failed))))
    groups += _of_payments(payments.Payments(ctx), failed)
    return groups


def _of_payments(all_of_them: "Payments", failed: Set[str]) -> List[Group]:
    """What is found of payments with WEBPAY; nothing where they are not installed."""
    from utils.doctor import payments

    if not all_of_them.is_installed:
        return []
    groups = [Group("payments", "", run(payments.CHECKS, all_of_them, failed))]
    for stored in [] if "payment_methods" in failed else all_of_them.stored:
        one = payments.OneMethod(all_of_them, stored)
        groups.append(Group("payment_method", one.name, run(payments.OF_METHOD, one, set(failed))))
    return groups


def has_faults(groups: List[Group]) -> bool:
    """Whether anything is wrong; what is only advice is not."""
    return any(finding.verdict == FAULT for group in groups for finding in group.findings)
