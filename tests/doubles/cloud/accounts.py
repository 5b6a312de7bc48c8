"""The provisioning API itself: what each call does to users and groups and which code it answers.

Order of the checks and codes as recorded on Nextcloud; every handler takes a Call and the ids of
the path, returns the ``data`` of a success and raises OcsError otherwise.
"""

import hashlib
import itertools
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Union

from .login import Session
from .message import Request
from .sizes import Number, computer_file_size, human_file_size, is_numeric
from .state import User

if TYPE_CHECKING:
    from .server import Cloud

ADMIN_GROUP = "admin"
NAME_MAX = 64
GROUP_NAME_MAX = 255
PASSWORD_MAX_BYTES = 469
COMMON_PASSWORDS = {
    "abc",
    "123456",
    "12345678",
    "1234567890",
    "password",
    "password123",
    "qwertyuiop",
    "qwerty",
}
LANGUAGES = {
    "en",
    "en_GB",
    "de",
    "de_DE",
    "ru",
    "uk",
    "fr",
    "es",
    "it",
    "pl",
    "nl",
    "pt_BR",
    "cs",
    "tr",
    "kk",
}
RESERVED_LOGINS = (
    ".htaccess",
    "files_external",
    "__groupfolders",
    "owncloud.log",
    "nextcloud.log",
    "updater.log",
    "audit.log",
    "index.html",
    "appdata_instance01",
)
PROFILE_FIELDS = {
    "phone": r"\+",
    "address": "",
    "website": "https?://",
    "twitter": "",
    "fediverse": "",
    "organisation": "",
    "role": "",
    "headline": "",
    "biography": "",
}
OTHER_KEYS = ("manager", "profile_enabled", "locale")
# Keys that came after 29, and what a value looks like that they and the older ones take since.
NEW_FIELDS = ("bluesky", "pronouns")
NEW_KEYS = (*NEW_FIELDS, "timezone", "first_day_of_week")
CHECKED_VALUES = {
    "phone": r"\+\d",
    "website": "https?://",
    "locale": "(en|de|ru|fr|es)(_|\\Z)",
    "timezone": "(Europe|America|Asia|Africa|Australia)/",
    "first_day_of_week": r"[0-6]\Z",
}
PHP_ARRAY_KEY = re.compile(r"(0|-?[1-9][0-9]{0,17})\Z")
# An address as PHP's filter has it: no letters beyond ASCII, no bare number as top of the domain.
EMAIL = re.compile(
    r"[!-~]{1,64}(?<![.@])@((?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]*[A-Za-z][A-Za-z0-9-]*|\[[0-9.]+\])\Z"
)


