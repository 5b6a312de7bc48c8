"""What differs between products and versions, one object per server; the rest of the double is
common to all.

A new server is a new Profile with the answers that its recording shows.
"""

import dataclasses
import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from .sizes import Number, computer_file_size, php_round
from .state import User

UNLIMITED = -3
NEXTCLOUD, OWNCLOUD = "nextcloud", "owncloud"


@dataclass(frozen=True)
class Profile:
    """The answers of one server.

    ``product``: whose gates and routes it has. ``codes`` and ``texts``: OCS code and message by
    reason. ``page_limit_max``: largest ``limit`` that is taken, None for any.
    ``api_header``: the only value of OCS-APIRequest that is taken, None for any.
    ``app_passwords_may_write``: whether writes pass with an app password that nothing confirmed.
    ``bad_parameter_is_400``: a parameter missing or of the wrong type is an empty HTTP 400, else a
    fault of the server. ``limit_holds_enable``: with as many users as may be nobody is enabled
    either. ``since_30``: has what came between 29 and 32: refused logins in JSON,
    whole quota objects, negative free space, more keys, values that are checked, users/recent,
    delegated administrators. ``password_policy_min``: shortest password at first, 0 for no policy.
    ``skeleton_bytes``: what a new home holds. ``visit_counts_after_s``: for how long after a login
    the next one leaves its moment as it is.
    """

    name: str
    version: str
    version_string: str
    product: str = NEXTCLOUD
    product_name: str = "Nextcloud"
    api_header: Optional[str] = None
    page_limit_max: Optional[int] = None
    app_passwords_may_write: bool = True
    bad_parameter_is_400: bool = False
    limit_holds_enable: bool = False
    since_30: bool = True
    password_policy_min: int = 10
    skeleton_bytes: int = 0
    visit_counts_after_s: int = 60
    codes: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def status(self, maintenance: bool, **own: object) -> Dict[str, object]:
        """Give status.php, which needs no login and tells the truth in maintenance mode too."""
        return {
            "installed": own.pop("installed", True),
            "maintenance": maintenance,
            "needsDbUpgrade": False,
            "version": self.version,
            "versionstring": self.version_string,
            "productname": self.product_name,
            **own,
        }

    def capabilities(self, url: str, user: Optional[User], delay_ms: int) -> Dict[str, Any]:
        """Give the data of cloud/capabilities as served to a user or to an anonymous caller."""
        text = _capabilities(self.name).replace("{url}", url)
        data: Dict[str, Any] = json.loads(text)["anonymous" if user is None else "logged_in"]
        if "bruteforce" in data["capabilities"]:
            data["capabilities"]["bruteforce"]["delay"] = delay_ms
        if user is not None and "user" in data["capabilities"]["core"]:
            settings = data["capabilities"]["core"]["user"]
            settings.update((name, user.profile.get(name, settings[name])) for name in settings)
        return data

    def quota(self, user: User, quota_text: str, disk_free_bytes: int) -> Dict[str, Any]:
        """Give the quota object; ``quota_text`` is the stored text with "default" already replaced.

        Up to 29 the short shape is shown before the first login, as there is no home to measure.
        """
        quota: Number = UNLIMITED if quota_text == "none" else computer_file_size(quota_text) or 0
        used = user.used_bytes
        if self.since_30:
            free = total = UNLIMITED if quota <= 0 else quota
            relative: Number = 0
            if quota > 0:
                free, relative = quota - used, php_round(used / quota * 100, 2)
        elif not user.logged_in:
            return {"quota": "none" if quota == UNLIMITED else quota, "used": 0}
        else:
            return {**measured(quota, used, disk_free_bytes), "quota": quota}
        return {"free": free, "used": used, "total": total, "relative": relative, "quota": quota}


def measured(quota: Number, used: int, disk_free_bytes: int) -> Dict[str, Number]:
    """Give used and free space against a quota (UNLIMITED, or bytes) and the disk, as ownCloud and
    Nextcloud up to 29 do. A storage that tells no free space has a negative number of it.
    """
    free: Number = disk_free_bytes
    if quota != UNLIMITED:
        left = max(quota - used, 0)
        free = min(free, left) if free >= 0 else left
    if free < 0:
        return {"free": free, "used": used, "total": free, "relative": 0}
    total = (free + used) or 1
    if 0 < quota < total:
        total = quota
    relative = php_round(used / total * 100, 2)
    return {"free": free, "used": used, "total": total, "relative": relative}


@functools.lru_cache(maxsize=None)
def _capabilities(name: str) -> str:
    """Read the recorded capabilities of a server."""
    return (Path(__file__).parent / "capabilities" / f"{name}.json").read_text("utf-8")


NEXTCLOUD_29 = Profile(
    name="nextcloud-29.0.6",
    version="29.0.6.1",
    version_string="29.0.6",
    api_header="true",
    since_30=False,
    codes={
        "no_right": 998,
        "unknown_key": 103,
        "bad_value": 102,
        "password_policy_on_edit": 103,
        "missing_subadmin_group": 102,
        "server_error_v2": 500,
        "unknown_route_v2": 404,
    },
    texts={
        "no_email": "To send a password link to the user an email address is required.",
        "long_login": "Bad request",
        "admins_only": "Logged in account must be an admin",
    },
)
NEXTCLOUD_32 = Profile(
    name="nextcloud-32.0.2",
    version="32.0.2.2",
    version_string="32.0.2",
    codes={
        "no_right": 998,
        "unknown_key": 113,
        "bad_value": 101,
        "password_policy_on_edit": 107,
        "missing_subadmin_group": 109,
        "server_error_v2": 996,
        "unknown_route_v2": 998,
    },
    texts={
        "no_email": "An email address is required, to send a password link to the user.",
        "long_login": "Username is too long",
        "admins_only": "Logged in account must be an admin, a sub admin or gotten special right to"
        " access this setting",
    },
)
NEXTCLOUD_33 = dataclasses.replace(
    NEXTCLOUD_32,
    name="nextcloud-33.0.3",
    version="33.0.3.2",
    version_string="33.0.3",
    bad_parameter_is_400=True,
)
NEXTCLOUD_34 = dataclasses.replace(
    NEXTCLOUD_33,
    name="nextcloud-34.0.1",
    version="34.0.1.2",
    version_string="34.0.1",
    page_limit_max=500,
    app_passwords_may_write=False,
    limit_holds_enable=True,
)
OWNCLOUD_10 = Profile(
    name="owncloud-10.15.2",
    version="10.15.2.0",
    version_string="10.15.2",
    product=OWNCLOUD,
    product_name="ownCloud",
    since_30=False,
    password_policy_min=0,
    skeleton_bytes=163,
    visit_counts_after_s=0,
    codes={"no_right": 997},
)
PROFILES = {
    profile.name: profile
    for profile in (NEXTCLOUD_29, NEXTCLOUD_32, NEXTCLOUD_33, NEXTCLOUD_34, OWNCLOUD_10)
}
