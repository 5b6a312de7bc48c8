"""The cloud as a test sees it beside the program: the double, or a real server over its own API."""

import base64
import json
import os
import re
from typing import Any, Dict, List, NamedTuple, Optional, Set, Union
from urllib.parse import parse_qs, quote, urlsplit

import requests

from tests.doubles.cloud import Cloud

GIB = 1024**3


class Seen(NamedTuple):
    """An account as the cloud's administrator sees it; quota_bytes is None for unlimited."""

    enabled: bool
    email: str
    groups: Set[str]
    quota_bytes: Optional[int]


class DoubleSite:
    """The OCS double."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.url = cloud.url
        self.login = "admin"
        self.password = cloud.admin_password

    def account(self, login: str) -> Optional[Seen]:
        """The account, read past the program."""
        return _read(self.url, (self.login, self.password), login)

    def login_works(self, login: str, password: str) -> bool:
        """Whether a customer gets in with these."""
        return self.cloud.login_works(login, password)

    def add_account(self, login: str, password: str) -> None:
        """Somebody else's account."""
        self.cloud.add_user(login, password)

    def remove_account(self, login: str) -> None:
        """The cloud's administrator deletes an account by hand."""
        self.cloud.remove_user(login)

    def add_group(self, group: str) -> None:
        """A group that is there before the module comes."""
        self.cloud.add_group(group)

    def add_to_group(self, login: str, group: str) -> None:
        """The cloud's administrator puts an account into a group by hand."""
        user = self.cloud.users.find(login)
        assert user is not None
        self.cloud.add_group(group)
        user.groups.add(group)

    def store_bytes(self, login: str, password: str, count: int) -> None:
        """The customer has so many bytes of files."""
        user = self.cloud.users.find(login)
        assert user is not None
        user.used_bytes = count
        user.logged_in = True

    def used_bytes(self, login: str) -> int:
        """The bytes that the cloud counts."""
        user = self.cloud.users.find(login)
        assert user is not None
        return user.used_bytes

    def login_page_names(self, page: str) -> str:
        """The user name that a browser would find in that page; the double draws none."""
        return parse_qs(urlsplit(page).query)["user"][0]

    def clean(self, item_ids: List[int]) -> None:
        """Nothing to do: the double goes away."""