class OcsError(Exception):
    """A refusal with an OCS code; the texts of real servers are translated and often empty."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class PhpError(Exception):
    """A fault inside the server: a parameter missing or of the wrong type, an exception that nobody
    catches.
    """


class BadParameter(PhpError):
    """A parameter is missing or of the wrong type."""


@dataclass
class Call:
    """One call with all that a handler needs; ``was_free`` tells that the login to be created did
    not exist when the request came in.
    """

    cloud: "Cloud"
    request: Request
    session: Session
    was_free: bool = True

    @property
    def user(self) -> User:
        """The acting user; only for routes that need one."""
        if self.session.user is None:
            raise PhpError("a route without login asked for the user")
        return self.session.user

    @property
    def is_admin(self) -> bool:
        """Whether the acting user is in the group admin, and may act as such from here.

        Ranges of addresses were tried on 34.0.1; 29.0.6 does not know them.
        """
        is_elsewhere = self.cloud.profile.since_30 and not self.cloud.is_admin_range
        return ADMIN_GROUP in self.user.groups and not is_elsewhere

    @property
    def is_delegated(self) -> bool:
        """Whether an admin gave the administration of users to a group of the acting user."""
        return bool(self.cloud.delegated & self.user.groups)

    def text(self, name: str, default: Optional[str] = None) -> str:
        """Give a text parameter; raises BadParameter if it is a list or missing without a
        default.
        """
        value = self.request.parameters.get(name, default)
        if value is None or isinstance(value, (list, dict)):
            raise BadParameter(name)
        return str(value)

    def texts(self, name: str) -> List[str]:
        """Give a list parameter, empty if it is not there; raises BadParameter for a single
        text.
        """
        value = self.request.parameters.get(name, [])
        if not isinstance(value, list):
            raise BadParameter(name)
        return [str(one) for one in value]

    def page(self, found: Iterable[Any], *, of_users: bool = True) -> List[Any]:
        """Cut ``limit`` and ``offset`` out of what was found: no limit and -1 are all, 0 and words
        are nothing; raises PhpError out of the range that newer servers have for them.
        """
        limit: Optional[int] = None
        largest = self.cloud.profile.page_limit_max
        if "limit" in self.request.parameters:
            limit = php_int(self.text("limit"))
            if largest is not None and not 1 <= limit <= largest:
                raise PhpError("limit")
        start = php_int(self.text("offset", "0"))
        if largest is not None and start < 0 and of_users:
            raise PhpError("offset")
        start = max(start, 0)
        end = None if limit is None or limit < 0 else start + limit
        return (
            found[start:end]
            if isinstance(found, list)
            else list(itertools.islice(found, start, end))
        )

    def target(self, login: str, missing_code: int = 998, message: str = "") -> User:
        """Give the user of the path; raises OcsError with ``missing_code``."""
        user = self.cloud.users.find(login)
        if user is None:
            raise OcsError(missing_code, message)
        return user

    def may_manage(self, user: User) -> bool:
        """Whether the acting user is an admin, or (never of an admin) one by delegation or a
        sub-admin of one of the user's groups.
        """
        return self.is_admin or (
            ADMIN_GROUP not in user.groups
            and (self.is_delegated or bool(self.user.subadmin & user.groups))
        )

    def may_see(self, user: User) -> bool:
        """Whether the acting user may read the user's record."""
        return self.may_manage(user) or self.is_delegated or user is self.user


def capabilities(call: Call) -> Dict[str, Any]:
    """GET cloud/capabilities, for anybody."""
    delay_ms = int(call.cloud.door.brute_force.delay_s() * 1000)
    data = call.cloud.profile.capabilities(call.cloud.url, call.session.user, delay_ms)
    if "password_policy" in data["capabilities"]:
        data["capabilities"]["password_policy"]["minLength"] = call.cloud.password_policy_min
    return data


def app_setting(call: Call, app: str, name: str) -> Dict[str, str]:
    """GET apps/provisioning_api/api/v1/config/apps/APP/NAME: empty where the default stands.

    For administrators; nobody is delegated to it.
    """
    cloud = call.cloud
    if not call.is_admin:
        raise OcsError(403, "Logged in account must be an admin")
    values = {
        "files/default_quota": "" if cloud.default_quota == "none" else cloud.default_quota,
        "files/max_quota": str(cloud.max_quota_bytes or ""),
        "files/allow_unlimited_quota": "" if cloud.unlimited_allowed else "0",
        "files_sharing/hide_disabled_user_shares": cloud.hides_shares,
        "password_policy/expiration": cloud.password_days,
    }
    return {"data": values.get(f"{app}/{name}", "")}


def server_info(call: Call) -> Dict[str, Any]:
    """GET apps/serverinfo/api/v1/info, of which only what was looked at is here.

    For administrators, where the app is there.
    """
    if not call.cloud.tells_server_info:
        raise OcsError(998, "Invalid query, please check the syntax.")
    if not call.is_admin:
        raise OcsError(401)
    count = len(call.cloud.users)
    is_object = call.cloud.object_storage
    counts = {
        "num_users": count,
        "num_storages_local": 0 if is_object else 1,
        "num_storages_home": 0 if is_object else count,
        "num_storages_other": count + 1 if is_object else 0,
    }
    return {"nextcloud": {"storage": counts}}


def own_record(call: Call) -> Dict[str, Any]:
    """GET cloud/user."""
    return _record(call, call.user, scopes=True)


def read_user(call: Call, login: str) -> Dict[str, Any]:
    """GET users/ID."""
    user = call.target(login, 404, "User does not exist")
    if not call.may_see(user):
        raise OcsError(998)
    return _record(call, user, scopes=user is call.user)


