"""The fixed words of the module: its name, its parameters, BILLmanager's numbers."""

from enum import IntEnum

VERSION = "1.0.0"

MODULE = "pmnextcloud"
ITEM_TYPES = ("backupservice", "nextcloud")

PARAM_BASE_URL = "base_url"
PARAM_USERNAME = "nc_username"
PARAM_SECRET = "nc_password"  # noqa: S105  a field's name
PARAM_CONFIRM = "nc_confirm_password"
PARAM_VERIFY = "verify_ssl"
PARAM_TIMEOUT = "timeout"
MODULE_PARAMS = (
    PARAM_BASE_URL,
    PARAM_USERNAME,
    PARAM_SECRET,
    PARAM_CONFIRM,
    PARAM_VERIFY,
    PARAM_TIMEOUT,
)
SECRET_PARAMS = (PARAM_SECRET, PARAM_CONFIRM)

ITEM_LOGIN = "username"
ITEM_PASSWORD = "userpassword"  # noqa: S105  a field's name
ITEM_URL = "url"
ITEM_EMAIL, ITEM_DOMAIN = "email", "domain"
"""Parameters of these names a type of product may have for its order form, where clients type."""
ITEM_ACCOUNT = "accountname"
"""A column of the list of services of the type `backupservice`, which other types may have."""
ITEM_MARK = "pmnextcloud_mark"

CLIENT_LEVEL, STAFF_LEVEL, SERVER_LEVEL = 16, 29, 30
"""BILLmanager's levels of access: from which on somebody is a client, staff, the server's own root
(docs/en/protocol.md, "Pages of plugins")."""

PAGE_FUNCTION = f"{MODULE}.page"
PASSWORD_FUNCTION = f"{MODULE}.password"
"""The functions that the plugin adds to BILLmanager."""

ITEM_MEMO = "pmnextcloud_told_{}"
"""What a client was told of the service, by the kind of what he was told."""

ITEM_LEVEL = "pmnextcloud_level"
"""How a suspended service was suspended, where its account is not simply disabled."""
ITEM_TRIAL_GROUP = "pmnextcloud_trial_group"
"""The group that the account of a trial was put into, until it is paid for."""

TARIFF_GROUP = "usergroup"
TARIFF_LOGIN = "cloud_login"
TARIFF_LENGTH = "cloud_password_length"
TARIFF_KINDS = "cloud_password_kinds"
TARIFF_NAME = "cloud_display_name"
TARIFF_LANGUAGE = "cloud_language"
TARIFF_UNLIMITED = "cloud_unlimited"
TARIFF_LOGIN_EXAMPLE, TARIFF_PASSWORD_EXAMPLE = "cloud_login_example", "cloud_password_example"
TARIFF_WARN_AT = "cloud_warn_at"
TARIFF_FIRST_PASSWORD = "cloud_first_password"  # noqa: S105  a field's name
TARIFF_TRIAL_GROUP = "cloud_trial_group"
TARIFF_ON_CLOSE, TARIFF_KEEP_DAYS = "cloud_on_close", "cloud_keep_days"
TARIFF_SUSPENSION, TARIFF_WARN_DAYS = "cloud_suspension", "cloud_warn_days"
TARIFF_ENDS = (TARIFF_ON_CLOSE, TARIFF_KEEP_DAYS, TARIFF_SUSPENSION, TARIFF_WARN_DAYS)
"""Those on how a service is suspended and ends, of which no unusable value counts as none."""

TARIFF_FIELDS = (
    *(TARIFF_GROUP, TARIFF_LOGIN, TARIFF_LENGTH, TARIFF_KINDS, TARIFF_NAME, TARIFF_LANGUAGE),
    *(TARIFF_UNLIMITED, TARIFF_FIRST_PASSWORD, TARIFF_WARN_AT, TARIFF_TRIAL_GROUP),
    *TARIFF_ENDS,
)
"""Fields of the tariff form. All but the oldest begin as no field of BILLmanager itself does."""

WARN_AT = (80, 95)
"""At how many percent of his space a client is told, where his tariff says nothing else."""

DELETE, DISABLE, WAIT = "delete", "disable", "wait"
ON_CLOSE = (DELETE, DISABLE, WAIT)
"""What becomes of an account whose service is over."""

MOST_KEEP_DAYS = 3650
"""Longest waiting time: whoever has to keep longer keeps a copy."""

LOCK, READ_ONLY, WARN = "lock", "read_only", "warn"
SUSPENSIONS = (LOCK, READ_ONLY, WARN)
"""How a service is suspended: nobody gets in, nothing can be added, or nothing is done as yet."""

WARN_DAYS, MOST_WARN_DAYS = 7, 60
"""For how long nothing is done to a service that is only warned, and the longest such time."""

ADMIN_GROUP = "admin"
"""The cloud's group of administrators, never offered and never given."""


