"""Serves the browser side of the stand on this machine until Ctrl-C: `make show`.

There is a provider with a service that is nearly full, one that is suspended and one that went
wrong; besides, clouds with which the connection form goes wrong. PORT is where it listens.
"""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Optional

from tests.browser.played import NOWHERE, broken_clouds, listening, live_in, opened_place


def main() -> int:
    """Serves until it is told to stop."""
    stopped = threading.Event()

    def stop(_number: int, _frame: Optional[FrameType]) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    port = int(os.environ.get("PORT") or 0)
    print("One moment: a service is bought, opened, filled and suspended.", flush=True)
    with opened_place(port, live=True) as place, listening(broken_clouds()) as clouds:
        live_in(place)
        place.panel.hints = [
            ("right", place.cloud.url),
            ("unreachable", NOWHERE),
            *((name, cloud.url) for name, cloud in clouds.items()),
        ]
        print(f"\n  {place.panel.url}/\n\nOpen this address here. Ctrl-C ends it.", flush=True)
        stopped.wait()
        print("\nIt is taken down.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