def list_users(call: Call) -> Dict[str, List[Union[str, int]]]:
    """GET users."""
    return {"users": array_keys(call, [user.login for user in _found_users(call)])}


def array_keys(call: Call, logins: List[str]) -> List[Union[str, int]]:
    """Give logins as keys of a PHP array: a number-like one is a number, and a sub-admin's lists
    are merged, which counts these anew from 0: the login is lost.
    """
    sees_all = call.is_admin or call.is_delegated
    new_numbers = itertools.count()
    return [
        login
        if PHP_ARRAY_KEY.match(login) is None
        else int(login)
        if sees_all
        else next(new_numbers)
        for login in logins
    ]


def list_details(call: Call) -> Dict[str, Any]:
    """GET users/details."""
    found = _by_login(call, _found_users(call))
    broken = call.cloud.broken_rows
    if isinstance(found, dict):
        found = {name: {"id": name} if name in broken else row for name, row in found.items()}
    return {"users": found}


def list_disabled(call: Call) -> Dict[str, Any]:
    """GET users/disabled."""
    disabled = [user for user in _reachable(call, call.text("search", "")) if not user.enabled]
    return {"users": _by_login(call, call.page(disabled))}


def list_recent(call: Call) -> Dict[str, Any]:
    """GET users/recent: whoever has logged in, the last one first; a limit of 0 is none here."""
    search = call.text("search", "")
    visitors = [user for user in call.cloud.users.matching(search) if user.last_login]
    visitors.sort(key=lambda user: (-int(user.last_login), user.login))
    is_all = call.text("limit", "") == "0" and call.cloud.profile.page_limit_max is None
    return {"users": _by_login(call, visitors if is_all else call.page(visitors))}


def create_user(call: Call) -> Dict[str, str]:
    """POST users: not atomic, a refused quota or language leaves the account behind."""
    cloud = call.cloud
    login, password = call.text("userid"), call.text("password", "")
    display_name, email = call.text("displayName", ""), _trimmed(call, call.text("email", ""))
    groups, subadmin = call.texts("groups"), call.texts("subadmin")
    quota, language = call.text("quota", ""), call.text("language", "")
    if not login and cloud.generate_login is not None:
        login = cloud.generate_login()
    if cloud.users.find(login):
        # Whoever looked before the other one was done fails in the database, with another code.
        raise (
            OcsError(101, "Bad request") if call.was_free else OcsError(102, "User already exists")
        )
    _check_groups(call, groups)
    _check_subadmin_groups(call, subadmin)
    _check_password_and_email(call, password, email)
    _check_limit(call)
    _check_login(login, ".ncdata" if cloud.profile.since_30 else ".ocdata")
    if password and not password.strip():
        raise OcsError(101, "A valid password must be provided")
    _check_policy(call, password)
    if len(login) > NAME_MAX:
        raise OcsError(101, cloud.profile.texts["long_login"])
    if len(display_name) > NAME_MAX:
        raise OcsError(101, "Invalid displayname")
    user = cloud.add_user(
        login,
        password or secrets.token_urlsafe(20),
        groups=groups,
        subadmin=subadmin,
        display_name=display_name.strip(),
    )
    try:
        if quota:
            _set_quota(call, user, quota)
    except PhpError as error:
        raise OcsError(101, str(error)) from error
    if language:
        _set_language(call, user, language)
    _end_create(call, user, email)
    return {"id": user.login}


def _end_create(call: Call, user: User, email: str) -> None:
    """Set what comes behind quota and language, which are not reached where these are refused.

    Tried on 29.0.6 and 34.0.1: the mail comes last, with a link where no password was sent.
    """
    user.profile["manager"] = call.text("manager", "")
    user.email = email.lower()
    if not call.text("password", "") and call.cloud.mails_new_users:
        call.cloud.links_mailed.append((user.login, user.email))


