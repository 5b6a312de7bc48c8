"""Every failure that can be reported: what it is called, how long it lasts, whom it concerns.

`code` is the stable error type: BILLmanager finds the translated message under
msg_error_<code> in xml/. `kind` says whether a repeat can help, `scope` whom it concerns:

* CALL     whoever called: wrong arguments, a wrong form
* SERVICE  one service; permanent faults of it go to staff
* MODULE   the whole module: its cloud or its credentials; operations wait
* HOST     BILLmanager's own server: database, core, key, settings; operations wait
"""

PASSING = "passing"
PERMANENT = "permanent"
UNKNOWN = "unknown"

CALL = "call"
SERVICE = "service"
MODULE = "module"
HOST = "host"


class PmError(Exception):
    """A failure with a name; `value` is the detail that stands in the message."""

    code = "unexpected"
    kind = PASSING
    scope = SERVICE

    def __init__(self, value: object = "") -> None:
        super().__init__(str(value))
        self.value = str(value)

    def __str__(self) -> str:
        return f"{self.code}: {self.value}" if self.value else self.code


class Unexpected(PmError):
    """The program itself is at fault; the log has the traceback."""


class OutOfTime(PmError):
    """The command's own time budget is spent; what was sent may still take effect."""

    code = "out_of_time"
    kind = UNKNOWN


# -- the call ---------------------------------------------------------------------------------


class BadArguments(PmError):
    """The command line is not one of BILLmanager's."""

    code = "bad_arguments"
    kind = PERMANENT
    scope = CALL


class UnknownCommand(BadArguments):
    """A command that this module does not serve."""

    code = "unknown_command"


class BadInput(BadArguments):
    """Standard input is no acceptable XML document."""

    code = "bad_input"


class ModuleNotFound(BadArguments):
    """No such processing module, or one of another handler."""

    code = "module_not_found"


class UrlMissing(BadArguments):
    """The connection form has no address."""

    code = "url_missing"


class UrlInvalid(BadArguments):
    """The address is no http(s) URL of a cloud."""

    code = "url_invalid"


class PlainHttp(BadArguments):
    """The address would send the password in clear over the network."""

    code = "plain_http"


class SecretMissing(BadArguments):
    """The connection form has no password and none may be taken from the stored ones."""

    code = "secret_missing"


class FieldTooLong(BadArguments):
    """A field of the connection form is over its length."""

    code = "field_too_long"


class TimeoutInvalid(BadArguments):
    """The time limit of the connection form is no number in range."""

    code = "timeout_invalid"


# -- BILLmanager's own server -----------------------------------------------------------------


class HostError(PmError):
    """Something on BILLmanager's server is in the way of every operation."""

    code = "host_error"
    scope = HOST


class SettingsBroken(HostError):
    """etc/pmnextcloud.conf cannot be used."""

    code = "settings_broken"
    kind = PERMANENT


class DatabaseUnavailable(HostError):
    """BILLmanager's database does not answer or refuses the query."""

    code = "database_unavailable"


class CoreUnavailable(HostError):
    """mgrctl cannot be run or BILLmanager does not answer it."""

    code = "core_unavailable"


class KeyUnavailable(HostError):
    """BILLmanager's key file is missing or no RSA key."""

    code = "key_unavailable"
    kind = PERMANENT


class PythonMissing(HostError):
    """The module's Python is gone; what answers so is etc/pmnextcloud.sh, with the remedy."""

    code = "python_missing"
    kind = PERMANENT


class StateUnwritable(HostError):
    """A file under var/pmnextcloud cannot be written."""

    code = "state_unwritable"


# -- one service ------------------------------------------------------------------------------


class ItemNotFound(PmError):
    """No such service, or one of another module."""

    code = "item_not_found"
    kind = PERMANENT


class ServiceClosed(PmError):
    """The service is closed or suspended in billing; nothing is opened for it."""

    code = "service_closed"
    kind = PERMANENT


class ServiceNotOpen(PmError):
    """The service is neither active nor suspended: it is not open, or just being changed."""

    code = "service_not_open"


class QuotaMissing(PmError):
    """The tariff has no numeric add-on disk or disc."""

    code = "quota_missing"
    kind = PERMANENT


class QuotaZero(PmError):
    """The ordered space is zero, or no size at all."""

    code = "quota_zero"
    kind = PERMANENT


class MeasureUnknown(PmError):
    """The add-on's measure cannot be turned into bytes."""

    code = "measure_unknown"
    kind = PERMANENT


class GroupForbidden(PmError):
    """The tariff names the administrators' group."""

    code = "group_forbidden"
    kind = PERMANENT


class SecretBroken(PmError):
    """A stored secret of the service does not decrypt to clean text."""

    code = "secret_broken"
    kind = PERMANENT


class ModuleSecretBroken(SecretBroken):
    """The module's own stored password does not decrypt to clean text."""

    code = "module_secret_broken"
    scope = MODULE


class ModuleUnset(PmError):
    """The stored module has no usable address or password."""

    code = "module_unset"
    kind = PERMANENT
    scope = MODULE


class CoreRefused(PmError):
    """BILLmanager answered a call with an error document."""

    code = "core_refused"

    def __init__(self, function: str, error_type: str, detail: str = "") -> None:
        super().__init__(f"{function}: {error_type}" + (f" ({detail})" if detail else ""))
        self.error_type = error_type


