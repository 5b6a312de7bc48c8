"""Every failure that can be reported: what it is called, who is told, how long it lasts.

`code` is the stable error type: BILLmanager finds the translated message under
msg_error_<code> in xml/.
"""

from enum import Enum
from typing import Iterator, Optional, Type

from utils.base.text import tame
from utils.consts import Level


class Told(Enum):
    """Who is told of an error, beside the log, where all of them stand."""

    FORM = "form"
    """Whoever called: wrong arguments, a wrong form."""
    STAFF_NOW = "staff now"
    """Staff, by a task at once: no repeat mends this fault of one service."""
    STAFF_LATER = "staff later"
    """Staff, by a task after the tries in the settings: a repeat may mend it."""
    PROBLEM = "problem"
    """Everybody in charge of the module, by a problem of it; its operations wait."""
    LOG = "log"
    """Nobody: BILLmanager's own server is in the way, and its operations wait."""


class PmError(Exception):
    """A failure with a name; `value` is the detail that stands in the message.

    Whatever it comes from, it is one line without secrets and not too long.

    A class says of itself, as keywords behind its parent:

    * code        the stable error type, where it is not made of the name of the class
    * told        who is told of it
    * repeated    False where BILLmanager has no operation that it would repeat
    * lasts       whether it does not pass by itself: after it, nothing more is sent in this run
    * stands_for  the level from which on a command would meet it as well; see utils.cloud.refusals

    What a class does not say holds as for its parent, except for the code.
    """

    code = "unexpected"
    told = Told.STAFF_LATER
    is_repeated = True
    lasts = False
    stands_for: Optional[Level] = None

    def __init_subclass__(
        cls,
        code: str = "",
        told: Optional[Told] = None,
        repeated: Optional[bool] = None,
        lasts: Optional[bool] = None,
        stands_for: Optional[Level] = None,
    ) -> None:
        super().__init_subclass__()
        cls.code = code or _code_of(cls.__name__)
        if told is not None:
            cls.told = told
            cls.is_repeated = told in (Told.STAFF_LATER, Told.PROBLEM, Told.LOG)
        if repeated is not None:
            cls.is_repeated = repeated
        if lasts is not None:
            cls.lasts = lasts
        if stands_for is not None:
            cls.stands_for = stands_for

    def __init__(self, value: object = "") -> None:
        self.value = tame(str(value))
        super().__init__(self.value)

    def __str__(self) -> str:
        return f"{self.code}: {self.value}" if self.value else self.code