DISK_ADDONS = ("disk", "disc")
"""Words of the internal name of the add-on that sells space, the first that a tariff has counts."""

STATUS_ORDERED, STATUS_ACTIVE, STATUS_SUSPENDED, STATUS_CLOSED, STATUS_PROCESSING = 1, 2, 3, 4, 5
"""BILLmanager's statuses of a service, in item.status (docs/en/protocol.md, "Tables")."""

STATES = {
    STATUS_ORDERED: "ordered",
    STATUS_ACTIVE: "active",
    STATUS_SUSPENDED: "suspended",
    STATUS_CLOSED: "closed",
    STATUS_PROCESSING: "processing",
}
"""What they are called for programs of people."""

TASK_CLOSED = 2
"""task.status of a task that staff has done with."""


PAYMENT_MODULE = "pmwebpay"
"""The payment module beside the processing module."""

PAYMENT_NEW, PAYMENT_IN_PAY, PAYMENT_PAID, PAYMENT_STARTED, PAYMENT_CANCELLED = 1, 2, 4, 8, 9
"""BILLmanager's statuses of a payment (docs/en/payments.md, "Statuses")."""


class Level(IntEnum):
    """What a command does in the cloud; each level does what the lower ones do, and more."""

    NOTHING = -1
    """It leaves the cloud alone."""
    READS = 0
    """It looks."""
    WRITES = 1
    """It makes, switches or deletes accounts."""
    EDITS = 2
    """It also changes fields of accounts, of which Nextcloud takes 50 in ten minutes."""


TRIAL_PERIOD = -100
BILL_BY_STATISTICS = 3
ADDON_INTEGER, ADDON_CHOICE, ADDON_CHOICE_TIMES = 2, 3, 4
"""How an add-on is sold: a number, one of a list of values, one of them several times."""

DEFAULT_TIMEOUT_S = 30
MIN_TIMEOUT_S, MAX_TIMEOUT_S = 5, 300
MAX_FIELD_LENGTH = 255
"""Longest value of a connection field; BILLmanager's own columns hold no more."""


def is_admin_group(group: str) -> bool:
    """Whether that is the group of administrators, in any spelling that a database may take for it.

    Many databases compare names without letter case, and without blanks at the end.
    """
    return group.strip().casefold() == ADMIN_GROUP


PASSWORD_SYMBOLS = "-_.!+*="  # noqa: S105  no secret
"""The symbols of a password, unless the settings name others: none needs quoting anywhere."""

BY_CLIENT, BY_PERSON, BY_NOBODY = "client", "person", "none"
"""Whose name an account shows: the client's as BILLmanager has it, that of his user, or none."""

KINDS_ALL, KINDS_PLAIN, KINDS_SIMPLE = "all", "letters_digits", "small_digits"
"""What passwords of a tariff are made of: letters, digits and symbols, without symbols, or small
letters and digits alone."""

BY_BILLING, BY_LINK = "billing", "link"
"""Who gives the customer his first password: billing, or the cloud by a link that it mails."""

LEAST_PASSWORD, MOST_PASSWORD = 12, 40
"""Characters of a password that is made here; longer ones leave no room for a login in a mark."""

LANGUAGES = {
    **{"en": "English", "ru": "Русский", "uk": "Українська", "de": "Deutsch", "fr": "Français"},
    **{"es": "Español", "it": "Italiano", "pl": "Polski", "tr": "Türkçe", "pt_PT": "Português"},
    **{"pt_BR": "Português do Brasil", "nl": "Nederlands", "cs": "Čeština", "sk": "Slovenčina"},
    **{"bg": "Български", "sr": "Српски", "ro": "Română", "hu": "Magyar", "el": "Ελληνικά"},
    **{"lt_LT": "Lietuvių", "lv": "Latviešu", "et_EE": "Eesti", "fi": "Suomi", "sv": "Svenska"},
    **{"da": "Dansk", "nb": "Norsk", "ka": "ქართული", "ar": "العربية", "zh_CN": "简体中文"},
    **{"ja": "日本語", "ko": "한국어", "vi": "Tiếng Việt", "id": "Bahasa Indonesia"},
}
"""Languages of accounts by the cloud's word for them, each with its own name: those that both the
oldest and the newest Nextcloud that were tried can speak (docs/en/clouds.md, "Languages")."""


def language_of(text: str) -> str:
    """The cloud's word for a language of BILLmanager's; empty for none that it speaks.

    >>> language_of("RU"), language_of("et"), language_of("en-US"), language_of("tlh")
    ('ru', 'et_EE', 'en', '')
    """
    word = text.strip().replace("-", "_").casefold()
    for wanted in (word, word.partition("_")[0]):
        for language in LANGUAGES:
            if wanted and wanted in (language.casefold(), language.partition("_")[0]):
                return language
    return ""
