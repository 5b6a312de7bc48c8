"""What a Nextcloud makes of a request: the order of its gates, its routes and its error pages."""

import hashlib
import re
from typing import TYPE_CHECKING, Any, List, Optional, Tuple
from urllib.parse import unquote

from . import accounts
from .accounts import BadParameter, Call, OcsError, PhpError
from .login import TOO_MANY, Doorkeeper, Stop, outer
from .message import JSON_TYPE, Answer, Request, envelope, html, plain_json
from .profile import Profile
from .routes import ADMIN, ANYBODY, KNOWN, SUBADMIN, Handler, Methods, find, table
from .state import Seen

if TYPE_CHECKING:
    from .server import Cloud

SUBADMINS_ONLY = "Logged in account must be at least a sub admin"
UNCONFIRMED = "Password confirmation is required"
INVALID_QUERY = (
    "Invalid query, please check the syntax. API specifications are here: "
    "http://www.freedesktop.org/wiki/Specifications/open-collaboration-services.\n"
)
STATUS, APP_PASSWORD = "/status.php", "/core/getapppassword"
USER, GROUP = "/cloud/users/([^/]+)", "/cloud/groups/(.+)"
RECENT = "/cloud/users/recent"
# Patterns that fit without the method make 405, none at all 998. A route without handler exists on
# the server, but the program has no business there: 501 makes that loud.
_ROWS: List[Tuple[str, Methods]] = [
    ("/cloud/capabilities", {"GET": (accounts.capabilities, ANYBODY)}),
    ("/cloud/user", {"GET": (accounts.own_record, KNOWN)}),
    ("/cloud/user/fields(?:/.+)?", {"GET": (None, KNOWN)}),
    (
        "/cloud/users",
        {"GET": (accounts.list_users, SUBADMIN), "POST": (accounts.create_user, SUBADMIN)},
    ),
    ("/cloud/users/details", {"GET": (accounts.list_details, SUBADMIN)}),
    ("/cloud/users/disabled", {"GET": (accounts.list_disabled, SUBADMIN)}),
    (RECENT, {"GET": (accounts.list_recent, ADMIN)}),
    (
        USER,
        {
            "GET": (accounts.read_user, KNOWN),
            "PUT": (accounts.edit_user, KNOWN),
            "DELETE": (accounts.delete_user, SUBADMIN),
        },
    ),
    (USER + "/enable", {"PUT": (accounts.enable_user, SUBADMIN)}),
    (USER + "/disable", {"PUT": (accounts.disable_user, SUBADMIN)}),
    (
        USER + "/groups",
        {
            "GET": (accounts.groups_of_user, KNOWN),
            "POST": (accounts.add_to_group, SUBADMIN),
            "DELETE": (accounts.remove_from_group, SUBADMIN),
        },
    ),
    (
        USER + "/(?:subadmins|welcome|wipe)",
        {"GET": (None, KNOWN), "POST": (None, ADMIN), "DELETE": (None, ADMIN)},
    ),
    (USER + "/.*", {}),
    (
        "/cloud/groups",
        {"GET": (accounts.list_groups, SUBADMIN), "POST": (accounts.create_group, ADMIN)},
    ),
    ("/cloud/groups/details", {"GET": (None, SUBADMIN)}),
    (GROUP + "/users/details", {"GET": (accounts.group_details, SUBADMIN)}),
    (GROUP + "/users", {"GET": (accounts.read_group, SUBADMIN)}),
    (GROUP + "/subadmins", {"GET": (None, ADMIN)}),
    (
        GROUP,
        {
            "GET": (accounts.read_group, SUBADMIN),
            "PUT": (None, ADMIN),
            "DELETE": (accounts.delete_group, ADMIN),
        },
    ),
    ("/core/apppassword/confirm", {"PUT": (accounts.confirm_password, KNOWN)}),
    (APP_PASSWORD, {"GET": (None, KNOWN)}),
    (
        "/apps/provisioning_api/api/v1/config/apps/([^/]+)/([^/]+)",
        {"GET": (accounts.app_setting, KNOWN)},
    ),
    ("/apps/serverinfo/api/v1/info", {"GET": (accounts.server_info, KNOWN)}),
]
ROUTES = table(_ROWS)
ROUTES_29 = table([row for row in _ROWS if row[0] != RECENT])
DOOR = Doorkeeper


def handle(cloud: "Cloud", request: Request, seen: Seen, was_free: bool) -> Answer:
    """Give the answer to one request and have its effect; ``seen`` learns who asked."""
    try:
        answer = _through_gates(cloud, request, seen, was_free)
    except Stop as stop:
        answer = stop.answer
    return answer


def _through_gates(cloud: "Cloud", request: Request, seen: Seen, was_free: bool) -> Answer:
    """Pass the gates in the server's order; the login is looked at before the route, the route
    before the rights.
    """
    if cloud.untrusted_host:
        return untrusted(request)
    if request.path == STATUS:
        return plain_json(
            200,
            cloud.profile.status(
                cloud.maintenance, installed=cloud.installed, edition="", extendedSupport=False
            ),
            "application/json",
        )
    if not cloud.installed:
        return not_installed()
    if cloud.maintenance:
        return maintenance(cloud.profile, request)
    if not re.match(r"/ocs/v[12]\.php(/|\Z)", request.path):
        return html(
            404,
            "Page not found",
            "The page could not be found on the server or you may not be allowed to view it.",
        )
    session = cloud.door.admit(request, seen)
    with cloud.lock:
        answer = _routed(Call(cloud, request, session, was_free))
    answer.cookies += session.cookies(request)
    return answer