class RealSite:
    """The server that CLOUD_URL, CLOUD_USER, CLOUD_PASSWORD name, and CLOUD_CA its authority.

    Where CLOUD_PASSWORD is an app password, CLOUD_CONFIRM may hold the real one.
    """

    def __init__(self) -> None:
        self.url = os.environ["CLOUD_URL"].rstrip("/")
        self.login = os.environ["CLOUD_USER"]
        self.password = os.environ["CLOUD_PASSWORD"]
        self.confirm_password = os.environ.get("CLOUD_CONFIRM")
        self.ca_file = os.environ.get("CLOUD_CA")
        self._own_auth = (self.login, self.confirm_password or self.password)
        self._http = requests.Session()
        self._http.trust_env = False  # whose authorities would win over CLOUD_CA
        self._http.auth = self._own_auth
        self._http.headers["OCS-APIRequest"] = "true"
        self._http.verify = self.ca_file or True

    def _call(self, method: str, path: str, **form: str) -> int:
        answer = self._http.request(
            method, f"{self.url}/ocs/v1.php/cloud{path}?format=json", data=form or None, timeout=120
        )
        code: int = answer.json()["ocs"]["meta"]["statuscode"]
        return code

    def account(self, login: str) -> Optional[Seen]:
        """The account, read past the program."""
        return _read(self.url, self._own_auth, login, self._http.verify)

    def login_works(self, login: str, password: str) -> bool:
        """Whether a customer gets in with these."""
        answer = requests.get(
            f"{self.url}/ocs/v1.php/cloud/user?format=json",
            auth=(login, password),
            headers={"OCS-APIRequest": "true"},
            verify=self._http.verify,
            timeout=60,
        )
        return answer.status_code == 200

    def login_page_names(self, page: str) -> str:
        """The user name that a browser finds in that page, as either product hands it over."""
        text = requests.get(page, verify=self._http.verify, timeout=60).text
        field = re.search(r'name="user"[^>]*\svalue="([^"]*)"', text)
        state = re.search(r'loginUsername" value="([^"]*)"', text)
        if state:
            return str(json.loads(base64.b64decode(state.group(1))))
        return field.group(1) if field else ""

    def finds(self, address: str, login: str, password: str) -> bool:
        """Whether a program for files, calendars or contacts finds something there."""
        answer = requests.request(
            "PROPFIND",
            address,
            headers={"Depth": "0"},
            auth=(login, password),
            verify=self._http.verify,
            timeout=60,
        )
        return answer.status_code == 207

    def add_account(self, login: str, password: str) -> None:
        """Somebody else's account."""
        assert self._call("POST", "/users", userid=login, password=password) == 100

    def record(self, login: str) -> Dict[str, Any]:
        """All that the cloud's administrator is shown of an account."""
        url = f"{self.url}/ocs/v1.php/cloud/users/{quote(login)}?format=json"
        data: Dict[str, Any] = self._http.get(url, timeout=120).json()["ocs"]["data"]
        return data

    def edit(self, login: str, key: str, value: str) -> None:
        """The cloud's administrator, or its customer, changes a field of an account."""
        answer = self._http.request(
            "PUT",
            f"{self.url}/ocs/v1.php/cloud/users/{quote(login)}?format=json",
            data={"key": key, "value": value},
            timeout=120,
        )
        assert answer.json()["ocs"]["meta"]["statuscode"] == 100, answer.text

    def remove_account(self, login: str) -> None:
        """The cloud's administrator deletes an account by hand."""
        self._call("DELETE", f"/users/{login}")

    def remove_group(self, group: str) -> None:
        """The cloud's administrator removes a group, if it is there."""
        self._call("DELETE", f"/groups/{quote(group)}")

    def add_group(self, group: str) -> None:
        """A group that is there before the module comes."""
        assert self._call("POST", "/groups", groupid=group) in (100, 102)

    def add_to_group(self, login: str, group: str) -> None:
        """The cloud's administrator puts an account into a group by hand."""
        self.add_group(group)
        assert self._call("POST", f"/users/{login}/groups", groupid=group) == 100

    def store_bytes(self, login: str, password: str, count: int) -> None:
        """The customer uploads a file of so many bytes."""
        answer = requests.put(
            f"{self.url}/remote.php/dav/files/{login}/file.bin",
            data=b"\0" * count,
            auth=(login, password),
            verify=self._http.verify,
            timeout=120,
        )
        assert answer.status_code in (201, 204), answer.text

    def used_bytes(self, login: str) -> int:
        """The bytes that the cloud counts, with the example files that it may give everybody."""
        answer = self._http.get(
            f"{self.url}/ocs/v1.php/cloud/users/{login}?format=json", timeout=120
        ).json()
        used: int = answer["ocs"]["data"]["quota"]["used"]
        return used

    def clean(self, item_ids: List[int]) -> None:
        """Removes what a test left."""
        for item_id in item_ids:
            self._call("DELETE", f"/users/user_{item_id}")


def _read(url: str, auth: "tuple[str, str]", login: str, verify: object = True) -> Optional[Seen]:
    """An account by the API itself, without the program's client."""

    def get(path: str) -> Dict[str, Any]:
        answer: Dict[str, Any] = requests.get(
            f"{url}/ocs/v1.php/cloud/users/{login}{path}?format=json",
            auth=auth,
            headers={"OCS-APIRequest": "true"},
            verify=verify,
            timeout=60,
        ).json()["ocs"]
        return answer

    answer = get("")
    if answer["meta"]["statuscode"] != 100:
        return None
    data = answer["data"]
    is_nextcloud = "id" in data
    groups = data["groups"] if is_nextcloud else get("/groups")["data"]["groups"]
    return Seen(
        data["enabled"] in (True, "true"),
        data["email"] or "",
        set(groups),
        _limit(data["quota"]["quota" if is_nextcloud else "definition"]),
    )


def _limit(limit: Union[str, float]) -> Optional[int]:
    """The bytes of a limit as either product writes it; None is unlimited, as the default is."""
    if limit in ("none", "default"):
        return None
    if isinstance(limit, str):
        number, unit = limit.split()
        return round(float(number) * 1024 ** ("B", "KB", "MB", "GB", "TB", "PB").index(unit))
    return None if limit < 0 else int(limit)
