"""What an ownCloud 10 makes of a request: its gates, routes, records and codes.

Two of its routes (capabilities and user) are answered by another part of the server than the rest,
with two more fields and other headers. Only v1 is told apart: v2 puts the HTTP status in place of
the OCS code.
"""

import re
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple, Union

from . import accounts
from .accounts import EMAIL, NAME_MAX, Call, OcsError, PhpError, php_int
from .login import Doorkeeper, Session, Stop
from .message import (
    JSON_TYPE,
    XML_OUTSIDE,
    XML_TYPE,
    Answer,
    Request,
    envelope,
    html,
    plain_json,
)
from .nextcloud import not_installed
from .profile import UNLIMITED, Profile, measured
from .routes import ADMIN, KNOWN, SUBADMIN, Methods, find, table
from .sizes import Number, computer_file_size, human_file_size, is_numeric
from .state import Seen, User

if TYPE_CHECKING:
    from .server import Cloud

NO_RIGHT = 997
STATUS = "/status.php"
INVALID_QUERY = (
    "Invalid query, please check the syntax. API specifications are here: "
    "http://www.freedesktop.org/wiki/Specifications/open-collaboration-services. DEBUG OUTPUT:\n"
)
NO_USER = "The requested user could not be found"
NO_GROUP = "The requested group could not be found"
SHORTEST_LOGIN, SHORTEST_SEARCH = 3, 2
SPECIAL_LOGINS = (
    "avatars",
    "meta",
    "files_external",
    "files_encryption",
    ".htaccess",
    ".ocdata",
    "index.html",
    "owncloud.log",
)
# What v2 makes of a code; 997 stays.
V2_STATUS = {100: 200, 104: 403, 403: 403, 996: 500, 998: 404, 999: 500}


class OwncloudDoor(Doorkeeper):
    """Decides whose request it is: a wrong password is nobody, and nobody counts it."""

    TOKEN_SCHEME = "token"

    def _is_alive(self, session: Session, request: Request) -> bool:
        """Whether a session still stands for its user; without a login it does from the start."""
        is_young = not (session.is_token or session.app_password)
        if is_young and "authorization" not in request.headers:
            return session.user is not None and self.users.find(session.user.login) is session.user
        return super()._is_alive(session, request)

    def refused(self, request: Request) -> Answer:
        """Make the answer to a request of nobody."""
        return _unauthorised(request, "Unauthorised")

    def disabled(self, request: Request) -> Answer:
        """Make the answer to the right password of a disabled account."""
        return _unauthorised(request, "User disabled")

    def _hold_up_login(self, request: Request) -> None:
        """Let everybody try as often as he likes."""

    def _refuse(self, request: Request, login: str) -> None:
        """Leave the answer to the route."""


DOOR = OwncloudDoor


def handle(cloud: "Cloud", request: Request, seen: Seen, was_free: bool) -> Answer:
    """Give the answer to one request and have its effect; ``seen`` learns who asked."""
    if cloud.untrusted_host:
        return untrusted(request)
    if request.path == STATUS:
        return plain_json(
            200,
            cloud.profile.status(
                cloud.maintenance,
                installed=cloud.installed,
                edition="Community",
                product="ownCloud",
            ),
            "application/json",
        )
    if not cloud.installed:
        return not_installed()
    if cloud.maintenance:
        return maintenance(cloud.profile, request)
    if not request.ocs_version:
        return html(404, "File not found", "The specified document has not been found.")
    try:
        session = cloud.door.admit(request, seen)
    except Stop as stop:
        return stop.answer
    if seen.kind_of_auth == "session" and not _proves_session(request):
        session = Session(session.key)
    with cloud.lock:
        answer = _routed(Call(cloud, request, session, was_free))
    answer.cookies += session.cookies(request)
    return answer


def _proves_session(request: Request) -> bool:
    """Whether cookies alone are enough: most routes want the header of the API with them."""
    return request.route in OWN_ROUTES or request.headers.get("ocs-apirequest") == "true"


def untrusted(request: Request) -> Answer:
    """Make the answer to a Host that is not in trusted_domains."""
    return html(400, "You are accessing the server from an untrusted domain.")


def maintenance(profile: Profile, request: Request) -> Answer:
    """Make the answer of maintenance mode."""
    if request.ocs_version:
        return _ocs(request, 503, 503, "Service unavailable")
    return html(503, "Maintenance mode", "This ownCloud instance is currently in maintenance mode.")


