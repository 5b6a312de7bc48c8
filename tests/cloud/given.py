"""What the recorders had done by other means before the steps of each recording."""

from typing import Callable, List

from .replay import PASSWORD, Given
from .server import Cloud

Change = Callable[[Cloud], None]
MIB, GIB = 1024**2, 1024**3


def _users(*logins: str, groups: str = "", subadmin: str = "") -> Change:
    """Put plain accounts there, and those groups (separated by blanks)."""

    def change(cloud: Cloud) -> None:
        for group in groups.split() + subadmin.split():
            cloud.add_group(group)
        for login in logins:
            cloud.add_user(login, PASSWORD)

    return change


def _each(login: str) -> List[str]:
    """Give the name of an account of each variant that was recorded: two versions, two formats."""
    return [f"{login}_{variant}" for variant in ("v1json", "v1xml", "v2json", "v2xml")]


def _change(login: str, **values: object) -> Change:
    """Set attributes of an account."""

    def change(cloud: Cloud) -> None:
        for name, value in values.items():
            setattr(cloud.users[login.lower()], name, value)

    return change


def _setting(**values: object) -> Change:
    """Set attributes of the cloud."""

    def change(cloud: Cloud) -> None:
        for name, value in values.items():
            setattr(cloud, name, value)

    return change


def _app_password(login: str) -> Change:
    """Make an app password for an account."""

    def change(cloud: Cloud) -> None:
        cloud.mint_app_password(login)

    return change


def _forget_failures(cloud: Cloud) -> None:
    """Reset the memory of refused logins, as occ does."""
    cloud.door.brute_force.attempts.clear()


def _all(*changes: Change) -> Change:
    """Make several changes one after another."""

    def change(cloud: Cloud) -> None:
        for one in changes:
            one(cloud)

    return change


def _always_29(cloud: Cloud, name: str) -> None:
    """Keep one app password, and switch what was switched for a few steps: limits, modes, hosts,
    second factor.
    """
    if not cloud.app_passwords:
        cloud.mint_app_password("admin")
    cloud.rate_limit.enabled = name.startswith("rate limit")
    cloud.maintenance = name.startswith("maintenance")
    cloud.untrusted_host = name.startswith("untrusted domain")
    cloud.token_auth_enforced = name.startswith("token_auth_enforced")
    cloud.two_factor.clear()
    if name.startswith("2FA enforced"):
        cloud.two_factor.add("admin")


NEXTCLOUD_29 = Given(
    sections={
        "list": _all(
            _users("rec_alpha", "rec_beta", "rec_user_1", "rec_user_10", "rec_user_2"),
            _change("rec_alpha", display_name="Zoe Findme", email="needle.box@example.org"),
            _change("rec_beta", display_name="Yves Findme", email="other@example.org"),
        ),
        "create": _users(groups="rec_grp rec_grp2"),
        "quota": _users("rec_qu"),
        "edit": _users("rec_ed"),
        "enable": _users(*_each("rec_en")),
        "groups": _users(*_each("rec_gu")),
        "delete": _users(*_each("rec_del")),
        "auth": _all(
            _users(
                "rec_plain", "rec_subadm", "rec_insub", "rec_outsub", groups="rec_sub rec_other"
            ),
            _change("rec_subadm", subadmin={"rec_sub"}),
            _change("rec_insub", groups={"rec_sub"}),
        ),
        "ratelimit": _users("rec_rl"),
        "extra": _all(
            _users("rec_abort", "rec_pw", "rec_use", "rec_dflt"),
            _change("rec_abort", quota="2 GB", display_name="Aborted"),
            _change("rec_use", quota="10 MB", logged_in=True, last_login=1),
        ),
    },
    steps={
        "numeric userid in the list": _users("4711"),
        "create, instance requires e-mail": _setting(email_required=True),
        "create, instance generates userids": _setting(
            email_required=False, generate_login=lambda: "NkjYpdewQr"
        ),
        # Where unlimited is forbidden and no default is set, the first preset is the default.
        "create quota none, unlimited forbidden": _setting(
            generate_login=None, unlimited_allowed=False, default_quota="1 GB"
        ),
        "create quota above max_quota": _setting(unlimited_allowed=True, max_quota_bytes=10 * GIB),
        "after first login": _change("rec_qu", logged_in=True, last_login=1),
        "after upload": _change("rec_qu", used_bytes=3 * MIB),
        "quota default with default_quota=2 GB": _all(
            _change("rec_qu", quota="default"), _setting(default_quota="2 GB")
        ),
        "never logged in, quota 7 GB (details)": _all(
            _users("rec_fresh"), _change("rec_fresh", quota="7 GB")
        ),
        "never logged in, quota none": _all(
            _users("rec_fresh2"), _change("rec_fresh2", quota="none")
        ),
        "recreated after delete: old files gone?": _users("rec_del_v2json"),
        "non-admin GET /users": _forget_failures,
        "login with the e-mail address": _change("rec_plain", email="plain@example.org"),
        "after the reset": _forget_failures,
        "used: after the upload": _change("rec_use", used_bytes=3 * MIB),
        "used: after the delete (trash bin)": _change("rec_use", used_bytes=0),
        "used: after that": _change("rec_use", used_bytes=9 * MIB),
        "disabled user with an app password": _app_password("rec_use"),
        "enabled again: is the app password still valid?": _change("rec_use", enabled=True),
        "password changed by the admin: is the app password still valid?": _change(
            "rec_use", password=PASSWORD[::-1]
        ),
        "never logged in, default_quota=2 GB": _setting(default_quota="2 GB"),
    },
    always=_always_29,
)


def _always_owncloud(cloud: Cloud, name: str) -> None:
    """Keep one app password each, and switch what was switched for a few steps."""
    for login in ("admin", "user_1"):
        if login in cloud.users and login not in cloud.app_passwords.values():
            cloud.mint_app_password(login)
    cloud.untrusted_host = name.startswith("untrusted-host")
    cloud.maintenance = name.startswith(("maintenance", "singleuser"))
    cloud.token_auth_enforced = name.startswith("token-auth-enforced")
    cloud.provisioning_api = not name.startswith("provisioning-api-disabled")
    cloud.password_policy_min = 10 if name.startswith("policy") else 0
    cloud.default_quota = "1 GB" if name.startswith("default-quota-1GB") else "none"


OWNCLOUD_10 = Given(
    sections={
        "v1json": _users(groups="v1j/sl"),
    },
    steps={
        "as-subadmin-users": _change("v1j-u2", subadmin={"v1j-g1"}),
        "over-quota-put-1MB": _change("ex-dq", used_bytes=3_000_163),
        "used-after-upload": _change("Xuser_2", used_bytes=3_000_163, logged_in=True, last_login=1),
        "ratelimit-put-60": _users("sx-one"),
        "used-after-delete-to-trash": _change("Xuser_2", used_bytes=163),
    },
    always=_always_owncloud,
)