def edit_user(call: Call, login: str) -> None:
    """PUT users/ID: one key at a time."""
    key, value = call.text("key"), call.text("value")
    user = call.target(login)
    if not call.may_manage(user) and user is not call.user:
        raise OcsError(998)
    codes = call.cloud.profile.codes
    if key == "quota" and call.may_manage(user):
        _set_quota(call, user, value)
    elif key in ("displayname", "display"):
        if len(value) > NAME_MAX:
            raise OcsError(101, "Invalid displayname")
        user.display_name = value.strip() or user.display_name
    elif key == "email":
        value = _trimmed(call, value)
        if value and not EMAIL.match(value):
            raise OcsError(codes["bad_value"])
        user.email = value.lower()
    elif key == "password":
        if len(value.encode()) > PASSWORD_MAX_BYTES:
            raise OcsError(101, "Invalid password value")
        if _password_faults(call, value):
            raise OcsError(codes["password_policy_on_edit"], _password_faults(call, value))
        user.password = value
    else:
        _edit_profile(call, user, key, value)


def enable_user(call: Call, login: str) -> None:
    """PUT users/ID/enable."""
    if call.cloud.profile.limit_holds_enable:
        try:
            _check_limit(call)
        except OcsError as error:
            raise PhpError("nobody catches the hint") from error
    _set_enabled(call, login, True)


def disable_user(call: Call, login: str) -> None:
    """PUT users/ID/disable."""
    _set_enabled(call, login, False)


def delete_user(call: Call, login: str) -> None:
    """DELETE users/ID, with its app passwords."""
    user = call.target(login)
    if user is call.user:
        raise OcsError(101)
    if not call.may_manage(user):
        raise OcsError(998)
    call.cloud.remove_user(user.login)


def groups_of_user(call: Call, login: str) -> Dict[str, List[str]]:
    """GET users/ID/groups; a sub-admin sees only the groups that are his."""
    user = call.target(login)
    if user is call.user or call.is_admin or call.is_delegated:
        return {"groups": sorted(user.groups)}
    if not call.may_manage(user):
        raise OcsError(call.cloud.profile.codes["no_right"])
    return {"groups": sorted(user.groups & call.user.subadmin)}


def add_to_group(call: Call, login: str) -> None:
    """POST users/ID/groups."""
    group = call.text("groupid", "")
    if not group:
        raise OcsError(101)
    if group not in call.cloud.groups:
        raise OcsError(102)
    user = call.target(login, 103)
    if not _may_use(call, group):
        raise OcsError(104)
    user.groups.add(group)


def remove_from_group(call: Call, login: str) -> None:
    """DELETE users/ID/groups."""
    group = call.text("groupid")
    if not group.strip():
        raise OcsError(101)
    if group not in call.cloud.groups:
        raise OcsError(102)
    user = call.target(login, 103)
    if not _may_use(call, group):
        raise OcsError(104)
    if user is call.user and group == ADMIN_GROUP:
        raise OcsError(105, "Cannot remove yourself from the admin group")
    is_free = call.is_admin or call.is_delegated
    if not is_free and len(user.groups & call.user.subadmin) < 2:
        raise OcsError(105, "Not viable to remove user from the last group you are sub-admin of")
    user.groups.discard(group)


def list_groups(call: Call) -> Dict[str, List[str]]:
    """GET groups."""
    text = call.text("search", "").lower()
    names = call.cloud.groups
    found = sorted(
        group for group in names if text in group.lower() or text in names[group].lower()
    )
    return {"groups": call.page(found, of_users=False)}


def create_group(call: Call) -> None:
    """POST groups; ids differ by letter case, and a long name is not its id."""
    group = call.text("groupid")
    if group in ("", "0"):
        raise OcsError(101, "Invalid group name")
    if group in call.cloud.groups:
        raise OcsError(102, "group exists")
    if len(group) > GROUP_NAME_MAX:
        raise PhpError("the database takes no such name")
    is_long = len(group) > NAME_MAX
    group_id = hashlib.sha256(group.encode()).hexdigest() if is_long else group
    call.cloud.add_group(group_id, call.text("displayname", group))


def read_group(call: Call, group: str) -> Dict[str, List[str]]:
    """GET groups/GID: the logins of its members."""
    return {"users": [user.login for user in _members(call, group)]}


def group_details(call: Call, group: str) -> Dict[str, Any]:
    """GET groups/GID/users/details."""
    return {"users": _by_login(call, call.page(_members(call, group)))}