def _routed(call: Call) -> Answer:
    """Find the route, check the rights and run its handler."""
    request = call.request
    own = OWN_ROUTES.get(request.route)
    if own is not None and request.method == "GET":
        if call.session.user is None:
            return _ocs(request, 401, NO_RIGHT, "Unauthorised", own=True)
        return _ocs(request, 200, 100, "OK", own(call), own=True)
    found, ids = find(ROUTES if call.cloud.provisioning_api else [], request)
    if found is None:
        return (
            _ocs(request, 200, 999, INVALID_QUERY)
            if ids is None
            else Answer(405, content_type=JSON_TYPE)
        )
    handler, right = found
    if call.session.user is None or not _has_right(call, right):
        return _unauthorised(request, "Unauthorised")
    if handler is None:
        return Answer(501, b"the double does not have this route of the server", "text/plain")
    try:
        data = handler(call, *(ids or ()))
    except OcsError as error:
        if error.code == NO_RIGHT:
            return _unauthorised(request, error.message or None)
        return _ocs(request, 200, error.code, error.message or None)
    except PhpError:
        return Answer(200)
    return _ocs(request, 200, 100, None, data)


def _has_right(call: Call, right: str) -> bool:
    """Whether the route serves the acting user at all."""
    return right == KNOWN or call.is_admin or (right == SUBADMIN and bool(call.user.subadmin))


def _unauthorised(request: Request, message: Optional[str]) -> Answer:
    """Make the answer that a wrong password, a missing right and an unknown key have in common."""
    answer = _ocs(request, 401, NO_RIGHT, message)
    is_script = request.headers.get("x-requested-with") == "XMLHttpRequest"
    scheme = "DummyBasic" if is_script else "Basic"
    answer.headers["WWW-Authenticate"] = f'{scheme} realm="Authorisation Required"'
    return answer


def _ocs(
    request: Request,
    http_status: int,
    code: int,
    message: Optional[str],
    data: Any = None,
    *,
    own: bool = False,
) -> Answer:
    """Make an OCS answer; only ``format=json`` gets JSON. ``own`` is that of the other part."""
    if request.ocs_version == 2 and http_status == 200:
        http_status = code = V2_STATUS.get(code, 400)
    xml = XML_TYPE if own else XML_OUTSIDE
    return envelope(
        http_status,
        code,
        message,
        data,
        as_json=request.json_in_query,
        counts=own and request.ocs_version == 1,
        content_type=JSON_TYPE if request.json_in_query else xml,
    )


# The methods.


def capabilities(call: Call) -> Dict[str, Any]:
    """GET cloud/capabilities."""
    shown = call.cloud.profile.capabilities(call.cloud.url, call.user, 0)
    allowed = call.cloud.allowed_symbols
    if allowed:
        source = {"characters": allowed}
        kinds = {"special_characters": {"generate_from": source, "minimum": 1}}
        wanted = {"configuration": kinds}
        shown["capabilities"]["password_policy"] = {"password_requirements": wanted}
    return shown


def own_record(call: Call) -> Dict[str, Any]:
    """GET cloud/user: nothing about quota or groups."""
    user = call.user
    return {
        "id": user.login,
        "display-name": user.shown_name,
        "email": _email(user),
        "language": user.language,
    }


def list_users(call: Call) -> Dict[str, List[Union[str, int]]]:
    """GET users: a number-like login comes back as a number, to a sub-admin even as another."""
    search = call.text("search", "").lower()
    found = [
        user
        for user in call.cloud.users.values()
        if search in user.login.lower() and (call.is_admin or user.groups & call.user.subadmin)
    ]
    if search and len(search) < SHORTEST_SEARCH:
        found = []
    logins = accounts.array_keys(call, sorted(user.login for user in found))
    if call.text("limit", "") in ("", "0"):
        return {"users": logins}
    return {"users": _page(call, logins)}


def create_user(call: Call) -> None:
    """POST users: login, password and groups of a form, and nothing else of what was sent."""
    form = {} if "json" in _content_type(call.request) else call.request.form
    login, password = str(form.get("userid", "")), str(form.get("password", ""))
    groups = form.get("groups")
    if call.cloud.users.find(login):
        raise OcsError(102, "User already exists")
    if isinstance(groups, list):
        for group in groups:
            if group not in call.cloud.groups:
                raise OcsError(104, f"group {group} does not exist")
            if not call.is_admin and group not in call.user.subadmin:
                raise OcsError(105, f"insufficient privileges for group {group}")
    elif not call.is_admin:
        raise OcsError(106, "no group specified (required for subadmins)")
    fault = _login_fault(login)
    if not fault and not password.strip():
        fault = "A valid password must be provided"
    fault = fault or _password_fault(call, password)
    if fault:
        raise OcsError(101, fault)
    call.cloud.add_user(login, password, groups=groups if isinstance(groups, list) else ())


