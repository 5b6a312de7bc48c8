"""The cloud of one module: whether it can be reached and written to, and what bites there.

A handful of requests, and only one login where it is refused: a refusal that stands is not asked
for again (utils.cloud.refusals), so that looking does not block the door for the operations.
"""

import socket
import ssl
import time
from datetime import date, timedelta
from typing import Dict, Iterator, Set

from utils.accounts.passwords import rule_of
from utils.api import MAX_WAIT_S
from utils.base import address, errors, sizes
from utils.base.values import Terms
from utils.census.days import WholeDays
from utils.cloud import front
from utils.cloud.answers import rules_from
from utils.cloud.ocs import mapping
from utils.cloud.products import NEXTCLOUD, OWNCLOUD
from utils.cloud.refusals import Refusals
from utils.consts import Level, is_admin_group
from utils.doctor.billing import numbers
from utils.doctor.findings import Check, Finding, advice, fault, named, well
from utils.doctor.modules import Module
from utils.host.state import PROBLEM

DAYS_LEFT = 21
CLOCK_S = 60
DAY_S = 86400
TRIED = {NEXTCLOUD.name: ((29,), (34,)), OWNCLOUD.name: ((10, 15), (10, 15))}
"""The oldest and the newest version that the program was tried with."""

APP_PASSWORDS_REFUSED = (34,)
"""From this Nextcloud on an app password alone cannot write; patches of 33 may be like it."""


SHARES_HIDDEN = (34, 0, 2)
"""From this Nextcloud on what disabled users have shared is hidden unless set otherwise."""


def name(module: Module) -> Iterator[Finding]:
    """Whether the address has a machine behind it."""
    if module.ctx.settings.proxy:
        yield well(module.ctx.settings.proxy.rpartition("@")[2])  # which looks names up itself
        return
    host = address.host(module.server.base_url)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        yield fault("name_unknown", f"{host}: {error.strerror or error}")
        return
    yield well(", ".join(sorted({str(entry[4][0]) for entry in found})))


def answers(module: Module) -> Iterator[Finding]:
    """Whether a cloud answers there, and that it may be trusted."""
    started = time.monotonic()
    shown = module.version_text  # the first look at the cloud
    took_ms = (time.monotonic() - started) * 1000
    yield well(f"{module.cloud.product.name} {shown}, {took_ms:.0f} ms")