def delete_group(call: Call, group: str) -> None:
    """DELETE groups/GID."""
    if group not in call.cloud.groups:
        raise OcsError(101)
    if group == ADMIN_GROUP:
        raise OcsError(102)
    call.cloud.remove_group(group)


def confirm_password(call: Call) -> Dict[str, int]:
    """PUT core/apppassword/confirm: writes pass in this session for a while."""
    password, memory = call.text("password"), call.cloud.door.brute_force
    if password != call.user.password:
        memory.failed(call.user.login, "sudo")
        raise OcsError(403)
    memory.succeeded(call.user.login, "sudo")
    call.session.confirmed = call.cloud.clock()
    return {"lastLogin": int(call.session.confirmed)}


def _may_use(call: Call, group: str) -> bool:
    """Whether the acting user may put users into this group."""
    return (
        call.is_admin or (call.is_delegated and group != ADMIN_GROUP) or group in call.user.subadmin
    )


def _members(call: Call, group: str) -> List[User]:
    """Give the users of a group by login; raises OcsError 404 or 403."""
    if group not in call.cloud.groups:
        raise OcsError(404, "The requested group could not be found")
    if not (_may_use(call, group) or call.is_delegated):
        raise OcsError(403)
    return sorted(
        (user for user in call.cloud.users.values() if group in user.groups), key=_by_case
    )


def _by_case(user: User) -> str:
    """Sort key of one page: the login without regard to case."""
    return user.login.lower()


def _reachable(call: Call, search: str) -> Iterable[User]:
    """Give all users who match and whom the acting user may list, in the order of paging."""
    if call.is_admin or call.is_delegated:
        users = call.cloud.users
        return users.matching(search) if search else users.ordered()
    return [user for user in call.cloud.users.matching(search) if user.groups & call.user.subadmin]


def _found_users(call: Call) -> List[User]:
    """Give the asked page of users: paged by display name, then sorted by login within the page.

    To a sub-admin a page is one of each of his groups, and a search without a limit finds nobody.
    """
    search = call.text("search", "")
    if call.is_admin or call.is_delegated:
        return sorted(call.page(_reachable(call, search)), key=_by_case)
    if search and "limit" not in call.request.parameters:
        return []
    found: Dict[str, User] = {}
    for group in sorted(call.user.subadmin):
        members = [user for user in call.cloud.users.matching(search) if group in user.groups]
        if not search:
            members.sort(key=_by_case)
        found.update((user.login, user) for user in call.page(members))
    return list(found.values())


def _by_login(call: Call, users: List[User]) -> Union[Dict[str, Any], List[Any]]:
    """Give whole records by login; an array whose keys are 0, 1, 2 … is a list in PHP's JSON, an
    empty one too.
    """
    records = {user.login: _record(call, user, scopes=False) for user in users}
    if list(records) == [str(number) for number in range(len(records))]:
        return list(records.values())
    return records


def _shown_quota(call: Call, user: User, quota_text: str) -> Union[Dict[str, Any], List[Any]]:
    """Give the quota object; to an app password that may not see files nobody's was measured."""
    cloud = call.cloud
    if user.storage_locked:
        return []
    quota = cloud.profile.quota(user, quota_text, cloud.free_bytes)
    if call.session.app_password not in cloud.hides_files_from:
        return quota
    if cloud.profile.since_30:
        return {**quota, "used": "0"}
    return {"free": -2, "used": 0, "total": -2, "relative": 0, "quota": -3}


