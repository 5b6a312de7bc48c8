"""A double of the cloud: answers over real sockets as a recorded Nextcloud or ownCloud does.

``with Cloud() as cloud:`` gives a server with one admin; ``cloud.url``, ``cloud.admin_login`` and
``cloud.admin_password`` are what a client needs. ``Cloud(OWNCLOUD_10)`` gives another of PROFILES.
See Cloud for the state, Fault for what can be broken, and ``python -m tests.doubles.cloud`` for a
server to look at by hand.
"""

from .faults import KINDS, LATE, Fault
from .profile import (
    NEXTCLOUD_29,
    NEXTCLOUD_32,
    NEXTCLOUD_33,
    NEXTCLOUD_34,
    OWNCLOUD_10,
    PROFILES,
    Profile,
)
from .server import Cloud
from .state import Seen, User, Users

__all__ = [
    "KINDS",
    "LATE",
    "NEXTCLOUD_29",
    "NEXTCLOUD_32",
    "NEXTCLOUD_33",
    "NEXTCLOUD_34",
    "OWNCLOUD_10",
    "PROFILES",
    "Cloud",
    "Fault",
    "Profile",
    "Seen",
    "User",
    "Users",
]