def _routed(call: Call) -> Answer:
    """Find the route, pass what stands before it and run its handler."""
    request = call.request
    found, ids = find(ROUTES if call.cloud.profile.since_30 else ROUTES_29, request)
    if found is None:
        return (
            found_nothing(call.cloud.profile, request)
            if ids is None
            else Answer(405, content_type=JSON_TYPE)
        )
    handler, right = found
    if right != ANYBODY and call.session.user is None:
        return _ocs(request, 401, 997, "Current user is not logged in")
    if not _has_api_header(call):
        return plain_json(412, {"message": "CSRF check failed"})
    try:
        _check_middleware(call, handler, right)
        if handler is None:
            return Answer(501, b"the double does not have this route of the server", "text/plain")
        # Group ids are unquoted a second time by the controller.
        is_group = request.route.startswith("/cloud/groups/")
        data = handler(call, *(unquote(one) if is_group else one for one in ids or ()))
    except Stop as stop:
        return stop.answer
    except OcsError as error:
        return _refusal(request, error)
    except PhpError as error:
        return _server_fault(call, error)
    answer = _ocs(request, 200, 100 if request.ocs_version == 1 else 200, "OK", data)
    if handler is accounts.capabilities:
        answer.headers["ETag"] = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    return answer


def _has_api_header(call: Call) -> bool:
    """Whether the request shows that no browser was tricked into it."""
    sent, wanted = call.request.headers.get("ocs-apirequest", ""), call.cloud.profile.api_header
    bearer = call.request.headers.get("authorization", "").lower().startswith("bearer ")
    return bearer or (sent == wanted if wanted else bool(sent))


def _check_middleware(call: Call, handler: Optional[Handler], right: str) -> None:
    """Check what the server checks before the method, in its order; raises OcsError, Stop.

    Whether the caller is an admin is asked before the confirmation of the password, whether he is a
    sub-admin behind it and behind the limits.
    """
    if right == ADMIN and not (call.is_admin or call.is_delegated):
        raise OcsError(403, call.cloud.profile.texts["admins_only"])
    if _needs_confirmation(call, handler) and call.cloud.door.needs_confirmation(call.session):
        raise OcsError(403, UNCONFIRMED)
    if handler is accounts.confirm_password and not call.cloud.door.hold_up("sudo"):
        raise OcsError(429, TOO_MANY)
    if handler is accounts.edit_user and not call.cloud.rate_limit.allows(call.user.login):
        raise Stop(Answer(429))
    if right == SUBADMIN and not (call.is_admin or call.is_delegated or call.user.subadmin):
        raise OcsError(403, SUBADMINS_ONLY)


def _needs_confirmation(call: Call, handler: Optional[Handler]) -> bool:
    """Whether the method is one of those that want the password to be confirmed: every write but
    the confirmation itself, and the call that gives an app password.
    """
    return handler is not accounts.confirm_password and (
        call.request.method != "GET" or call.request.route == APP_PASSWORD
    )


def _refusal(request: Request, error: OcsError) -> Answer:
    """Put a refusal into the envelope: v1 always says HTTP 200."""
    status = (
        {998: 404, 404: 404, 403: 403, 429: 429}.get(error.code, 400)
        if request.ocs_version == 2
        else 200
    )
    return _ocs(request, status, error.code, error.message)


def _server_fault(call: Call, error: PhpError) -> Answer:
    """Make the answer to what nobody caught."""
    profile, request = call.cloud.profile, call.request
    if isinstance(error, BadParameter) and profile.bad_parameter_is_400:
        return Answer(400)
    status, code = (
        (200, 996) if request.ocs_version == 1 else (500, profile.codes["server_error_v2"])
    )
    return envelope(
        status,
        code,
        "Internal Server Error\n",
        as_json=request.wants_json,
        counts=profile.since_30 and request.ocs_version == 1,
    )


def _ocs(request: Request, http_status: int, code: int, message: str, data: Any = None) -> Answer:
    """Make an answer of the router."""
    return envelope(
        http_status,
        code,
        message,
        data,
        as_json=request.wants_json,
        counts=request.ocs_version == 1,
    )


def found_nothing(profile: Profile, request: Request) -> Answer:
    """Make the answer to a route that does not exist."""
    status, code = (
        (200, 998) if request.ocs_version == 1 else (404, profile.codes["unknown_route_v2"])
    )
    return outer(profile, request, status, code, INVALID_QUERY)


def untrusted(request: Request) -> Answer:
    """Make the answer to a Host that is not in trusted_domains."""
    if request.path == STATUS:
        return plain_json(400, {"error": "Trusted domain error.", "code": 15}, "application/json")
    return html(400, "Access through untrusted domain", "Please contact your administrator.")


def not_installed() -> Answer:
    """Make the answer of a cloud that has no configuration: everything leads to its set-up."""
    answer = Answer(302)
    answer.headers["Location"] = "/index.php"
    return answer


def maintenance(profile: Profile, request: Request) -> Answer:
    """Make the answer of maintenance mode."""
    answer = (
        outer(profile, request, 503, 503, "Service unavailable")
        if request.ocs_version
        else html(503, "Maintenance mode", "This instance is currently in maintenance mode.")
    )
    answer.headers["X-Nextcloud-Maintenance-Mode"] = "1"
    return answer
