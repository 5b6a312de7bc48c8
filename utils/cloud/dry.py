"""A cloud in a dry run: questions are asked, no change is sent, and each change is noted.

What the program reads back of its own changes is laid over what the cloud tells, as the recorded
clouds would tell it. Nobody knows before whether the cloud takes a change: its rules for passwords,
its limits and the rights of the login show only then.
"""

from typing import Any, Dict, List, Mapping, Optional, Tuple, Type
from urllib.parse import unquote, urlsplit

from utils.base import deeds, errors, logins, sizes
from utils.base.intended import Plan
from utils.cloud import ocs, transport
from utils.cloud.connection import OCS, WHO_AM_I, Connection, Request
from utils.cloud.ocs import Envelope, mapping
from utils.cloud.transport import Response

_USERS, _GROUPS = "/cloud/users", "/cloud/groups"

PAGE_SIZE = 200
"""Groups per page of a search; a cloud has few of which one is named in the other."""

_NAMES_SHOWN = {
    "email": "email",
    "display": "displayname",
    "language": "language",
    "manager": "manager",
}
"""The fields of an account as they are set, and as they are shown."""


class Pretended:
    """What an account would be by now; `made` is its record where it would be a new one."""

    def __init__(self, made: Optional[Dict[str, Any]] = None) -> None:
        self.made = made
        self.is_gone = False
        self.password: Optional[str] = None
        """The password that it would have got."""
        self.fields: Dict[str, Any] = {}
        self.quota: Any = None
        self.groups: Dict[str, bool] = {}
        """Whether it would be in a group; it stays as it is in any other."""

    def edit(self, key: str, value: str) -> None:
        """Sets one of the fields that an administrator may set."""
        if key == "quota":
            limit = sizes.stored_bytes(sizes.parse_text(value))
            self.quota = "none" if limit == sizes.UNLIMITED else limit
        elif key == "password":
            self.password = value
        else:
            self.fields[_NAMES_SHOWN[key]] = value

    def show(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record of the account as the cloud would show it."""
        shown = {**record, **self.fields}
        if self.quota is not None:
            shown["quota"] = {**mapping(record.get("quota")), "quota": self.quota}
        if isinstance(record.get("groups"), list):
            shown["groups"] = self.list_groups(record["groups"])
        return shown

    def list_groups(self, groups: List[Any]) -> List[Any]:
        """The groups that it would be in."""
        stays = [one for one in groups if self.groups.get(str(one), True)]
        names = set(map(str, groups))
        return [*stays, *(one for one, is_in in self.groups.items() if is_in and one not in names)]


class DryConnection(Connection):
    """Asks as the module's user; `plan` notes what would change anything."""

    def __init__(self, plan: Plan, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plan = plan
        self._users: Dict[str, Pretended] = {}
        self._groups: Dict[str, bool] = {}

    def _ask(self, request: Request, means: str) -> Any:
        """The data of a question, as they would be by now; nothing for a change.

        Another login than the module's own is taken to be right, unless the password would be
        another by now. To try one changes an account, which may have its files made by it, and a
        wrong one is counted.
        """
        if request.auth is not None:
            return self._assume(request.auth)
        if request.method == "GET":
            return self._answer(request, means)
        fields = {**(request.params or {}), **(request.data or {})}
        place = urlsplit(f"{self._server.base_url}{OCS}{request.path}").path
        with self._plan.noted(deeds.request(request.method, place, fields)):
            self._pretend(request, fields, means)
        return None

    def _send(self, request: Request) -> Response:
        """One question. Whatever else is to be sent here would be a fault of the program."""
        if request.method != "GET":
            raise errors.Unexpected(f"{request} in a dry run")
        return super()._send(request)

    # -- questions --------------------------------------------------------------------------------

    def _assume(self, auth: transport.AuthBase) -> Any:
        """Who the owner of a login is, where it is right."""
        login, password = (vars(auth)[name].decode() for name in ("username", "password"))
        user = self._users.get(logins.fold(login))
        known = None if user is None else user.password
        if known is None and login not in self._plan.assumed:
            self._plan.assumed.append(login)
        if known not in (None, password):
            raise errors.LoginRefused(f"GET {WHO_AM_I}")
        return {"id": login}

    def _answer(self, request: Request, means: str) -> Any:
        login, part = _account_of(request.path)
        user = self._users.get(logins.fold(login))
        if user is None:
            return super()._ask(request, means)
        if user.is_gone:
            raise self._refusal(errors.NoSuchUser, request, means)
        data = user.made
        if data is None:
            data = super()._ask(request, means)
        if part == "groups":
            return {"groups": user.list_groups(list(mapping(data).get("groups") or []))}
        return user.show(mapping(data))

    def _has_group(self, group: str) -> bool:
        """Whether the cloud has a group, or would have it by now."""
        if group not in self._groups:
            self._groups[group] = self._find_group(group)
        return self._groups[group]

    def _find_group(self, group: str) -> bool:
        offset, size = 0, PAGE_SIZE
        while True:
            params = {"search": group, "limit": size, "offset": offset}
            try:
                page = super()._ask(Request("GET", _GROUPS, params), means="")
            except errors.RightsMissing:
                return True  # who may not look is not told otherwise before it is tried
            found = mapping(page).get("groups") or []
            if group in map(str, found):
                return True
            if len(found) < size:
                return False
            offset += size

    # -- changes ----------------------------------------------------------------------------------

    def _pretend(self, request: Request, fields: Mapping[str, str], means: str) -> None:
        """What the cloud would tell after the change. Raises what it would answer instead."""
        login, part = _account_of(request.path)
        if (request.method, request.path) == ("POST", _GROUPS):
            self._groups[fields["groupid"]] = True
        elif (request.method, request.path) == ("POST", _USERS):
            self._make(request, fields, means)
        elif login:
            self._change(self._user(login, request, means), request, part, fields, means)
        else:
            raise errors.Unexpected(f"{request} in a dry run")

    def _user(self, login: str, request: Request, means: str) -> Pretended:
        user = self._users.setdefault(logins.fold(login), Pretended())
        if user.is_gone:
            raise self._refusal(errors.NoSuchUser, request, means)
        return user

    def _make(self, request: Request, fields: Mapping[str, str], means: str) -> None:
        group, login = fields.get("groups[]", ""), fields["userid"]
        if group and not self._has_group(group):
            raise self._refusal(errors.NoSuchGroup, request, means)
        made = {"id": login, "enabled": True, "displayname": login, "groups": [], "language": "en"}
        unused = {"lastLogin": 0, "quota": {"quota": "default", "used": 0}}
        user = Pretended({**made, **unused})
        user.password = fields.get("password")
        if group:
            user.groups[group] = True
        for key, value in fields.items():
            known = "display" if key == "displayName" else key
            if known == "quota" or known in _NAMES_SHOWN:
                user.edit(known, value)
        self._users[logins.fold(login)] = user

    def _change(
        self,
        user: Pretended,
        request: Request,
        part: str,
        fields: Mapping[str, str],
        means: str,
    ) -> None:
        if part in ("enable", "disable"):
            user.fields["enabled"] = part == "enable"
        elif part == "groups":
            is_in = request.method == "POST"
            if is_in and not self._has_group(fields["groupid"]):
                raise self._refusal(errors.NoSuchGroup, request, means)
            user.groups[fields["groupid"]] = is_in
        elif request.method == "DELETE":
            user.is_gone = True
        else:
            user.edit(fields["key"], fields["value"])

    def _refusal(
        self, kind: Type[errors.CloudRefused], request: Request, means: str
    ) -> errors.PmError:
        """The product's refusal of that kind, by one of the codes that it has for it."""
        meanings = self.product.means[means]
        code = next(code for code, meant in meanings.items() if meant is kind)
        return ocs.error_for(kind, str(request), Envelope(code, "", None))


def _account_of(path: str) -> Tuple[str, str]:
    """The login in a path, and the part of the account behind it; empty where there is none."""
    if not path.startswith(_USERS + "/"):
        return "", ""
    login, _, part = path[len(_USERS) + 1 :].partition("/")
    return unquote(login), part
