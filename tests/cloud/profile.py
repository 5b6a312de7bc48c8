"""What differs between products and versions, one object per server; the rest of the double is
common to all.

A new server is a new Profile with the answers that its recording shows.
"""

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from .sizes import Number, computer_file_size, php_round
from .state import User

UNLIMITED = -3


@dataclass(frozen=True)
class Profile:
    """The answers of one server.

    ``codes``: OCS code by reason. ``page_limit_max``: largest ``limit`` that is taken, None for
    any. ``refused_login_in_xml``: a wrong password is told in XML even if JSON was asked for.
    ``api_header``: the only value of OCS-APIRequest that is taken, None for any.
    """

    name: str
    version: str
    version_string: str
    product_name: str = "Nextcloud"
    refused_login_in_xml: bool = True
    api_header: Optional[str] = "true"
    page_limit_max: Optional[int] = None
    codes: Mapping[str, int] = field(default_factory=dict)

    def capabilities(self, url: str, *, logged_in: bool, delay_ms: int) -> Dict[str, Any]:
        """Give the data of cloud/capabilities as served to an anonymous or a known caller."""
        text = _capabilities(self.name).replace("{url}", url)
        data: Dict[str, Any] = json.loads(text)["logged_in" if logged_in else "anonymous"]
        data["capabilities"]["bruteforce"]["delay"] = delay_ms
        return data

    def quota(self, user: User, quota_text: str, disk_free_bytes: int) -> Dict[str, Any]:
        """Give the quota object; ``quota_text`` is the stored text with "default" already replaced.

        Before the first login there is no home to measure and the short shape is shown.
        """
        quota: Number = UNLIMITED if quota_text == "none" else computer_file_size(quota_text) or 0
        if not user.logged_in:
            return {"quota": "none" if quota == UNLIMITED else quota, "used": 0}
        used = user.used_bytes
        free: Number = disk_free_bytes
        if quota != UNLIMITED:
            free = min(free, max(quota - used, 0))
        total = (free + used) or 1
        if 0 < quota < total:
            total = quota
        return {
            "free": free,
            "used": used,
            "total": total,
            "relative": php_round(used / total * 100, 2),
            "quota": quota,
        }


@functools.lru_cache(maxsize=None)
def _capabilities(name: str) -> str:
    """Read the recorded capabilities of a server."""
    return (Path(__file__).parent / "capabilities" / f"{name}.json").read_text("utf-8")


NEXTCLOUD_29 = Profile(
    name="nextcloud-29.0.6",
    version="29.0.6.1",
    version_string="29.0.6",
    codes={
        "unknown_key": 103,
        "bad_value": 102,
        "password_policy_on_edit": 103,
        "missing_subadmin_group": 102,
    },
)
