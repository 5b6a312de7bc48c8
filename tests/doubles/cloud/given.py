"""What the recorders had done by other means before the steps of each recording."""

from typing import Callable, Dict, List

from .replay import PASSWORD, Clock, Given
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


def _visited(*logins: str) -> Change:
    """Have accounts log in, one after another."""

    def change(cloud: Cloud) -> None:
        for login in logins:
            cloud.users[login].visit(cloud.clock())

    return change


def _used(login: str, used_bytes: int) -> Change:
    """Have an account hold so much, in both variants."""
    return _all(*(_change(f"{login}_{one}", used_bytes=used_bytes) for one in ("v1json", "v2json")))


def _two(*logins: str) -> List[str]:
    """Give the names of accounts of each variant that the newer recordings have."""
    return [f"{login}_{variant}" for login in logins for variant in ("v1json", "v2json")]


def _many(cloud: Cloud) -> None:
    """Put the accounts there that timings were taken with."""
    logins = [f"tim_{number:03}" for number in range(200)]
    logins += [f"tp_{kind}_{number}" for kind in ("appc", "rea", "reac") for number in range(11)]
    _users(*logins)(cloud)


def _later(seconds: int) -> Change:
    """Let time pass; the clock is that of the replay."""

    def change(cloud: Cloud) -> None:
        assert isinstance(cloud.clock, Clock)
        cloud.clock.now += seconds

    return change


def _failures(cloud: Cloud) -> None:
    """Have more wrong passwords than are borne."""
    for _ in range(12):
        cloud.door.brute_force.failed("rec_bf")


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


def _always_newer(cloud: Cloud, name: str) -> None:
    """Keep app passwords, and switch what was switched for a few steps."""
    for login in ("admin", "rec_plain3", "rec_sub3"):
        if login in cloud.users and login not in cloud.app_passwords.values():
            cloud.mint_app_password(login)
    cloud.rate_limit.enabled = name.startswith("rate limit")
    cloud.maintenance = name.startswith(("maintenance ", "status.php in")) and "check" not in name
    cloud.untrusted_host = name.endswith(("untrusted host", "untrusted host [v1json]"))
    cloud.token_auth_enforced = name.startswith("token_auth_enforced")
    cloud.two_factor.clear()
    if name.startswith("2FA enforced"):
        cloud.two_factor.add("admin")


def _found_before(cloud: Cloud) -> None:
    """Put the accounts there that the newer recordings found when they began."""
    _users("4711")(cloud)
    for number in range(1, 13):
        cloud.add_user(
            f"rec_user_{number}",
            PASSWORD,
            display_name=f"User {number}",
            email=f"u{number}@example.org",
            quota="1 GB",
            enabled=number != 3,
        )


def _newer(
    admin_used_bytes: int, *, sections: Dict[str, Change], steps: Dict[str, Change]
) -> Given:
    """Give what the three newer recordings had in common, and what one of them had of its own."""
    return Given(
        sections={
            "basic": _all(_found_before, _change("admin", used_bytes=admin_used_bytes)),
            "edit": _users(*_two("rec_ed")),
            "enable": _users(*_two("rec_en")),
            "groups 2": _users(*_two("rec_g")),
            "delete": _users(*_two("rec_del")),
            "auth": _users(*_two("rec_plain")),
            "apppw": _all(_forget_failures, _change("admin", profile={"language": "en"})),
            "delegated": _all(
                _users(*_two("rec_sub", "rec_dlg"), groups="rec_team rec_delegates"),
                *(_change(login, subadmin={"rec_team"}) for login in _two("rec_sub")),
                *(_change(login, groups={"rec_delegates"}) for login in _two("rec_dlg")),
                _setting(delegated={"rec_delegates"}),
            ),
            "ratelimit": _users("rec_rl"),
            "bruteforce": _failures,
            "patch": _all(_forget_failures, _users(*_two("rec_pa"))),
            "home": _users("rec_home"),
            **sections,
        },
        steps={
            "after login (no file yet)": _all(_later(1), _visited(*_two("rec_new"))),
            "after upload 3 MiB": _used("rec_new", 3 * MIB),
            "quota 5 GB again": _used("rec_new", 0),
            **steps,
        },
        always=_always_newer,
        one_state=True,
    )


NEXTCLOUD_32 = _newer(20_174_294, sections={}, steps={})
NEXTCLOUD_33 = _newer(20_180_442, sections={}, steps={})
NEXTCLOUD_34 = _newer(
    20_174_294,
    sections={
        "ratelimit": _users("rec_rl", "rec_rl2"),
        "http 2": _users("rec_q0"),
        "ratelimit 2": _later(601),
        "probe 2": _all(
            _users("rec_plain3", "rec_sub3"), _change("rec_sub3", subadmin={"rec_team"})
        ),
        "list 2": _many,
    },
    steps={
        "after login (no file yet)": _all(
            _visited("rec_new_v1json"), _later(1), _visited("rec_new_v2json")
        ),
        "users/recent": _later(61),
        "delegated admin: GET users/recent": _all(_later(1), _visited("rec_dlg_v2json")),
        # The calls that made this of the account are left out.
        "PATCH several wrong values: nothing changed": _change(
            "rec_pa_v1json",
            display_name="P",
            email="p@example.org",
            language="de",
            groups={"rec_grp_v1json"},
            quota="3 GB",
        ),
        "user fields list after PATCH": _change("rec_pa_v1json", quota="5 GB"),
        "wrong password, write": _later(61),
        "quota 0 B: read": _all(_later(1), _visited("rec_q0")),
        "40 minutes later: real password, no cookies": _later(40 * 60),
    },
)
