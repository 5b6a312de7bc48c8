"""Planted differences between billing and a cloud, each of a known class, among healthy services.

What a function plants is added to `expected`, as class, service and login. All is planted past the
program: by the cloud's own interface, and in billing's tables.
"""

import logging
import secrets
from datetime import date, timedelta
from typing import Dict, List, Optional, Set, Tuple

from tests.doubles.billmanager import ACTIVE, DELETED, PROCESSING, SUSPENDED
from tests.e2e.sites import GIB, DoubleSite, RealSite
from tests.e2e.world import World
from utils.api import NextcloudAPIClient
from utils.base import address, sizes
from utils.base.secret import Secret
from utils.base.values import Mark, Server
from utils.billing import mark
from utils.consts import ITEM_MARK

Expected = Tuple[str, Optional[int], str]
EMAIL = "client7@example.com"
PASSWORD = "Planted-Pw-for-tests-5!"


class Zoo:
    """A provider with differences, and what an audit has to say of them.

    `count` is of how many services of each class, where a class has only one kind.
    """

    def __init__(self, world: World, count: int = 2) -> None:
        self.count = count
        self.world, self.stand, self.site = world, world.stand, world.site
        self.expected: Set[Expected] = set()
        self.items: List[int] = []
        """All services."""
        self.logins: List[str] = []
        """Accounts that were made beside the services' own."""
        world.know_cloud()  # the module's password belongs to this server, whatever marks say
        self.address = EMAIL
        if isinstance(self.site, RealSite):  # where others have left accounts with that address
            self.address = f"zoo-{secrets.randbelow(10**9)}@example.com"
            self.stand.sql(
                "UPDATE user SET email = %s WHERE account = %s", self.address, world.client
            )
        self.hand = _client(world)
        self.hand.create_group(world.group)
        self.tariff = world.tariff(gib=5)
        self._pattern: Optional[int] = None

    def everything(self) -> None:
        """All classes, and what is none: a service that is just being changed."""
        for plant in (
            *(self.missing, self.closed_alive, self.unbilled, self.unpaid_enabled),
            *(self.paid_disabled, self.quota, self.group, self.elsewhere, self.duplicate),
            *(
                self.unproved,
                self.unreadable,
                self.email,
                self.behind,
                self.uncounted,
                self.transferred,
            ),
            *(self.adoptable, self.in_progress),
        ):
            plant()

    def clear(self) -> None:
        """Removes the accounts that were made beside those of services, and the group."""
        for login in self.logins:
            self.site.remove_account(login)

    # -- making ---------------------------------------------------------------------------------

    def healthy(self, count: int) -> List[int]:
        """Services in which nothing differs; of every third the statistics are of yesterday."""
        assert isinstance(self.site, DoubleSite)
        items = self.world.many(count, self.tariff)
        for item in items:
            self.site.cloud.add_user(
                self.login(item),
                f"Made-up-{item}",
                quota="5 GB",
                groups={self.world.group},
                email=self.address,
            )
        for item in items[::3]:
            self._count(item, days_ago=1)
        self.items += items
        return items

    def service(self, status: int = ACTIVE) -> int:
        """One more open service, in which nothing differs yet."""
        if isinstance(self.site, RealSite):
            item = self._made()
        else:
            if self._pattern is None:
                self._pattern = self.world.opened(self.tariff)
            item = self.world.another(self._pattern)
            self.items.append(item)
        self.stand.set_status(item, status)
        return item

    def _made(self) -> int:
        """A service as `open` leaves it, by as few requests as can be."""
        item = self.bare()
        self.world.items.append(item)
        login, group = self.login(item), self.world.group
        self.hand.create_user(login, Secret(PASSWORD), 5 * GIB, self.address, group)
        if not self.hand.product.creates_whole:
            self.hand.set_quota(login, 5 * GIB)
            self.hand.set_email(login, self.address)
        self._mark(item, item)
        self._save(item, username=login, userpassword=PASSWORD, url=self.site.url)
        return item

    def bare(self, client: Optional[int] = None) -> int:
        """An active service on which nothing is saved."""
        item = self.stand.order(self.tariff, client or self.world.client, self.world.module)
        self.stand.set_status(item, ACTIVE)
        self.items.append(item)
        return item

    def login(self, item: int) -> str:
        """The login of a service."""
        return self.world.login(item)

    def account(self, login: str, email: str = "") -> str:
        """An account that nobody has ordered."""
        self.hand.create_user(login, Secret(PASSWORD), 5 * GIB)
        if email:
            self.hand.set_email(login, email)
        self.logins.append(login)
        return login

    def _save(self, item: int, **values: str) -> None:
        for name, value in values.items():
            self.stand.save_param(item, name, value, crypted=name in ("userpassword", ITEM_MARK))

    def _mark(
        self,
        item: int,
        number: int,
        url: str = "",
        is_made: bool = True,
        is_forged: bool = False,
    ) -> None:
        """Marks a service as the owner of the account of that number."""
        server, password = address.digest(url or self.site.url), Secret(PASSWORD)
        said = Mark(number, self.login(number), server, password, is_made)
        seal = (lambda text: "0" * 64) if is_forged else self.world.key.seal
        self._save(item, **{ITEM_MARK: mark.to_text(said, seal)})

    def _count(self, item: int, days_ago: int) -> None:
        day = date.today() - timedelta(days=days_ago)
        self.stand.database.insert("itemstat", item=item, statdate=day, param="disk", value=0)

    def _expect(self, kind: str, item: Optional[int], login: Optional[str] = None) -> None:
        if login is None:
            assert item is not None
            login = self.login(item)
        self.expected.add((kind, item, login))

    # -- the classes ----------------------------------------------------------------------------

    def missing(self) -> None:
        """An account deleted by hand, and a service on which nothing was ever saved."""
        item = self.service()
        self.site.remove_account(self.login(item))
        self._expect("missing", item)
        self._expect("missing", self.bare(), "")

    def closed_alive(self) -> None:
        """The account of a closed service, known by its number or by a login that was typed."""
        self._expect("closed_alive", self.service(DELETED))
        item = self.bare()
        login = self.account(f"old-{item}", self.address)
        self._save(item, username=login, userpassword=PASSWORD)
        self.stand.set_status(item, DELETED)
        self._expect("closed_alive", item, login)

    def unbilled(self) -> None:
        """Accounts of which billing knows nothing, one with a number that no service has."""
        number = 10**9 + self.bare_number()
        for login in (f"nobody-{number}", f"user_{number}"):
            self._expect("unbilled", None, self.account(login))

    def bare_number(self) -> int:
        """A number that is new on a server that several runs share."""
        found = self.stand.sql("SELECT MAX(id) AS id FROM item")
        return int(found[0]["id"] or 0)

    def unpaid_enabled(self) -> None:
        """Debtors who get in."""
        for _ in range(self.count):
            self._expect("unpaid_enabled", self.service(SUSPENDED))

    def paid_disabled(self) -> None:
        """Customers who have paid and do not get in."""
        for _ in range(self.count):
            item = self.service()
            self.hand.disable_user(self.login(item))
            self._expect("paid_disabled", item)

    def quota(self) -> None:
        """More than was sold, without a limit, less."""
        for quota_bytes in (10 * GIB, sizes.UNLIMITED, GIB)[: self.count + 1]:
            item = self.service()
            self.hand.set_quota(self.login(item), quota_bytes)
            self._expect("quota", item)

    def group(self) -> None:
        """Taken out of the tariff's group by hand."""
        for _ in range(self.count):
            item = self.service()
            self.hand.remove_from_group(self.login(item), self.world.group)
            self._expect("group", item)

    def elsewhere(self) -> None:
        """A mark of another server, and an account of a service that another server has now."""
        item = self.service()
        self._mark(item, item, url="https://other.example.com")
        self._expect("elsewhere", item)
        moved = self.service()
        second = self.stand.add_module(
            base_url="https://second.example.com", login="admin", password="Made-up-pw-2"
        )
        self.stand.sql("UPDATE item SET processingmodule = %s WHERE id = %s", second, moved)
        self._expect("elsewhere", moved)

    def duplicate(self) -> None:
        """Both halves of a copied service, alive."""
        old, copy = self.service(), self.bare()
        self._copy(old, copy)
        for item in (old, copy):
            self._expect("duplicate", item, self.login(old))

    def transferred(self) -> None:
        """Copies whose old half is closed."""
        for _ in range(self.count):
            old, copy = self.service(), self.bare()
            self._copy(old, copy)
            self.stand.set_status(old, DELETED)
            self._expect("transferred", copy, self.login(old))

    def _copy(self, old: int, copy: int) -> None:
        saved: Dict[str, str] = self.stand.params(old)
        self._save(copy, **saved)

    def unproved(self) -> None:
        """An opening that was not finished, a forged mark, an administrator's login."""
        begun = self.service()
        self._mark(begun, begun, is_made=False)
        for name in ("username", "userpassword", "url"):
            self.stand.drop_param(begun, name)
        self._expect("unproved", begun)
        forged = self.service()
        self._mark(forged, forged, is_forged=True)
        self._expect("unproved", forged)
        typed = self.bare()
        self._save(typed, username=self.site.login)
        self._expect("unproved", typed, self.site.login)

    def unreadable(self) -> None:
        """A mark that does not decrypt, and values that were lost."""
        item = self.service()
        self.stand.sql(
            "UPDATE itemcryptedparam SET value = 'AAAA' WHERE item = %s AND intname = %s",
            item,
            ITEM_MARK,
        )
        self._expect("unreadable", item)
        for name in ("url", "userpassword"):
            damaged = self.service()
            self.stand.drop_param(damaged, name)
            self._expect("unreadable", damaged)

    def email(self) -> None:
        """Addresses that were changed in the cloud."""
        for number in range(self.count):
            item = self.service()
            self.hand.set_email(self.login(item), f"changed-{number}@example.com")
            self._expect("email", item)

    def behind(self) -> None:
        """Accounts that the module left so, and whose clients have another address since."""
        for number in range(self.count):
            item = self.service()
            self.hand.set_email(self.login(item), f"former-{number}@example.com")
            account = self.hand.get_user(self.login(item))
            assert account is not None
            self.world.note(item, account)
            self._expect("behind", item)

    def uncounted(self) -> None:
        """Counted for the last time five days ago, and never since it was opened."""
        late, never, fresh = self.service(), self.service(), self.service()
        self._count(late, days_ago=5)
        for item, days_ago in ((never, 10), (fresh, 1)):
            opened = date.today() - timedelta(days=days_ago)
            self.stand.sql("UPDATE item SET opendate = %s WHERE id = %s", opened, item)
        for item in (late, never):
            self._expect("uncounted", item)

    def adoptable(self) -> None:
        """A customer from before the billing, known by his e-mail or by his login."""
        number = self.bare_number()
        email = f"before-{number}@example.com"
        by_email = self.bare(self.stand.add_account("Client before", emails=[email]))
        self._expect("adoptable", by_email, self.account(f"before-{number}", email))
        typed = self.bare()
        login = self.account(f"typed-{number}")
        self._save(typed, username=login, userpassword=PASSWORD)
        self._expect("adoptable", typed, login)

    def in_progress(self) -> None:
        """A service that another operation has in hand: whatever differs there is none of ours."""
        item = self.service(PROCESSING)
        self.hand.set_quota(self.login(item), GIB)


def _client(world: World) -> NextcloudAPIClient:
    """The cloud's administrator."""
    site, secret, ca_file = world.site, world.site.password, ""
    if isinstance(site, RealSite):
        secret, ca_file = site.confirm_password or secret, site.ca_file or ""
    server = Server(0, site.url, site.login, Secret(secret), True, 300.0)
    return NextcloudAPIClient(server, logging.getLogger("zoo"), ca_file)