def read_user(call: Call, login: str) -> Dict[str, Any]:
    """GET users/ID: a record without login and groups; booleans are words."""
    user = call.target(login, 998, NO_USER)
    if not call.may_see(user):
        raise OcsError(NO_RIGHT)
    record: Dict[str, Any] = {"enabled": _word(user.enabled)} if call.may_manage(user) else {}
    record.update(
        {
            "quota": _quota(call, user),
            "email": _email(user),
            "displayname": user.shown_name,
            "home": f"/var/www/owncloud/data/{user.login}",
            "two_factor_auth_enabled": _word(user.login in call.cloud.two_factor),
            "last_login": int(user.last_login),
            "creation_time": int(user.created),
            "language": user.language,
        }
    )
    return record


def edit_user(call: Call, login: str) -> None:
    """PUT users/ID: one key at a time, out of a body that says what it is."""
    form = call.request.form if _content_type(call.request) else {}
    key, value = form.get("key"), str(form.get("value", ""))
    user = call.target(login, NO_RIGHT)
    is_own_matter = user is call.user and key not in ("quota", "two_factor_auth_enabled")
    if not (call.may_manage(user) or is_own_matter):
        raise OcsError(NO_RIGHT)
    if key == "quota":
        user.quota = _stored_quota(value)
    elif key in ("display", "displayname"):
        user.display_name = value.strip()
        if len(value) > NAME_MAX:
            raise PhpError("one of two tables takes the name, the other does not")
    elif key == "email":
        if value and not EMAIL.match(value):
            raise OcsError(102)
        user.email = user.profile["email"] = value
    elif key == "password":
        fault = _password_fault(call, value) if value else "Password cannot be empty"
        if fault:
            raise OcsError(403, fault)
        user.password = value
    elif key == "two_factor_auth_enabled":
        (call.cloud.two_factor.add if value == "true" else call.cloud.two_factor.discard)(
            user.login
        )
    else:
        raise OcsError(NO_RIGHT)


def delete_user(call: Call, login: str) -> None:
    """DELETE users/ID: nobody there is the same as oneself."""
    user = call.target(login, 101)
    if user is call.user:
        raise OcsError(101)
    if not call.may_manage(user):
        raise OcsError(NO_RIGHT)
    call.cloud.remove_user(user.login)


def add_to_group(call: Call, login: str) -> None:
    """POST users/ID/groups: a sub-admin may use every group."""
    group = call.text("groupid", "")
    _check_group(call, group)
    call.target(login, 103).groups.add(group)


def remove_from_group(call: Call, login: str) -> None:
    """DELETE users/ID/groups."""
    _check_group(call, call.text("groupid", ""))
    accounts.remove_from_group(call, login)


def list_groups(call: Call) -> Dict[str, List[str]]:
    """GET groups."""
    search = call.text("search", "").lower()
    found = sorted(one for one in call.cloud.groups if search in one.lower())
    return {"groups": _page(call, found) if "limit" in call.request.parameters else found}


def create_group(call: Call) -> None:
    """POST groups; it has no name but its id."""
    group = call.text("groupid", "")
    if not group or group != group.strip():
        raise OcsError(101, "Invalid group name")
    if group in call.cloud.groups:
        raise OcsError(102)
    if not call.is_admin:
        raise OcsError(NO_RIGHT)
    if len(group) > NAME_MAX:
        raise PhpError("the database takes no such name")
    call.cloud.add_group(group)


def read_group(call: Call, group: str) -> Dict[str, List[str]]:
    """GET groups/GID: the logins of its members, here always as text."""
    if group not in call.cloud.groups:
        raise OcsError(998, NO_GROUP)
    if not call.is_admin and group not in call.user.subadmin:
        raise OcsError(NO_RIGHT, "User does not have access to specified group")
    members = (user.login for user in call.cloud.users.values() if group in user.groups)
    return {"users": sorted(members)}


def _check_group(call: Call, group: str) -> None:
    """Raise OcsError 101 or 102 if no group was named, or one that is not there."""
    if not group:
        raise OcsError(101)
    if group not in call.cloud.groups:
        raise OcsError(102)


