"""mgrctl, BILLmanager's own program that calls its core (docs/en/protocol.md, "mgrctl")."""

import os
import time
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
)

from utils.base import deeds, errors
from utils.base.deeds import Deed, Deeds
from utils.base.later import later
from utils.base.secret import Secret
from utils.base.text import tame
from utils.consts import MODULE
from utils.host import limits
from utils.host.plainlog import Log

if TYPE_CHECKING:
    from utils.base.xml import Form

with later("locale"):
    import subprocess

CALL_TIMEOUT_S = 20
"""Three such waits and their pauses fit into the default budget of a command."""

SHORT_TIMEOUT_S = 10
"""The longest time in which another program may say what it is: ten times what ours takes."""

ATTEMPTS = 3
MOST_WORDS = 300
"""Characters of what the core says about a refusal; its own messages are shorter."""

_ENVIRONMENT_NAME = "PMNEXTCLOUD_VALUE"


class Unseen(str):
    """A text that is no secret, and still nothing that other users of the server should read:
    whatever comes from a customer, from staff or from a cloud."""


class Shown(Unseen):
    """A text that goes the same way, but has nothing of a person in it: deeds may show it."""

    may_be_shown = True


class Described(NamedTuple):
    """What mgrctl tells of a function: its exit code and its words."""

    exit_code: int
    words: str


class Mgrctl:
    """Calls functions of BILLmanager's core through `path`, its local client.

    Each call is noted among the `deeds`. `parse` reads the answers where it is not the library for
    XML that does.
    """

    def __init__(
        self,
        path: str,
        log: Log,
        deeds: Optional[Deeds] = None,
        parse: Optional[Callable[[bytes], Any]] = None,
    ) -> None:
        self._path = path
        self._log = log
        self._deeds = deeds or Deeds()
        self._given_parse = parse

    def call(self, function: str, **params: object) -> "Form":
        """The answer of `function`, an XML document without an error in it.

        A Secret or Unseen among the values goes through the environment, never through the
        argument list, which every user of the server can read.
        Raises CoreUnavailable where the core does not answer, CoreRefused where it says no.
        A core that restarts is asked again for a moment, so the function must bear repetition.
        """
        return self._call(function, params, self._run_or_again)

    def call_once(self, function: str, **params: object) -> "Form":
        """As `call`, for a function that adds something each time: it is not asked again."""
        return self._call(function, params, self._run)

    def describe(self, function: str) -> Described:
        """What mgrctl tells of a function without calling it, whatever that may be.

        Raises CoreUnavailable where mgrctl cannot be run or does not answer.
        """
        command = [self._path, "-m", "billmgr", "-i", function, "lang=en"]
        with self._deeds.noted(Deed(deeds.CALL, function, "-i")):
            try:
                done = _finish(command, CALL_TIMEOUT_S, {**os.environ, "SSH_CONNECTION": MODULE})
            except (OSError, subprocess.TimeoutExpired) as error:
                raise errors.CoreUnavailable(type(error).__name__) from error
        return Described(done.returncode, done.stdout.decode("utf-8", "replace"))

    def _call(
        self,
        function: str,
        params: Mapping[str, object],
        run: Callable[[List[str], Dict[str, str]], bytes],
    ) -> "Form":
        command = [self._path, "-m", "billmgr", "-o", "xml", function]
        environment = {**os.environ, "SSH_CONNECTION": MODULE}
        for name, value in params.items():
            if isinstance(value, (Secret, Unseen)):
                variable = f"{_ENVIRONMENT_NAME}_{name}"
                environment[variable] = value.reveal() if isinstance(value, Secret) else value
                command += ["-e", f"{name}=${variable}"]
            else:
                command.append(f"{name}={value}")
        with self._deeds.noted(deeds.call(function, params)) as note:
            data = run(command, environment)
            answer = self._read(function, data)
        self._log.debug("mgrctl %s took %d ms", function, note.took_ms)
        return answer

    def _run(self, command: List[str], environment: Dict[str, str]) -> bytes:
        try:
            with self._start(command, environment) as process:
                try:
                    self._parser()  # loaded while the core works
                    output, complaint = process.communicate(timeout=CALL_TIMEOUT_S)
                except BaseException:
                    process.kill()
                    raise
        except subprocess.TimeoutExpired as error:
            raise errors.CoreUnavailable(f"no answer in {CALL_TIMEOUT_S} s") from error
        except (OSError, ValueError) as error:
            raise errors.CoreUnavailable(f"{self._path}: {error}") from error
        if process.returncode:
            words = tame(complaint.decode("utf-8", "replace").strip(), MOST_WORDS)
            raise errors.CoreUnavailable(f"exit {process.returncode} {words}".strip())
        return output

    @staticmethod
    def _start(command: List[str], environment: Dict[str, str]) -> "subprocess.Popen[bytes]":
        with limits.lifted():
            return subprocess.Popen(  # noqa: S603  a list, which no shell reads
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
            )

    def _run_or_again(self, command: List[str], environment: Dict[str, str]) -> bytes:
        try:
            return self._run(command, environment)
        except errors.CoreUnavailable as first:
            self._log.warning("%s, trying again", first)
        import tenacity  # only a core that is down needs it

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(errors.CoreUnavailable),
            wait=tenacity.wait_exponential(multiplier=0.5, max=5),
            stop=tenacity.stop_after_attempt(ATTEMPTS - 1),
            before=lambda state: time.sleep(0.5) if state.attempt_number == 1 else None,
            reraise=True,
        )(self._run, command, environment)

    def _parser(self) -> Callable[[bytes], Any]:
        if self._given_parse is not None:
            return self._given_parse
        from utils.base import xml

        return xml.parse

    def _read(self, function: str, data: bytes) -> "Form":
        try:
            answer: Form = self._parser()(data)
        except ValueError as error:
            raise errors.CoreUnavailable(f"{function}: {error}") from error
        refusal = answer if answer.tag == "error" else answer.find("error")
        if refusal is not None:
            texts = [node.text or "" for node in refusal.iter() if node.tag in ("param", "msg")]
            detail = " ".join([refusal.get("object", ""), *texts]).strip()
            raise errors.CoreRefused(
                function, refusal.get("type", "unknown"), tame(detail, MOST_WORDS)
            )
        return answer


def ask(command: List[str]) -> Optional[str]:
    """What a program says; it has no input and nothing of our environment.

    None where it cannot be started, fails, or takes longer than SHORT_TIMEOUT_S.
    """
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
    try:
        done = _finish(command, SHORT_TIMEOUT_S, environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _finish(
    command: List[str], timeout_s: float, environment: Dict[str, str]
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(  # noqa: S603  a list, which no shell reads
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=timeout_s,
        env=environment,
        check=False,
    )
