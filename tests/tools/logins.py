"""Which login is the fastest on a real server: a part of `make bench`.

Tried are the login of the environment, and where CLOUD_CONFIRM is given too, that password alone.
A short run is what suspend or resume does: two requests by a new client.
"""

import logging
import statistics
import time
from typing import Dict

from tests.e2e.sites import RealSite
from tests.tools.remembered import Remembered
from utils.api import NextcloudAPIClient
from utils.base.secret import Secret
from utils.base.values import Server
from utils.cloud.products import Product

SHORT, LONG, ROUNDS = 2, 20, 5


def _run_ms(site: RealSite, secret: str, product: Product, requests: int) -> float:
    """The milliseconds of so many reads by a new client."""
    server = Server(0, site.url, site.login, Secret(secret), True, 60.0)
    client = NextcloudAPIClient(
        server, logging.getLogger("bench"), site.ca_file or "", memory=Remembered(product)
    )
    begun = time.perf_counter()
    for _ in range(requests):
        client.get_user(site.login)
    return (time.perf_counter() - begun) * 1000


def show() -> None:
    """Measures each login and says which is the fastest."""
    site = RealSite()
    secrets = {"as given": site.password}
    if site.confirm_password:
        secrets["the password to confirm, alone"] = site.confirm_password
    server = Server(0, site.url, site.login, Secret(site.password), True, 60.0)
    product = NextcloudAPIClient(server, logging.getLogger("bench"), site.ca_file or "").product
    print(f"\n{product.name}: logins, medians of {ROUNDS}\n")
    print(f"| login | run of {SHORT} requests, ms | each of {LONG} in a run, ms |\n|---|---|---|")
    short: Dict[str, float] = {}
    for name, secret in secrets.items():
        short[name], long = (
            statistics.median(_run_ms(site, secret, product, count) for _ in range(ROUNDS))
            for count in (SHORT, LONG)
        )
        print(f"| {name} | {short[name]:.0f} | {long / LONG:.0f} |")
    print(f"\nfastest: {min(short, key=short.__getitem__)}")
