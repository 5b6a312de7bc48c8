"""What a script or a command of the payment module has at hand; made when it is touched."""

import time
from functools import cached_property
from typing import Callable

from utils.billing.payments import Payments, StoredMethod
from utils.host import root
from utils.host.plainlog import Log, PlainLog
from utils.host.root import Host
from utils.host.settings import Settings, load
from utils.webpay import method
from utils.webpay.ledger import Ledger
from utils.webpay.method import Method
from utils.webpay.sealing import Sealer


class Desk:
    """One run: `name` is the script or the command; `now` tells the time in seconds."""

    def __init__(self, host: Host, name: str, now: Callable[[], float] = time.time) -> None:
        self.host = host
        self.name = name
        self.now = now
        self.ledger = Ledger(host)
        self.sealer = Sealer(host)

    @cached_property
    def settings(self) -> Settings:
        """etc/pmnextcloud.conf. Raises SettingsBroken."""
        return load(self.host.path(root.SETTINGS))

    @cached_property
    def log(self) -> Log:
        """The program's log, whose place a broken file of settings does not change."""
        from utils.base.errors import SettingsBroken

        try:
            path = self.settings.log_file
        except SettingsBroken:
            path = ""
        return PlainLog(path or self.host.path(root.LOG), self.name)

    @cached_property
    def billing(self) -> Payments:
        """BILLmanager's payments."""
        return Payments(self.host, self.log)

    def method(self, stored: StoredMethod) -> Method:
        """The settings of a payment method. Raises KeyUnavailable, SecretBroken."""
        return method.read(stored, self.sealer.unseal)


def place_of(error: BaseException) -> str:
    """Where an error was raised: the function and the line, and no value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