_WORDS = {ord(capital): f"_{capital.lower()}" for capital in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
"""A capital begins a word of a code."""


def _code_of(name: str) -> str:
    """The error type that the name of a class stands for: `QuotaMissing` is `quota_missing`."""
    return name.translate(_WORDS).lstrip("_")


def list_kinds(root: Type[PmError] = PmError) -> Iterator[Type[PmError]]:
    """The class and all that come from it."""
    yield root
    for child in root.__subclasses__():
        yield from list_kinds(child)


class Unexpected(PmError):
    """The program itself is at fault; the log has the traceback."""


class OutOfTime(PmError):
    """The command's own time budget is spent; what was sent may still take effect."""


class OutOfMemory(PmError, told=Told.PROBLEM):
    """The command wanted more memory than it may have, because of an answer that was too large.

    Or less is left to us than Python and its libraries take; then etc/pmnextcloud.sh answers so.
    """


# -- the call ---------------------------------------------------------------------------------


class BadArguments(PmError, told=Told.FORM):
    """The command line is not one of BILLmanager's."""


class UnknownCommand(BadArguments):
    """A command that this module does not serve."""


class LineInvalid(BadArguments):
    """A line of a file names no service with its login."""


class TrustRefused(BadArguments):
    """Somebody other than root wants an e-mail taken for a proof."""


class BadInput(BadArguments):
    """Standard input is no acceptable XML document."""


class ModuleNotFound(BadArguments):
    """No such processing module, or one of another handler."""


class UrlMissing(BadArguments):
    """The connection form has no address."""


class UrlInvalid(BadArguments):
    """The address is no http(s) URL of a cloud."""


class PlainHttp(BadArguments):
    """The address would send the password in clear over the network."""


class SecretMissing(BadArguments):
    """The connection form has no password and none may be taken from the stored ones."""


class SecretElsewhere(PmError, told=Told.PROBLEM):
    """A secret of the module belongs to another server than the one that it would be sent to."""


class FieldTooLong(BadArguments):
    """A field of the connection form is over its length."""


class TimeoutInvalid(BadArguments):
    """The time limit of the connection form is no number in range."""


class StoreInvalid(BadArguments):
    """The form of a payment method has no number of a store, or one that is none."""


class WebpaySecretInvalid(BadArguments):
    """The secret of a store is missing, too short, or has characters that WEBPAY does not take."""


class WebpaySecretsEqual(BadArguments):
    """Sandbox and production have one secret: money of the sandbox would count."""


class PaymentCurrency(BadArguments):
    """A currency that WEBPAY does not know, or that the payment method does not take."""


class PublicUrlInvalid(BadArguments):
    """An address of a payment method that cannot be reached from outside by https."""


class NotifyAddressInvalid(BadArguments):
    """One of the addresses from which notifications may come is none."""


class WaitInvalid(BadArguments):
    """The time after which a payment counts as lost is no number in range."""


class PaymentMissing(BadArguments):
    """BILLmanager has no such payment."""


class NameUnfit(BadArguments):
    """The user name that a customer has typed is none that a cloud takes."""


class NameReserved(BadArguments):
    """The user name that a customer has typed is kept for others."""


class EmailUnfit(BadArguments):
    """The e-mail that a customer has typed is no address that a cloud takes."""


# -- the page of a service ----------------------------------------------------------------------


class PageDenied(PmError, told=Told.FORM):
    """Whoever asks for the page of a service is not its client; nor is told whether it is there."""


class PageOff(PmError, told=Told.FORM):
    """The page is switched off in the settings, or etc/billmgr.DoNothing keeps it from its work."""


class PageUnavailable(PmError, told=Told.FORM):
    """What a client is told of any other failure of the page: its name, and no more."""


class PageExpired(PmError, told=Told.FORM):
    """A form was sent that was not shown to whoever sends it, or too long ago."""


class PasswordUnusable(PmError, told=Told.FORM):
    """The new password is empty, too long or no line of text, or was not typed twice alike."""


class PasswordPending(PmError, told=Told.FORM):
    """The change of a password has not come to its end in the time of a form; it goes on."""


# -- BILLmanager's own server -----------------------------------------------------------------


class HostError(PmError, told=Told.LOG):
    """Something on BILLmanager's server is in the way of every operation."""


class SettingsBroken(HostError):
    """etc/pmnextcloud.conf cannot be used."""


class DatabaseUnavailable(HostError):
    """BILLmanager's database does not answer or refuses the query."""


class CoreUnavailable(HostError):
    """mgrctl cannot be run or BILLmanager does not answer it."""


class KeyUnavailable(HostError):
    """BILLmanager's key file is missing or no RSA key."""


class PythonMissing(HostError):
    """The module's Python is gone; what answers so is etc/pmnextcloud.sh, with the remedy."""


class StateUnwritable(HostError, told=Told.PROBLEM):
    """A file under var/pmnextcloud cannot be written, as where the disk is full."""


class MethodUnset(HostError, repeated=False):
    """A payment method cannot be paid with: no store, no secret, another currency, or it is off."""


class PaymentUncertain(HostError, repeated=False):
    """Nobody knows yet whether BILLmanager has booked a transaction: that is looked up."""


# -- one service ------------------------------------------------------------------------------


class ItemNotFound(PmError, told=Told.STAFF_NOW):
    """No such service, or one of another module."""


class ServiceClosed(PmError, told=Told.STAFF_NOW):
    """The service is closed or suspended in billing; nothing is opened for it."""


class ServiceNotOpen(PmError):
    """The service is neither active nor suspended: it is not open, or just being changed."""


class QuotaMissing(PmError, told=Told.STAFF_NOW):
    """The tariff has no add-on for space that counts."""


class QuotaZero(PmError, told=Told.STAFF_NOW):
    """The ordered space is zero, or no size at all."""


class ChoiceUnreadable(PmError, told=Told.STAFF_NOW):
    """The space is sold as a choice, and the name of the chosen value is no size."""


class MeasureUnknown(PmError, told=Told.STAFF_NOW):
    """The add-on's measure cannot be turned into bytes."""


class GroupForbidden(PmError, told=Told.STAFF_NOW):
    """The tariff names the administrators' group."""


class SecretBroken(PmError, told=Told.STAFF_NOW):
    """A stored secret of the service does not decrypt to clean text."""


class ModuleSecretBroken(SecretBroken, told=Told.PROBLEM):
    """The module's own stored password does not decrypt to clean text."""


class ModuleUnset(PmError, told=Told.PROBLEM):
    """The stored module has no usable address or password."""


class CoreRefused(PmError):
    """BILLmanager answered a call with an error document."""

    def __init__(self, function: str, error_type: str, detail: str = "") -> None:
        super().__init__(f"{function}: {error_type}" + (f" ({detail})" if detail else ""))
        self.error_type = error_type


class OpenUnknown(PmError):
    """BILLmanager has no function that opens services of this type of product."""


class NotSaved(PmError):
    """A parameter of the service was sent to BILLmanager but is not there."""


class NotPosted(PmError):
    """BILLmanager took the closing call, but the status of the service did not follow."""


class Busy(PmError, told=Told.LOG):
    """Another process works on the same service, or too many on the same cloud."""


class AccountMissing(PmError, told=Told.STAFF_NOW):
    """The service has no account in the cloud."""


class LoginTaken(PmError, told=Told.STAFF_NOW):
    """Somebody else's account has the login."""


class AccountProtected(PmError, told=Told.STAFF_NOW):
    """The account is the connection's own or an administrator's: never touched."""


class AccountElsewhere(PmError, told=Told.STAFF_NOW):
    """The service's account is on another server than the module names now."""


class TypedLogin(PmError, told=Told.STAFF_NOW):
    """The login saved on the service was typed by hand, and the account is not to be taken over."""


class MarkForeign(PmError, told=Told.STAFF_NOW):
    """The mark on the service is another installation's or another service's, or forged."""


class AccountShared(PmError, told=Told.STAFF_NOW):
    """Another living service names the account: of what ends, nothing was deleted."""


class TypeNotServed(PmError, told=Told.FORM):
    """The service is of a type of product that the module does not serve."""


class ServiceHasAccount(PmError, told=Told.FORM):
    """The service has an account already, and is to adopt another one."""


class AccountNamed(PmError, told=Told.FORM):
    """Another living service names the account that is to be adopted."""


class AccountHidden(PmError, told=Told.FORM):
    """The module's user may not see the account that is to be adopted."""


class LoginUnknown(PmError, told=Told.FORM):
    """The cloud has no account of the login that is to be adopted."""


class ChoiceRefused(PmError, told=Told.FORM):
    """What somebody chooses for a service before it is sold cannot be."""


class SpaceTooSmall(ChoiceRefused):
    """Less space is chosen for a service than it uses; the value has the figures."""


class EmailDiffers(PmError, told=Told.FORM):
    """The account's e-mail is not the client's, or not the one that was named with it."""


class ProofMissing(PmError, told=Told.FORM):
    """Nothing proves an account that is to be adopted: no password is known."""


class ProofRefused(PmError, told=Told.FORM):
    """The account that is to be adopted does not accept the password."""


class LineTwice(PmError, told=Told.FORM):
    """Two lines of a file name the same service, or the same account."""


class TermUnusable(PmError, told=Told.STAFF_NOW):
    """A field of the tariff on suspension or the end of a service has a value that is none."""


class AccountWaits(PmError, told=Told.STAFF_NOW):
    """The client of a new order has an account that waits for its deletion."""


class EndingUnknown(PmError, told=Told.FORM):
    """Nothing is on record of an account of that login, or nothing that fits what is asked."""


class EndingUnclear(PmError, told=Told.FORM):
    """Several accounts of that login are on record; the module has to be named."""


class EndingHeld(PmError, told=Told.FORM):
    """Staff holds the account, so it is given to no service."""


class AccountAwake(PmError, told=Told.FORM):
    """The account that is on record as waiting is enabled, so it may be somebody else's by now."""


class OtherClient(PmError, told=Told.FORM):
    """The account that waits was another client's than the service is."""


class ServiceUnfit(PmError, told=Told.FORM):
    """The service cannot take an account up: it is not paid, over, or on another server."""


class EndingDamaged(PmError, told=Told.FORM):
    """Texts of the record of ended accounts are not as this installation has written them."""


class PurgeRefused(PmError, told=Told.FORM):
    """More accounts are due than one run may delete: nothing is deleted."""


class FormerEmail(PmError, told=Told.STAFF_NOW):
    """The account has a new client, and the former one's e-mail could not be taken off it."""


class GroupNotAllowed(PmError, told=Told.STAFF_NOW):
    """The connection's user may only make accounts in groups of its own; the value says which."""


class NotAsOrdered(PmError):
    """The account was read back and is not as ordered; the value says what differs."""


class QuotaUnread(PmError):
    """The cloud does not tell the account's quota, so it cannot be seen to be as ordered."""


class UsageUnread(PmError, told=Told.LOG, repeated=False):
    """Some services' usage could not be read; what was read is booked, the day is not whole."""


class AccountRefused(PmError, told=Told.STAFF_NOW):
    """The cloud refuses the account's data; the value has its words."""


class LinkUnsupported(AccountRefused):
    """The tariff wants the cloud to mail a link for the first password; this cloud mails none."""


class LinkUnsent(AccountRefused):
    """The account is made, and the cloud has not mailed the link for its first password."""


class LinkUncertain(AccountRefused):
    """The account is made, and nobody has seen whether the cloud mailed the link."""


class EmailMissing(AccountRefused):
    """The cloud is to mail a link, and the client has no e-mail that it would take."""


class PasswordRefused(AccountRefused):
    """The cloud's password policy refuses the generated password."""


class NewPasswordRefused(AccountRefused):
    """The cloud's password policy refuses the password that the customer has chosen."""


# -- the cloud --------------------------------------------------------------------------------


class CloudError(PmError):
    """An answer that is no answer to what was asked: a 5xx, an unknown code."""

    wait_s: Optional[float] = None
    """The seconds that the answer asked to wait for, where it named a time."""

    def after(self, wait_s: Optional[float]) -> "CloudError":
        """The error itself, with the time that its answer asked to wait for."""
        self.wait_s = wait_s
        return self


class CloudRefused(CloudError, told=Told.STAFF_NOW):
    """The cloud answered with an error code of its own; the call's meaning is the caller's."""

    def __init__(self, call: str, ocs_code: int, message: str = "") -> None:
        super().__init__(f"{call}: {ocs_code} {message}".strip())
        self.ocs_code = ocs_code
        self.message = message


class NoSuchUser(CloudRefused, code="account_missing"):
    """The cloud says that the account is not there."""


class NoSuchGroup(CloudRefused, code="group_missing"):
    """The cloud says that the group is not there."""


class PasswordUnfit(CloudRefused, code="password_refused"):
    """The cloud's password policy refuses a new password of an account that is there."""


class CloudLost(CloudError):
    """The request was sent, the answer was lost or cannot be read: the outcome is unknown."""


class CloudUnreachable(CloudError, told=Told.PROBLEM):
    """No connection, or no answer to a mere question: nothing was changed."""


class NothingSent(CloudUnreachable, code="cloud_unreachable"):
    """No connection: whatever was asked for, the cloud knows nothing of it."""


class ServerFault(CloudLost, code="cloud_lost"):
    """The cloud's own program failed on the request, and says no more; what it did is unknown."""


class AccountUnreadable(ServerFault):
    """The cloud fails at showing this one account, whose record or storage is broken there."""


class FrontAnswered(CloudError, told=Told.PROBLEM):
    """Somebody in front of the cloud answered for it: a proxy, a protection service, a web server.

    Nothing about the cloud may be concluded from it.
    """


class FrontLost(CloudLost, code="front_answered", told=Told.PROBLEM):
    """The same after a write, of which the outcome is unknown."""


class FrontThrottled(FrontAnswered, stands_for=Level.READS):
    """Somebody in front of the cloud takes no more requests for now, and let this one not pass."""


class AnswerSpoilt(CloudError, code="cloud_answer_spoilt", told=Told.PROBLEM):
    """PHP wrote its messages into the cloud's answer, and no document is left of it."""


class SpoiltLost(CloudLost, code="cloud_answer_spoilt", told=Told.PROBLEM):
    """The same after a write, of which the outcome is unknown."""


class CloudNotInstalled(CloudError, told=Told.PROBLEM, lasts=True):
    """The cloud's files are there, but it was never set up, or lost its configuration."""


class InstanceFull(CloudError, code="cloud_full", told=Told.PROBLEM):
    """The cloud has as many accounts as its limit of users allows."""


class CloudCertificate(CloudError, told=Told.PROBLEM, lasts=True):
    """The server's certificate is not to be trusted."""


class CloudMaintenance(CloudError, told=Told.PROBLEM):
    """The cloud is in maintenance."""


class CloudThrottled(CloudError, told=Told.PROBLEM, stands_for=Level.READS):
    """The cloud asks for patience: too many refused logins or, `is_bare`, too many requests."""

    def __init__(self, value: object = "", is_bare: bool = False) -> None:
        super().__init__(value)
        self.is_bare = is_bare


class CloudWriteLimit(CloudError, told=Told.PROBLEM, stands_for=Level.EDITS):
    """The cloud takes no more changes of accounts' fields for now (50 in 600 s)."""


class CloudMoved(CloudError, told=Told.PROBLEM, lasts=True):
    """The cloud redirects; a redirected write would silently become a read."""


class CloudUntrustedHost(CloudError, told=Told.PROBLEM, lasts=True):
    """The cloud does not know the host name it was called by."""


class NotACloud(CloudError, told=Told.PROBLEM, lasts=True):
    """Something answers at the address, but no Nextcloud or ownCloud."""


class CloudUnsupported(CloudError, told=Told.PROBLEM, lasts=True):
    """ownCloud Infinite Scale or OpenCloud: no accounts can be written there by OCS."""


class ApiDisabled(CloudError, code="cloud_api_disabled", told=Told.PROBLEM, lasts=True):
    """The cloud's app provisioning_api is switched off: it does not know our calls."""


class LoginRefused(
    CloudError, code="cloud_login_refused", told=Told.PROBLEM, lasts=True, stands_for=Level.READS
):
    """The cloud refuses the module's user name or password."""


class AppPasswordNeeded(
    CloudError,
    code="cloud_app_password_needed",
    told=Told.PROBLEM,
    lasts=True,
    stands_for=Level.READS,
):
    """The login is right, but this cloud wants an app password (two-factor, tokens enforced)."""


class AppPasswordRefused(
    CloudError,
    code="cloud_app_password_refused",
    told=Told.PROBLEM,
    lasts=True,
    stands_for=Level.WRITES,
):
    """This cloud refuses app passwords on writes (Nextcloud 34): the real one is needed."""


class ConfirmRefused(
    CloudError, code="cloud_confirm_refused", told=Told.PROBLEM, stands_for=Level.WRITES
):
    """The cloud refuses the second password, with which writes are to be confirmed."""


class RightsMissing(
    CloudError, code="cloud_rights_missing", told=Told.PROBLEM, lasts=True, stands_for=Level.WRITES
):
    """The module's user may not do this in the cloud."""


class AdminRefused(
    CloudError, code="cloud_admin_refused", told=Told.PROBLEM, lasts=True, stands_for=Level.WRITES
):
    """The module's user is in the group of administrators, and may not act as one from here."""


class AuthorizationLost(
    CloudError,
    code="cloud_authorization_lost",
    told=Told.PROBLEM,
    lasts=True,
    stands_for=Level.READS,
):
    """The cloud never saw the login that was sent: its web server drops the header."""


class SessionLost(
    CloudError, code="cloud_session_lost", told=Told.PROBLEM, lasts=True, stands_for=Level.WRITES
):
    """The cloud's cookies do not come back to it, so that no session of it lasts a request."""


class FilesHidden(CloudError, code="cloud_files_hidden", told=Told.PROBLEM, lasts=True):
    """The app password may not see files: the cloud measured no account for it."""