def _record(call: Call, user: User, *, scopes: bool) -> Dict[str, Any]:
    """Give one user as the acting user may see it, with ``scopes`` on one's own record only."""
    cloud = call.cloud
    since_30 = cloud.profile.since_30
    quota_text = user.quota if user.quota != "default" else cloud.default_quota
    fields = (*PROFILE_FIELDS, *NEW_FIELDS) if since_30 else (*PROFILE_FIELDS,)
    if user.is_broken:
        raise OcsError(996, "Internal Server Error\n")
    record: Dict[str, Any] = {}
    if call.may_manage(user) or since_30:
        record["enabled"] = user.enabled
    if call.is_admin or call.is_delegated:
        record["storageLocation"] = f"/var/nextcloud/data/{user.login}"
    record.update(
        {
            "id": user.login,
            "lastLogin": int(user.last_login) * 1000,
            "backend": "Database",
            "subadmin": sorted(user.subadmin),
            "quota": _shown_quota(call, user, quota_text),
            "manager": user.profile.get("manager", ""),
            "email": user.email or None,
            "additional_mail": list(user.additional_mail),
            "displayname": user.shown_name,
            "display-name": user.shown_name,
        }
    )
    record.update((name, user.profile.get(name, "")) for name in fields)
    record["profile_enabled"] = user.profile.get("profile_enabled", "1")
    if scopes:
        record["avatarScope"] = "v2-federated"
        record["additional_mailScope"] = ["v2-federated" for _ in user.additional_mail]
        record.update((name + "Scope", "v2-federated") for name in ("email", "displayname"))
        record.update((name + "Scope", "v2-local") for name in (*fields, "profile_enabled"))
    record.update(
        {
            "groups": sorted(user.groups),
            "language": user.language,
            "locale": user.profile.get("locale", ""),
            "notify_email": None,
            "backendCapabilities": {"setDisplayName": True, "setPassword": True},
        }
    )
    if since_30:
        record["firstLoginTimestamp"] = int(user.first_login)
        record["lastLoginTimestamp"] = int(user.last_login)
        record["timezone"] = user.profile.get("timezone", "")
        if scopes:
            record["pronounsScope"] = "v2-federated"
    return record


def php_int(text: str) -> int:
    """Read a number as PHP's (int): words are 0, what follows a number is nothing."""
    number = re.match(r"\s*[+-]?\d+(\.\d+)?(e[+-]?\d+)?", text, re.I | re.A)
    return int(float(number.group())) if number else 0


def _trimmed(call: Call, address: str) -> str:
    """Give an e-mail address without the blanks around it, which 29 left there."""
    return address.strip() if call.cloud.profile.since_30 else address


def _check_login(login: str, data_mark: str) -> None:
    """Raise OcsError 101 for a login that cannot be; ``data_mark`` is a file beside the homes."""
    if re.search(r"[^a-zA-Z0-9 _.@'-]", login):
        raise OcsError(
            101,
            'Only the following characters are allowed in an Login: "a-z", "A-Z", "0-9", spaces'
            " and "
            '"_.@-\'"',
        )
    if not login.strip():
        raise OcsError(101, "A valid Login must be provided")
    if login != login.strip():
        raise OcsError(101, "Login contains whitespace at the beginning or at the end")
    if not login.strip("."):
        raise OcsError(101, "Login must not consist of dots only")
    if login in (*RESERVED_LOGINS, data_mark):
        raise OcsError(101, "Login is invalid because files already exist for this user")


def _check_password_and_email(call: Call, password: str, email: str) -> None:
    """Raise OcsError 101, 108 or 110 if what was sent is too long or not enough."""
    if len(password.encode()) > PASSWORD_MAX_BYTES:
        raise OcsError(101, "Invalid password value")
    if not password and not email:
        raise OcsError(108, call.cloud.profile.texts["no_email"])
    if not email and call.cloud.email_required:
        raise OcsError(110, "Required email address was not provided")


def _check_limit(call: Call) -> None:
    """Raise OcsError 107 where there are as many users as may be: looked at before the login."""
    if call.cloud.user_limit is not None and len(call.cloud.users) >= call.cloud.user_limit:
        raise OcsError(
            107,
            "The user was not created because the user limit has been reached."
            " Check your notifications to learn more.",
        )


def _check_policy(call: Call, password: str) -> None:
    """Raise OcsError 107 for a weak password; without one the server makes its own."""
    faults = _password_faults(call, password)
    if password and faults:
        raise OcsError(107, faults)


def _check_groups(call: Call, groups: List[str]) -> None:
    """Raise OcsError 104, 105 or 106 if the new user cannot be put into these groups."""
    for group in groups:
        if group not in call.cloud.groups:
            raise OcsError(104, f"Group {group} does not exist")
        if not _may_use(call, group):
            raise OcsError(105, f"Insufficient privileges for group {group}")
    if not groups and not (call.is_admin or call.is_delegated):
        raise OcsError(106, "No group specified (required for sub-admins)")


