"""Faults on order: what can go wrong between the program and the cloud, request by request."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, Dict, Optional, Union

from .message import Answer, Request, as_xml, envelope, html, plain_json

if TYPE_CHECKING:
    from .server import Cloud

LATE = "late"


@dataclass
class Fault:
    """One fault; the first that fits a request is used.

    ``method`` and ``path`` (a regular expression, searched in the path as sent without the
    sub-path) choose the requests, None chooses all; it strikes from the ``nth`` of them on,
    ``times`` times, None for ever. ``effect`` says whether the request is carried out all the same;
    None is the habit of the kind; LATE, for stall, carries it out after the wait. ``seconds`` is
    the wait of stall and the time per byte of drip.

    Kinds that break the connection: cut_before (nothing happens, the connection is closed),
    cut_after (it happened), half (half of the answer under the full Content-Length), stall, drip
    (byte by byte, headers too). Kinds that put another answer in place: empty, html, garbage (no
    JSON under its name), no_json (the true answer in XML), redirect, status (``code``, ``body``,
    ``headers``), ocs (``code``, ``message`` under HTTP 200), untrusted_host, unauthorized,
    password_confirmation, precondition, throttle_http, throttle_retry_after, throttle_v1,
    maintenance, bad_gateway. A refused connection is ``Cloud.pause``.
    """

    kind: str
    method: Optional[str] = None
    path: Optional[str] = None
    nth: int = 1
    times: Optional[int] = 1
    effect: Union[None, bool, str] = None
    seconds: float = 1.0
    code: int = 500
    message: str = ""
    body: bytes = b""
    headers: Dict[str, str] = field(default_factory=dict)
    matched: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a kind that does not exist."""
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of fault: {self.kind}")

    def fits(self, request: Request) -> bool:
        """Tell whether the fault strikes this request, which is counted if it is one of those
        chosen.
        """
        if self.method not in (None, request.method) or not re.search(
            self.path or "", request.path
        ):
            return False
        self.matched += 1
        return self.matched >= self.nth and (
            self.times is None or self.matched < self.nth + self.times
        )

    @property
    def has_effect(self) -> bool:
        """Whether the request is carried out."""
        return self.kind in WITH_EFFECT if self.effect is None else bool(self.effect)

    def answer(
        self, cloud: "Cloud", request: Request, true_answer: Optional[Answer]
    ) -> Optional[Answer]:
        """Give the answer in place of the true one; None where the kind leaves it as it is."""
        if self.kind == "no_json" and true_answer is not None:
            return as_xml(true_answer)
        make = ANSWERS.get(self.kind)
        return true_answer if make is None else make(self, cloud, request)


def _ocs(fault: Fault, cloud: "Cloud", request: Request) -> Answer:
    return envelope(200, fault.code, fault.message)


def _status(fault: Fault, cloud: "Cloud", request: Request) -> Answer:
    return Answer(fault.code, fault.body, headers=dict(fault.headers))


def _redirect(fault: Fault, cloud: "Cloud", request: Request) -> Answer:
    moved = html(301, "Moved Permanently")
    moved.headers["Location"] = fault.headers.get("Location", "/elsewhere" + request.path)
    return moved


def _throttle_retry_after(fault: Fault, cloud: "Cloud", request: Request) -> Answer:
    return Answer(429, headers={"Retry-After": "600"})


ANSWERS: Dict[str, Callable[[Fault, "Cloud", Request], Answer]] = {
    "empty": lambda fault, cloud, request: Answer(200),
    "html": lambda fault, cloud, request: html(200, "Nextcloud", "Log in"),
    "garbage": lambda fault, cloud, request: Answer(
        200, b'{"ocs":{"meta":\xff\x00', "application/json; charset=utf-8"
    ),
    "redirect": _redirect,
    "status": _status,
    "ocs": _ocs,
    "untrusted_host": lambda fault, cloud, request: cloud.product.untrusted(request),
    "unauthorized": lambda fault, cloud, request: cloud.door.refused(request),
    "password_confirmation": lambda fault, cloud, request: envelope(
        200, 403, "Password confirmation is required"
    ),
    "precondition": lambda fault, cloud, request: plain_json(412, {"message": "CSRF check failed"}),
    "throttle_http": lambda fault, cloud, request: Answer(429),
    "throttle_retry_after": _throttle_retry_after,
    "throttle_v1": lambda fault, cloud, request: envelope(
        200, 429, "Reached maximum delay", counts=False
    ),
    "maintenance": lambda fault, cloud, request: cloud.product.maintenance(cloud.profile, request),
    "bad_gateway": lambda fault, cloud, request: Answer(
        502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html"
    ),
}
BREAKS = ("cut_before", "cut_after", "half", "stall", "drip")
KINDS = (*BREAKS, "no_json", *ANSWERS)
WITH_EFFECT = ("cut_after", "half", "stall", "drip", "no_json", "empty")