def _content_type(request: Request) -> str:
    """Give what the body says it is."""
    return request.headers.get("content-type", "")


def _word(value: bool) -> str:
    """Write a boolean as a word."""
    return "true" if value else "false"


def _email(user: User) -> Optional[str]:
    """Give the address: None if none was ever set, "" if it was taken away."""
    return user.email or user.profile.get("email")


def _page(call: Call, found: List[Any]) -> List[Any]:
    """Cut out a page: a limit below 0 is none, a word as limit is 0."""
    limit = php_int(call.text("limit"))
    start = php_int(call.text("offset", "0"))
    if start < 0:
        raise PhpError("the database takes no such offset")
    return found[start:] if limit < 0 else found[start : start + limit]


def _login_fault(login: str) -> str:
    """Give what is wrong with a login, "" if nothing."""
    if re.search(r"[^a-zA-Z0-9 +_.@'-]", login):
        return (
            'Only the following characters are allowed in a username: "a-z", "A-Z", "0-9", and '
            '"+_.@-\'"'
        )
    if not login.strip():
        return "A valid username must be provided"
    if login != login.strip():
        return "Username contains whitespace at the beginning or at the end"
    if len(login) < SHORTEST_LOGIN:
        return f"The username must be at least {SHORTEST_LOGIN} characters long"
    if len(login) > NAME_MAX:
        return f"The username can not be longer than {NAME_MAX} characters"
    if login in SPECIAL_LOGINS:
        return f"The special username {login} is not allowed"
    return ""


def _password_fault(call: Call, password: str) -> str:
    """Give what the app password_policy says if it is on, "" if nothing."""
    minimum = call.cloud.password_policy_min
    if len(password) < minimum:
        return f"The password is too short. At least {minimum} characters are required."
    if minimum and not re.search("[0-9]", password):
        return "The password contains too few numbers. At least one number is required."
    return " ".join(accounts.symbol_faults(call, password))


def _stored_quota(value: str) -> str:
    """Give the text under which a quota is stored; raises OcsError 103."""
    if value in ("none", "default"):
        return value
    size: Optional[Number] = float(value) if is_numeric(value) else computer_file_size(value)
    if size is None:
        raise OcsError(103, f"Invalid quota value {value}")
    # A negative size has no text: what is left is the unit, and the account is shut.
    return " B" if size < 0 else human_file_size(size)


def _quota(call: Call, user: User) -> Dict[str, Any]:
    """Give the quota object: before the first login there is no home, only the definition."""
    if user.is_broken:
        raise OcsError(996, "Internal Server Error\n")
    definition = {"definition": user.quota}
    if not user.logged_in:
        return definition
    text = call.cloud.default_quota if user.quota == "default" else user.quota
    quota: Number = UNLIMITED if text == "none" else computer_file_size(text) or 0
    return {**measured(quota, user.used_bytes, call.cloud.free_bytes), **definition}


USER, GROUP = "/cloud/users/([^/]+)", "/cloud/groups/([^/]+)"
OWN_ROUTES = {"/cloud/capabilities": capabilities, "/cloud/user": own_record}
_ROWS: List[Tuple[str, Methods]] = [
    ("/cloud/users", {"GET": (list_users, SUBADMIN), "POST": (create_user, SUBADMIN)}),
    (
        USER,
        {
            "GET": (read_user, KNOWN),
            "PUT": (edit_user, KNOWN),
            "DELETE": (delete_user, SUBADMIN),
        },
    ),
    (USER + "/enable", {"PUT": (accounts.enable_user, SUBADMIN)}),
    (USER + "/disable", {"PUT": (accounts.disable_user, SUBADMIN)}),
    (
        USER + "/groups",
        {
            "GET": (accounts.groups_of_user, KNOWN),
            "POST": (add_to_group, SUBADMIN),
            "DELETE": (remove_from_group, SUBADMIN),
        },
    ),
    (
        USER + "/subadmins",
        {"GET": (None, ADMIN), "POST": (None, ADMIN), "DELETE": (None, ADMIN)},
    ),
    ("/cloud/groups", {"GET": (list_groups, SUBADMIN), "POST": (create_group, SUBADMIN)}),
    (GROUP, {"GET": (read_group, SUBADMIN), "DELETE": (accounts.delete_group, ADMIN)}),
    (GROUP + "/subadmins", {"GET": (None, ADMIN)}),
]
ROUTES = table(_ROWS)