def _check_subadmin_groups(call: Call, groups: List[str]) -> None:
    """Raise OcsError if nobody can be made sub-admin of these groups."""
    for group in groups:
        if group not in call.cloud.groups:
            raise OcsError(
                call.cloud.profile.codes["missing_subadmin_group"], "Sub-admin group does not exist"
            )
        if group == ADMIN_GROUP:
            raise OcsError(103, "Cannot create sub-admins for admin group")
        if not call.is_admin:
            raise OcsError(403)


def symbol_faults(call: Call, password: str) -> List[str]:
    """Give what is wrong with the characters beside letters and digits, nothing without a rule."""
    allowed = call.cloud.allowed_symbols
    if allowed is None:
        return []
    symbols = {char for char in password if not char.isalnum()}
    faults = []
    if symbols - set(allowed):
        faults.append("The password contains invalid special characters.")
    if allowed and not symbols:
        faults.append("The password contains too few special characters.")
    return faults


def _password_faults(call: Call, password: str) -> str:
    """Give what the password policy says, "" if nothing; the real list has a million words, this
    one a few.
    """
    faults = []
    if password.lower() in COMMON_PASSWORDS:
        faults.append("Password is among the 1,000,000 most common ones. Please make it unique.")
    minimum = call.cloud.password_policy_min
    if len(password) < minimum:
        faults.append(f"Password needs to be at least {minimum} characters long.")
    faults += symbol_faults(call, password)
    return " ".join(faults)


def _set_quota(call: Call, user: User, value: str) -> None:
    """Store a quota as the server rounds it; raises OcsError, PhpError for a negative one."""
    refused = call.cloud.profile.codes["bad_value"]
    if value not in ("none", "default"):
        size: Optional[Number] = float(value) if is_numeric(value) else computer_file_size(value)
        if size is None:
            raise OcsError(refused, f"Invalid quota value: {value}")
        largest = call.cloud.max_quota_bytes
        if largest is not None and size > largest:
            raise OcsError(refused, f"Invalid quota value. {value} is exceeding the maximum quota")
        written = human_file_size(size)
        stored = computer_file_size(written)
        if stored is None:
            raise PhpError(f"Failed to set quota to invalid value {written}")
        value = human_file_size(stored)
    if value == "none" and not call.cloud.unlimited_allowed:
        raise OcsError(refused, "Unlimited quota is forbidden on this instance")
    user.quota = value


def _set_language(call: Call, user: User, value: str) -> None:
    """Store a language that the server has."""
    if value not in LANGUAGES:
        raise OcsError(call.cloud.profile.codes["bad_value"], "Invalid language")
    user.language = user.profile["language"] = value


def _edit_profile(call: Call, user: User, key: str, value: str) -> None:
    """Store one of the keys that are neither login nor quota; up to 29 a value that is no phone or
    URL is dropped silently.
    """
    profile, codes = call.cloud.profile, call.cloud.profile.codes
    if profile.since_30 and not re.match(CHECKED_VALUES.get(key, ""), value):
        raise OcsError(codes["bad_value"], f"Invalid {key.replace('_', ' ')}")
    if key == "language":
        _set_language(call, user, value)
    elif key in PROFILE_FIELDS:
        if re.match(PROFILE_FIELDS[key], value):
            user.profile[key] = value
    elif key in (*OTHER_KEYS, *(NEW_KEYS if profile.since_30 else ())):
        user.profile[key] = value
    elif key == "additional_mail" and EMAIL.match(value):
        value = value.lower() if profile.since_30 else value
        if value not in user.additional_mail:
            user.additional_mail.append(value)
    elif key in ("notify_email", "additional_mail"):
        raise OcsError(codes["bad_value"])
    else:
        raise OcsError(codes["unknown_key"])


def _set_enabled(call: Call, login: str, enabled: bool) -> None:
    """Enable or disable; twice is a success."""
    user = call.target(login, 101)
    if user is call.user:
        raise OcsError(101)
    if not call.may_manage(user):
        raise OcsError(call.cloud.profile.codes["no_right"])
    user.enabled = enabled
