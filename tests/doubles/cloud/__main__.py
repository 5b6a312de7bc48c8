"""Run the double by hand: ``python -m tests.doubles.cloud --port 8080 [--tls good]
[--server owncloud-10.15.2]``.
"""

import argparse
import sys
import threading

from .profile import NEXTCLOUD_29, PROFILES
from .server import TLS_KINDS, Cloud


def main() -> None:
    """Start the double, say where it is, and wait to be interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--sub-path", default="", help="such as /nextcloud")
    parser.add_argument("--tls", choices=TLS_KINDS, help="serve https with such a certificate")
    parser.add_argument("--server", choices=PROFILES, default=NEXTCLOUD_29.name)
    arguments = parser.parse_args()
    with Cloud(
        PROFILES[arguments.server],
        port=arguments.port,
        sub_path=arguments.sub_path,
        tls=arguments.tls,
    ) as cloud:
        sys.stdout.write(
            f"url       {cloud.url}\nlogin     {cloud.admin_login}\n"
            f"password  {cloud.admin_password}\n"
            f"ca file   {cloud.ca_file or '-'}\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("stopped\n")


if __name__ == "__main__":
    main()