def certificate(module: Module) -> Iterator[Finding]:
    """The last day of the certificate."""
    ends = module.seen.response.certificate_ends
    if not ends:
        yield named("certificate_unseen")
        return
    ends_at = ssl.cert_time_to_seconds(ends)
    last_day = date.fromtimestamp(ends_at).isoformat()
    days_left = int((ends_at - time.time()) // DAY_S)
    if days_left < DAYS_LEFT:
        yield advice("certificate_ends", f"{last_day} ({days_left})")
    else:
        yield well(last_day)


def version(module: Module) -> Iterator[Finding]:
    """Whether the version is one of those that the program was tried with."""
    text, number = module.version_text, module.version
    oldest, newest = TRIED[module.cloud.product.name]
    if not number:
        yield advice("version_hidden")
    elif number[: len(oldest)] < oldest:
        yield advice("version_old", text)
    elif number[: len(newest)] > newest:
        yield advice("version_new", text)
    else:
        yield well(text)


def upkeep(module: Module) -> Iterator[Finding]:
    """Maintenance, and an update that is not finished."""
    status = module.seen.status
    if status.get("needsDbUpgrade") is True:
        yield fault("upgrade_unfinished")
    elif status.get("maintenance") is True:
        raise errors.CloudMaintenance("status.php")
    else:
        yield well()


def clock(module: Module) -> Iterator[Finding]:
    """Whether both machines have the same time, to the minute."""
    shown = front.moment(module.seen.response.headers.get("Date", ""))
    if shown is None:
        yield named("clock_unseen")
        return
    ahead_s = shown - time.time()
    yield advice("clock_differs", f"{ahead_s:+.0f}") if abs(ahead_s) > CLOCK_S else well()


def throttle(module: Module) -> Iterator[Finding]:
    """Whether the cloud makes logins from here wait."""
    delay_s = module.cloud.throttle().delay_s
    if delay_s > MAX_WAIT_S:
        raise errors.CloudThrottled(f"{delay_s:.0f} s").after(delay_s)
    yield advice("throttled", f"{delay_s:.1f}") if delay_s else well()


def remembered(module: Module) -> Iterator[Finding]:
    """A problem of the module that BILLmanager was told of and that no success has ended."""
    code = module.ctx.state.read(PROBLEM.format(module.id))
    yield advice("problem_stands", code) if isinstance(code, str) else well()


def login(module: Module) -> Iterator[Finding]:
    """Whether the login is taken and may write, unless that was refused just now."""
    ctx = module.ctx
    refusals = Refusals(ctx.state, ctx.billing.fingerprint, module.server, Level.WRITES)
    refusals.check()
    try:
        module.cloud.probe()
    except errors.PmError as error:
        refusals.remember(error)
        raise
    refusals.forget()
    yield well(module.server.username)


def secret(module: Module) -> Iterator[Finding]:
    """Which kind of password it is, and whether another would be faster."""
    server, cloud = module.server, module.cloud
    if cloud.product is OWNCLOUD:
        yield named("secret_any")  # it does not tell which it was
    elif not server.username:
        yield named("secret_token")
    elif not cloud.keeps_real_password:
        yield named("secret_confirmed" if server.confirm_secret else "secret_app")
    elif module.version < APP_PASSWORDS_REFUSED:
        yield advice("real_password")
    else:
        yield named("secret_real")


def files(module: Module) -> Iterator[Finding]:
    """Whether the login may see files: to an app password that may not nobody's usage is told."""
    if not module.own.sees_files:
        raise errors.FilesHidden(module.own.id)
    yield well()


def expiry(module: Module) -> Iterator[Finding]:
    """Whether the password of the module's user ends some day.

    An app password ends with it (docs/en/clouds.md, "Refused logins").
    """
    days = module.cloud.setting("password_policy", "expiration")
    if days is None:
        yield named("expiry_unseen")
    elif days.strip().isdecimal() and int(days) > 0:
        yield advice("password_expires", days.strip())
    else:
        yield well()


def storage(module: Module) -> Iterator[Finding]:
    """Whether files lie in an object storage, where more than files counts as used."""
    keeps_objects = module.cloud.keeps_objects()
    if keeps_objects is None:
        yield named("storage_unseen")
    else:
        yield advice("object_storage") if keeps_objects else well()


def room(module: Module) -> Iterator[Finding]:
    """Whether the cloud's limit of users leaves room for one more."""
    if module.cloud.is_full():
        raise errors.InstanceFull(module.server.base_url)
    yield well()


def authority(module: Module) -> Iterator[Finding]:
    """Whether Python's strict checks, usual from 3.13 on, would stand the private authority."""
    settings = module.ctx.settings
    if not settings.ca_file or not module.server.verify_tls:
        yield well()
        return
    strict = module.ctx.client(module.server, is_strict=True)
    try:
        strict.look()
    except errors.CloudCertificate as error:
        yield advice("authority_weak", error.value.rpartition(": ")[2])
    else:
        yield well(settings.ca_file)


def namesakes(module: Module) -> Iterator[Finding]:
    """Services of one client have one e-mail, by which none of them can log in."""
    alike = module.ctx.billing.services.count_namesakes(module.id)
    yield advice("services_share_email", alike) if alike else well()


def login_name(module: Module) -> Iterator[Finding]:
    """Whether a customer could take away the name by which the module logs in.

    A cloud refuses an e-mail address that two accounts have (docs/en/clouds.md, "Refused logins").
    """
    name_of_login = module.server.username
    if "@" in name_of_login and module.cloud.keeps_real_password:
        by_login = module.cloud.own_login().lower() == name_of_login.lower()
        yield well(name_of_login) if by_login else advice("login_by_email", name_of_login)
    else:
        yield well(name_of_login)


def user(module: Module) -> Iterator[Finding]:
    """Whether the module's user is an administrator, or only one of some groups.

    His login name need not be the id that the cloud knows him by.
    """
    own = module.own.id
    is_admin = any(map(is_admin_group, module.cloud.groups_of(own)))
    yield well(own) if is_admin else advice("user_not_admin", own)


def policy(module: Module) -> Iterator[Finding]:
    """Whether generated passwords are long enough for the cloud."""
    least = rules_from(mapping(module.capabilities.get("password_policy"))).least_length
    settings = module.ctx.settings
    lengths = [rule_of(settings, terms).length for terms in _terms_of(module).values()]
    length = min([settings.password_length, *lengths])
    if least > length:  # the second try of each order is long enough
        yield advice("password_too_short", f"{length} < {least}")
    else:
        yield well(length)


def shares(module: Module) -> Iterator[Finding]:
    """What a suspended customer has shared with others stays, where the cloud lets people share."""
    sharing = mapping(module.capabilities.get("files_sharing"))
    hides = module.cloud.setting("files_sharing", "hide_disabled_user_shares")
    if not hides:
        hides = (
            "yes" if module.cloud.product is NEXTCLOUD and module.version >= SHARES_HIDDEN else "no"
        )
    if sharing.get("api_enabled") is True and hides != "yes":
        yield advice("shares_stay")
    else:
        yield well()


def limits(module: Module) -> Iterator[Finding]:
    """Whether the cloud takes what the tariffs include, and what accounts of others have."""
    default = module.cloud.setting("files", "default_quota")
    if default is None:
        yield named("quotas_unseen")
        return
    most = module.cloud.setting("files", "max_quota") or ""
    most_bytes = int(most) if most.isdecimal() else sizes.UNLIMITED
    is_endless = module.cloud.setting("files", "allow_unlimited_quota") != "0"
    tariffs = module.ctx.billing.tariffs
    for tariff_id in tariffs.served_by([module.id]):
        try:
            asked = sizes.bytes_to_ask(tariffs.included(tariff_id))
        except errors.PmError:
            continue  # which is said of the tariff
        if asked == sizes.UNLIMITED and not is_endless:
            yield fault("quota_must_end", "", str(tariff_id))
        elif asked != sizes.UNLIMITED and asked > most_bytes:
            more = " > ".join(map(sizes.in_largest_unit, (asked, most_bytes)))
            yield fault("quota_over_limit", more, str(tariff_id))
    yield named("quotas_seen", default or "none")


def _terms_of(module: Module) -> Dict[int, Terms]:
    """What each tariff of the module says of its accounts."""
    tariffs = module.ctx.billing.tariffs
    return {number: tariffs.terms(number) for number in tariffs.served_by([module.id])}


def fields(module: Module) -> Iterator[Finding]:
    """Whether the cloud can do what the fields of its tariffs want of it."""
    product, terms = module.cloud.product, _terms_of(module)
    links = [number for number, one in terms.items() if one.sends_link]
    speaking = [number for number, one in terms.items() if one.language_source]
    found = []
    if links and not product.mails_links:
        found.append(fault("link_impossible", numbers(links)))
    elif links and module.cloud.setting("core", "newUser.sendEmail") == "no":
        found.append(fault("link_mail_off", numbers(links)))
    if speaking and not product.sets_language:
        found.append(advice("language_impossible", numbers(speaking)))
    yield from found or [well()]


def groups(module: Module) -> Iterator[Finding]:
    """Whether the groups of the tariffs are there."""
    tariffs = module.ctx.billing.tariffs
    wanted = {tariffs.group(number) for number in tariffs.served_by([module.id])} - {""}
    missing: Set[str] = set()
    if wanted:
        missing = wanted.difference(module.cloud.groups(module.ctx.settings.page_size))
    for group in sorted(missing):
        yield advice("group_not_there", group)
    if not missing:
        yield well(", ".join(sorted(wanted)))


def statistics(module: Module) -> Iterator[Finding]:
    """Whether the days up to yesterday were counted whole, as far as is remembered."""
    last = WholeDays(module.ctx.state, module.id).last()
    if last is None:
        yield advice("statistics_never") if module.ctx.billing.services.count(module.id) else well()
        return
    yesterday = date.today() - timedelta(days=1)
    if last < yesterday:
        yield advice("statistics_missing", f"{last + timedelta(days=1)} - {yesterday}")
    else:
        yield well(last)


_OPEN = ("connection", "settings", "do_nothing")
_SEEN = ("answers",)
_IN = ("login",)

CHECKS = (
    Check("name", name, _OPEN),
    Check("answers", answers, ("name", *_OPEN)),
    Check("certificate", certificate, _SEEN),
    Check("authority", authority, _SEEN),
    Check("version", version, _SEEN),
    Check("upkeep", upkeep, _SEEN),
    Check("clock", clock, _SEEN),
    Check("throttle", throttle, ("upkeep",)),
    Check("login", login, ("throttle", "bound")),
    Check("secret", secret, _IN),
    Check("files", files, _IN),
    Check("login_name", login_name, _IN),
    Check("user", user, _IN),
    Check("expiry", expiry, _IN),
    Check("room", room, _IN),
    Check("storage", storage, _IN),
    Check("policy", policy, _IN),
    Check("shares", shares, _IN),
    Check("limits", limits, (*_IN, "tariffs")),
    Check("groups", groups, (*_IN, "tariffs")),
    Check("fields", fields, (*_IN, "tariffs")),
    Check("namesakes", namesakes, ("modules",)),
    Check("statistics", statistics, ("modules",)),
    Check("remembered", remembered, ("modules",)),
)
