#!/usr/bin/env python3
"""The payment module as BILLmanager and its web server start it.

By its own name it answers a command of BILLmanager's; by the name of a script it answers one
request. A request is answered whatever happens: what is not understood is to be sent again.
"""

import gc
import os
import sys
from typing import BinaryIO, Optional

from utils.host import budget, limits
from utils.host.root import Host
from utils.webpay.cgi import Refused, Request, Response, read_request
from utils.webpay.desk import Desk, place_of

SCRIPT_S = 25.0
"""The time of one request. Who asks waits half a minute as a rule; what the core does takes one."""


def answer(desk: Desk, request: Request) -> Response:
    """The answer of the script of that name."""
    if desk.name == "webpayresult":
        from utils.webpay import intake

        return intake.receive(desk, request)
    from utils.webpay import checkout

    if desk.name == checkout.PAY_SCRIPT:
        return checkout.pay(desk, request)
    return checkout.come_back(desk, request, desk.name == checkout.CANCEL_SCRIPT)


def serve(desk: Desk, stdin: Optional[BinaryIO]) -> Response:
    """As `answer`; whatever goes wrong is answered so that it is tried again."""
    try:
        return budget.within(SCRIPT_S, lambda: answer(desk, read_request(os.environ, stdin)))
    except Refused as error:
        return Response(error.status, f"{error}\n")
    except budget.Spent:
        desk.log.error("failed: out_of_time: %s", f"{SCRIPT_S:.0f} s")
    except Exception as error:  # noqa: BLE001  the answer must not be empty
        desk.log.error("crashed: %s in %s", type(error).__name__, place_of(error))
    return Response(503, "try again\n")


def main() -> int:
    """Answers on standard output; the exit code is 0, whatever the answer says."""
    os.umask(0o077)  # whatever is written is for root alone
    started_as = os.path.abspath(os.environ.pop("PMWEBPAY_STARTED_AS", "") or sys.argv[0])
    host = Host(os.path.dirname(os.path.dirname(started_as)))
    desk = Desk(host, os.path.basename(started_as))
    stdin = sys.stdin.buffer if sys.stdin is not None else None
    if desk.name == "pmwebpay":
        from utils.webpay import commands

        words = [word for one in sys.argv[1:] for word in one.split("=", 1)]
        command = dict(zip(words, words[1:])).get("--command", "")
        desk.name = f"pmwebpay:{command}" if command in commands.COMMANDS else "pmwebpay"
        form = stdin.read() if stdin is not None and command == "pmvalidate" else b""
        data = commands.run(desk, command, form)
    else:
        data = serve(desk, stdin).as_bytes()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    gc.set_threshold(100_000)
    limits.restrict()
    os._exit(main())
