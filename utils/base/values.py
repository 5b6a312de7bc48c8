"""What the commands talk about: services, servers, orders, accounts. All frozen."""

from enum import Enum
from typing import NamedTuple, Optional, Tuple

from utils.base.secret import Secret
from utils.consts import WARN_AT


class Server(NamedTuple):
    """A module's connection: where its cloud is and how to log in there.

    `confirm_secret` is the real password, where `secret` is an app password and the cloud wants
    writes confirmed; most have none.
    """

    module_id: int
    base_url: str
    username: str
    secret: Secret
    verify_tls: bool
    timeout_s: float
    confirm_secret: Secret = Secret("")


class Trust(Enum):
    """Who has made a mark, as far as it can be told."""

    SEALED = "sealed"
    """This installation: nobody else can make its seal."""
    OLD = "old"
    """This installation before it knew seals; taken once."""
    NONE = "none"
    """Another installation, or a forger."""


class Mark(NamedTuple):
    """The module's own record on a service; see utils.billing.mark.

    `is_made` is whether the account was seen as ordered when the mark was written; until then it
    announces an account.
    """

    item_id: int
    login: str
    server: str
    password: Secret
    is_made: bool = False
    trust: Trust = Trust.SEALED


class Place(NamedTuple):
    """Where the account of a service is, as its sealed mark tells: `server` is a digest.

    `url` is the address that the service shows its customer, and empty where it is no address of
    that server.
    """

    item_id: int
    server: str
    url: str


class Item(NamedTuple):
    """A service in billing, with what is saved on it.

    `saved_account` is the login as a column of its own shows it, None where the service has none.
    `level` is how it was suspended, as utils.accounts.levels reads it, and `trial_group` the group
    that its account was put into for a trial.
    `saved_domain` is the domain that an order form may have asked for.
    `is_broken` is whether something of that does not decrypt, so that it has neither mark nor
    password here; only services that are read by the batch may be so.
    """

    id: int
    itemtype: str
    status: int
    account_id: int
    tariff_id: int
    last_tariff_id: Optional[int]
    trial: bool
    module_id: int
    saved_login: str
    saved_password: Optional[Secret]
    saved_url: str
    mark: Optional[Mark]
    password_is_crypted: bool = False
    is_broken: bool = False
    saved_account: Optional[str] = None
    level: str = ""
    trial_group: str = ""
    saved_domain: str = ""


class Disk(NamedTuple):
    """The add-on that sells a service's space, and its measure: one of it is `unit_bytes`."""

    addon: str
    measure_id: int
    unit_bytes: int


class Terms(NamedTuple):
    """What a tariff says of its accounts beside their space. Empty, or 0, means: as the settings.

    `name_source` is whose name an account shows, `language_source` CLIENT or a language.
    `sends_link` is whether the cloud mails a link by which the customer sets his first password,
    so that billing never knows one. `warn_at` are the parts of the space, in percent and rising, at
    which the client is told that it runs out; none for a client who is not told. `on_close`,
    `keep_days`, `suspension` and `warn_days` say how a service ends and how it is suspended;
    `trial_group` is the group of accounts in a trial. `broken` names the fields whose stored
    values cannot be used, and are not.
    """

    group: str = ""
    template: str = ""
    password_length: int = 0
    password_kinds: str = ""
    name_source: str = ""
    language_source: str = ""
    is_unlimited: bool = False
    sends_link: bool = False
    warn_at: Tuple[int, ...] = WARN_AT
    on_close: str = ""
    keep_days: int = 0
    suspension: str = ""
    warn_days: int = 0
    trial_group: str = ""
    broken: Tuple[str, ...] = ()


class EndTerms(NamedTuple):
    """How services are suspended and how they end: what a tariff says, else the settings."""

    on_close: str
    keep_days: int
    suspension: str
    warn_days: int


class Client(NamedTuple):
    """A client of BILLmanager, with what is known of his first user; a text is empty where nothing.

    `name` is the account's, `person` the user's own name, `user_name` that by which he logs in.
    """

    name: str = ""
    person: str = ""
    user_name: str = ""
    email: str = ""
    language: str = ""


class Order(NamedTuple):
    """What an account is to be. None, or an empty text, means: not touched.

    `quota_bytes` may be sizes.UNLIMITED. The account is put into `group` and taken out of
    `leave_group`, unless both are the same; other groups stay. One that `is_handed_over` had
    another client before: it has to have this e-mail, and where that is empty, none. `drops_token`
    is whether what proved the account while it was made is taken off it.
    """

    quota_bytes: Optional[float] = None
    group: str = ""
    email: str = ""
    display_name: str = ""
    leave_group: str = ""
    enabled: Optional[bool] = None
    is_handed_over: bool = False
    language: str = ""
    drops_token: bool = False


class Account(NamedTuple):
    """An account as the cloud shows it.

    `quota_bytes` may be sizes.UNLIMITED. It is None where the account has none of its own, but
    the cloud's default or a broken one; and where the cloud did not tell it, which alone
    `is_quota_told` denies. `used_bytes` is None where the cloud could not read it. `last_login`
    changes with each login of its owner, though not with every one; None where it is not told.
    `token` is the text that proves an account without a password of ours, while it is there.
    """

    login: str
    enabled: bool
    email: str
    display_name: str
    groups: Tuple[str, ...]
    quota_bytes: Optional[float]
    used_bytes: Optional[int]
    is_quota_told: bool = True
    last_login: Optional[int] = None
    language: str = ""
    token: str = ""