class NotSaved(PmError):
    """A parameter of the service was sent to BILLmanager but is not there."""

    code = "not_saved"


class NotPosted(PmError):
    """BILLmanager took the closing call, but the status of the service did not follow."""

    code = "not_posted"


class Busy(PmError):
    """Another process works on the same service, or too many on the same cloud."""

    code = "busy"
    scope = HOST


class AccountMissing(PmError):
    """The service has no account in the cloud."""

    code = "account_missing"
    kind = PERMANENT


class LoginTaken(PmError):
    """Somebody else's account has the login."""

    code = "login_taken"
    kind = PERMANENT


class AccountProtected(PmError):
    """The account is the connection's own or an administrator's: never touched."""

    code = "account_protected"
    kind = PERMANENT


class AccountElsewhere(PmError):
    """The service's account is on another server than the module names now."""

    code = "account_elsewhere"
    kind = PERMANENT


class MarkForeign(PmError):
    """The mark on the service is another installation's or another service's."""

    code = "mark_foreign"
    kind = PERMANENT


class GroupNotAllowed(PmError):
    """The connection's user may only make accounts in groups of its own; the value says which."""

    code = "group_not_allowed"
    kind = PERMANENT


class NotAsOrdered(PmError):
    """The account was read back and is not as ordered; the value says what differs."""

    code = "not_as_ordered"


class QuotaUnread(PmError):
    """The cloud does not tell the account's quota, so it cannot be seen to be as ordered."""

    code = "quota_unread"


class UsageUnread(PmError):
    """Some services' usage could not be read; what was read is booked, the day is not whole."""

    code = "usage_unread"
    scope = HOST


class AccountRefused(PmError):
    """The cloud refuses the account's data; the value has its words."""

    code = "account_refused"
    kind = PERMANENT


class PasswordRefused(AccountRefused):
    """The cloud's password policy refuses the generated password."""

    code = "password_refused"


# -- the cloud --------------------------------------------------------------------------------


class CloudError(PmError):
    """An answer that is no answer to what was asked: a 5xx, an unknown code."""

    code = "cloud_error"


class CloudRefused(CloudError):
    """The cloud answered with an error code of its own; the call's meaning is the caller's."""

    code = "cloud_refused"
    kind = PERMANENT

    def __init__(self, call: str, ocs_code: int, message: str = "") -> None:
        super().__init__(f"{call}: {ocs_code} {message}".strip())
        self.ocs_code = ocs_code
        self.message = message


class NoSuchUser(CloudRefused):
    """The cloud says that the account is not there."""

    code = "account_missing"


class NoSuchGroup(CloudRefused):
    """The cloud says that the group is not there."""

    code = "group_missing"


class CloudLost(CloudError):
    """The request was sent, the answer was lost or cannot be read: the outcome is unknown."""

    code = "cloud_lost"
    kind = UNKNOWN


class CloudUnreachable(CloudError):
    """No connection, or no answer to a mere question: nothing was changed."""

    code = "cloud_unreachable"
    scope = MODULE


class CloudCertificate(CloudError):
    """The server's certificate is not to be trusted."""

    code = "cloud_certificate"
    scope = MODULE


class CloudMaintenance(CloudError):
    """The cloud is in maintenance."""

    code = "cloud_maintenance"
    scope = MODULE


class CloudThrottled(CloudError):
    """The cloud asks for patience: too many refused logins or, `is_bare`, too many requests."""

    code = "cloud_throttled"
    scope = MODULE

    def __init__(self, value: object = "", is_bare: bool = False) -> None:
        super().__init__(value)
        self.is_bare = is_bare


class CloudWriteLimit(CloudError):
    """The cloud takes no more changes of accounts' fields for now (50 in 600 s)."""

    code = "cloud_write_limit"
    scope = MODULE


class CloudMoved(CloudError):
    """The cloud redirects; a redirected write would silently become a read."""

    code = "cloud_moved"
    scope = MODULE


class CloudUntrustedHost(CloudError):
    """The cloud does not know the host name it was called by."""

    code = "cloud_untrusted_host"
    scope = MODULE


class NotACloud(CloudError):
    """Something answers at the address, but no Nextcloud or ownCloud."""

    code = "not_a_cloud"
    scope = MODULE


class CloudUnsupported(CloudError):
    """ownCloud Infinite Scale or OpenCloud: no accounts can be written there by OCS."""

    code = "cloud_unsupported"
    kind = PERMANENT
    scope = MODULE


class ApiDisabled(CloudError):
    """The cloud's app provisioning_api is switched off: it does not know our calls."""

    code = "cloud_api_disabled"
    scope = MODULE


class LoginRefused(CloudError):
    """The cloud refuses the module's user name or password."""

    code = "cloud_login_refused"
    scope = MODULE


class AppPasswordNeeded(CloudError):
    """The login is right, but this cloud wants an app password (two-factor, tokens enforced)."""

    code = "cloud_app_password_needed"
    scope = MODULE


class AppPasswordRefused(CloudError):
    """This cloud refuses app passwords on writes (Nextcloud 34): the real one is needed."""

    code = "cloud_app_password_refused"
    scope = MODULE


class ConfirmRefused(CloudError):
    """The cloud refuses the second password, with which writes are to be confirmed."""

    code = "cloud_confirm_refused"
    scope = MODULE


class RightsMissing(CloudError):
    """The module's user may not do this in the cloud."""

    code = "cloud_rights_missing"
    scope = MODULE
