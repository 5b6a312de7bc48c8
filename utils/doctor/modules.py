"""One processing module as BILLmanager has it stored, and the services that it has."""

from functools import cached_property
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from utils.api import NextcloudAPIClient, Own
from utils.base import address
from utils.base.secret import forgotten
from utils.base.values import Server
from utils.billing.modules import StoredModule, read_timeout_s
from utils.census import register
from utils.census.register import Entry, Register
from utils.cloud.connection import CloudStatus, version_text
from utils.consts import PARAM_TIMEOUT, SECRET_PARAMS, STATUS_ACTIVE, STATUS_SUSPENDED
from utils.doctor.billing import numbers
from utils.doctor.findings import Check, Finding, advice, fault, well
from utils.run.context import Context

EARLIER = "services_earlier"
WITHOUT_ACCOUNT = "services_without_account"
FAULTS = {
    register.UNREADABLE: "services_unreadable",
    register.FOREIGN: "services_foreign",
    register.ELSEWHERE: "services_elsewhere",
    register.UNOPENED: WITHOUT_ACCOUNT,
}
"""What is found where a service has no account on record, by the reason."""

MAX_WAIT_S = 30.0
"""Longest wait for one answer of a cloud: who waits here is a person."""


class Module:
    """A module and its cloud, asked once for what several checks want to know."""

    def __init__(self, ctx: Context, stored: StoredModule) -> None:
        self.ctx = ctx
        self.id = stored.id
        self.name = f"{stored.id} {stored.name}".strip()
        self.is_active = stored.is_active

    @cached_property
    def params(self) -> Dict[str, str]:
        """The stored connection, encrypted values under their name and "crypted:"."""
        return self.ctx.billing.modules.params(self.id)

    @cached_property
    def server(self) -> Server:
        """The connection."""
        server = self.ctx.billing.modules.server(self.id)
        return server._replace(timeout_s=min(server.timeout_s, MAX_WAIT_S))

    @cached_property
    def cloud(self) -> NextcloudAPIClient:
        """A client without a memory: what the doctor learns is for those who ask it."""
        return self.ctx.client(self.server)

    @cached_property
    def seen(self) -> CloudStatus:
        """What the cloud shows without a login."""
        return self.cloud.look()

    @property
    def version_text(self) -> str:
        """The cloud's version as it shows it; a cloud may hide it."""
        return version_text(self.seen.status)

    @property
    def version(self) -> Tuple[int, ...]:
        """The numbers of the version, none where it is hidden."""
        parts = self.version_text.split(".")
        return tuple(map(int, parts)) if all(map(str.isdecimal, parts)) else ()

    @cached_property
    def own(self) -> Own:
        """The module's user."""
        return self.cloud.own()

    @cached_property
    def capabilities(self) -> Mapping[str, Any]:
        """What the cloud tells the module's user that it can do."""
        return self.cloud.capabilities()


def connection(module: Module) -> Iterator[Finding]:
    """Whether the stored connection is whole and decrypts."""
    yield well(module.server.base_url)


def in_clear(module: Module) -> Iterator[Finding]:
    """Whether secrets travel and lie encrypted."""
    server, good = module.server, True
    if address.is_plain(server.base_url):
        good = False
        allowed = module.ctx.settings.allow_plain_http
        name = "plain_http"
        yield (advice if allowed else fault)(name, server.base_url)
    if not server.verify_tls and server.base_url.startswith("https:"):
        good = False
        yield advice("not_verified", server.base_url)
    for name in SECRET_PARAMS:
        if module.params.get(name):
            good = False
            yield advice("secret_in_clear", name)
    if good:
        yield well()


def bound(module: Module) -> Iterator[Finding]:
    """Whether the stored secrets belong to the server that the address names.

    SecretElsewhere is a fault: they are not sent there then.
    """
    binding = module.ctx.binding(module.id)
    binding.check(module.server)
    unbound = binding.list_unbound(module.server)
    yield advice("unbound_secret", ", ".join(unbound)) if unbound else well()


def form(module: Module) -> Iterator[Finding]:
    """Whether the rest of what is stored is used as it stands."""
    good = True
    timeout = module.params.get(PARAM_TIMEOUT, "").strip()
    used = f"{read_timeout_s(timeout):.0f}"
    if timeout and timeout != used:
        good = False
        yield advice("timeout_corrected", f"{timeout} -> {used}")
    if not module.is_active:
        good = False
        yield advice("module_off")
    if not module.ctx.billing.tariffs.served_by([module.id]):
        good = False
        yield advice("module_without_tariff")
    if good:
        yield well()


def services(module: Module) -> Iterator[Finding]:
    """Whether each open service has an account on record that is this module's."""
    ctx, server, cloud = module.ctx, module.server, module.cloud
    stored = Register(ctx.billing, module.id, lambda item: ctx.owner(item, server, cloud))
    found: Dict[str, List[int]] = {}
    seen = 0
    for item_ids in stored.ids():
        with forgotten():
            for entry in stored.look_up(item_ids):
                kind = _kind(entry)
                if kind:
                    found.setdefault(kind, []).append(entry.item.id)
        seen += len(item_ids)
    for name in FAULTS.values():
        if name in found:
            yield fault(name, numbers(found[name]))
    if EARLIER in found:
        yield advice(EARLIER, len(found[EARLIER]))
    yield well(seen)


def _kind(entry: Entry) -> str:
    """The finding about a service; an empty text where it is in order."""
    if not entry.why:
        return EARLIER if entry.item.mark is None else ""
    kind = FAULTS[entry.why]
    is_open = entry.item.status in (STATUS_ACTIVE, STATUS_SUSPENDED)
    return kind if is_open or kind != WITHOUT_ACCOUNT else ""


CHECKS = (
    Check("connection", connection, ("modules", "key")),
    Check("in_clear", in_clear, ("connection", "settings")),
    Check("bound", bound, ("connection", "settings")),
    Check("form", form, ("modules",)),
    Check("services", services, ("connection", "settings")),
)
