"""What tariffs and their add-ons promise the customer, and which tariffs a module serves.

How add-ons add up: docs/en/protocol.md, "Space of a service".
"""

from contextlib import suppress
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Set,
    Tuple,
)

from utils.base import errors, sizes
from utils.base.logs import Logger
from utils.base.values import Client, Disk, EndTerms, Item, Order, Terms
from utils.billing import addons
from utils.billing.addons import Addon, Addons
from utils.billing.clients import Clients
from utils.billing.database import Database, Row
from utils.billing.measures import Measures
from utils.billing.needs import OPTIONAL
from utils.billing.terms import read_terms, shown_name, spoken_language
from utils.consts import (
    CLIENT_LEVEL,
    ITEM_TYPES,
    LOCK,
    TARIFF_ENDS,
    TARIFF_FIELDS,
    WARN_DAYS,
    is_admin_group,
)
from utils.host.settings import Settings
from utils.misc import validate_quota

if TYPE_CHECKING:
    from utils.billing.statistics import Counted

_TARIFF_NAMES = "SELECT id, name FROM pricelist WHERE id IN %s"

BATCH = 1000
"""Services whose orders are read by one query."""

MOST_AMOUNT = 10**15
"""More than any form sells of any measure: a larger number, which a text may name, is none."""


class TypeParam(NamedTuple):
    """A parameter of a type of product: whether clients see it, whether it is stored encrypted."""

    name: str
    is_seen: bool
    is_crypted: bool


class Sold(NamedTuple):
    """What a service is to be, and what its usage is counted on, None where on nothing.

    Where an `error` keeps from saying what was sold the order names no quota.
    """

    order: Order
    disk: Optional[Disk]
    error: Optional[errors.PmError] = None


class Tariffs:
    """Reads tariffs; every method may raise DatabaseUnavailable.

    `settings` gives the administrator's choices where they are needed.
    """

    def __init__(
        self, db: Database, log: Logger, settings: Callable[[], Settings] = Settings
    ) -> None:
        self._log = log
        self._db = db
        self._settings = settings
        self._addons = Addons(db)
        self._clients = Clients(db, log)
        self._measures = Measures(db)

    # -- what is sold -------------------------------------------------------------------------

    def product_types(self) -> List[str]:
        """The types of product that the module serves, as far as BILLmanager has them."""
        rows = self._db.rows(
            "SELECT intname FROM itemtype WHERE parent IS NULL AND intname IN %s ORDER BY id",
            ITEM_TYPES,
        )
        return [row["intname"] for row in rows]

    def type_params(self) -> Optional[Dict[str, List[TypeParam]]]:
        """The parameters that services of each of those types have, by the type's name.

        None where BILLmanager's version has no such table.
        """
        if not self._db.has_column(*OPTIONAL.type_params):
            return None
        params: Dict[str, List[TypeParam]] = {name: [] for name in self.product_types()}
        for row in self._db.rows(
            "SELECT t.intname AS type_name, p.intname, p.editvisible, p.editreadlevel, p.crypted"
            " FROM itemtypeparam p JOIN itemtype t ON t.id = p.itemtype"
            " WHERE t.parent IS NULL AND t.intname IN %s ORDER BY p.intname",
            ITEM_TYPES,
        ):
            level = row["editreadlevel"]
            seen = row["editvisible"] == "on" and (level is None or level <= CLIENT_LEVEL)
            param = TypeParam(row["intname"] or "", seen, row["crypted"] == "on")
            params.setdefault(row["type_name"], []).append(param)
        return params

    def sells_space(self) -> bool:
        """Whether any of those types has an add-on that sells space, or a tariff of one calls so.

        A type may refuse `disk` as the name of an add-on of its own; a tariff does not.
        """
        return addons.sells_space(
            self._db.rows(
                "SELECT a.intname FROM itemtype a JOIN itemtype t ON t.id = a.parent"
                " WHERE t.parent IS NULL AND t.intname IN %s"
                " UNION SELECT p.intname FROM pricelist p JOIN pricelist o ON o.id = p.parent"
                " JOIN itemtype t ON t.id = o.itemtype WHERE t.intname IN %s",
                ITEM_TYPES,
                ITEM_TYPES,
            )
        )

    def served_by(self, module_ids: List[int]) -> List[int]:
        """The active tariffs that the modules serve, each once."""
        if not module_ids:
            return []
        rows = self._db.rows(
            "SELECT DISTINCT p.id FROM pricelist p"
            " JOIN processingmodule2pricelist l ON l.pricelist = p.id"
            " WHERE l.processingmodule IN %s AND p.parent IS NULL AND p.active = 'on'"
            " ORDER BY p.id",
            module_ids,
        )
        return [row["id"] for row in rows]

    # -- what is ordered ----------------------------------------------------------------------

    def order(self, item: Item, with_client: bool) -> Order:
        """What the service is to be: quota and group, and for `with_client` what tells who he is.

        That is e-mail, name and language. Raises QuotaMissing, QuotaZero, MeasureUnknown,
        GroupForbidden.
        """
        terms = _in_trial(item, self.terms(item.tariff_id))
        quota_bytes = self._quota(item, terms)
        if is_admin_group(terms.group):
            raise errors.GroupForbidden(terms.group)
        left = item.trial_group
        leave_group = "" if left == terms.group or is_admin_group(left) else left
        order = Order(quota_bytes=quota_bytes, group=terms.group, leave_group=leave_group)
        return self._personal(order, terms, self.client(item)) if with_client else order

    def orders(self, items: List[Item]) -> Dict[int, Sold]:
        """What each of many services is to be, by its id; the same as `order` says of each."""
        if not items:
            return {}
        addons_of = self._addons.of_items([item.id for item in items])
        terms = self._all_terms({item.tariff_id for item in items})
        wishes = self._wishes(items, terms)
        return {
            item.id: self._sold(
                item,
                addons_of.get(item.id),
                _in_trial(item, terms.get(item.tariff_id, Terms())),
                wishes[item.id],
            )
            for item in items
        }

    def _sold(self, item: Item, addon: Optional[Addon], terms: Terms, wish: Order) -> Sold:
        if is_admin_group(terms.group):
            return Sold(wish, None, errors.GroupForbidden(terms.group))
        order = wish._replace(group=terms.group)
        if terms.is_unlimited:
            order = order._replace(quota_bytes=sizes.UNLIMITED)
        if addon is None:
            error = None if terms.is_unlimited else errors.QuotaMissing(item.tariff_id)
            return Sold(order, None, error)
        try:
            if not terms.is_unlimited:
                order = order._replace(quota_bytes=self._bytes(addon, item.trial))
            return Sold(order, self._disk(addon))
        except errors.HostError:
            raise
        except errors.PmError as error:
            return Sold(order, None, error)

    def wishes(self, items: List[Item]) -> Dict[int, Order]:
        """What tells who each service's client is, by the id of the service, and nothing else."""
        return self._wishes(items, self._all_terms({item.tariff_id for item in items}))

    def _wishes(self, items: List[Item], terms: Dict[int, Terms]) -> Dict[int, Order]:
        clients = self._clients.of(item.account_id for item in items)
        return {
            item.id: self._personal(
                Order(), terms.get(item.tariff_id, Terms()), clients[item.account_id]
            )
            for item in items
        }

    def _personal(self, order: Order, terms: Terms, client: Client) -> Order:
        return order._replace(
            email=client.email,
            display_name=shown_name(terms, client, self._settings().display_name),
            language=spoken_language(terms, client),
        )

    def hand_over(self, item: Item) -> Order:
        """What an account is to be that another client had before, and nothing else of it."""
        wish = self._personal(Order(), self.terms(item.tariff_id), self.client(item))
        return wish._replace(is_handed_over=True)

    def client(self, item: Item) -> Client:
        """The client of a service."""
        return self._clients.of([item.account_id])[item.account_id]

    def terms(self, tariff_id: int) -> Terms:
        """What a tariff says of its accounts beside their space."""
        return self._all_terms({tariff_id}).get(tariff_id, Terms())

    def trial_group(self, item: Item) -> str:
        """The group of a service's trial; empty where it is none, or one like any other service."""
        return self.terms(item.tariff_id).trial_group if item.trial else ""

    def end_terms(self, tariff_id: int) -> EndTerms:
        """How the services of a tariff are suspended and how they end.

        Raises TermUnusable: of these a value that is none is no default. SettingsBroken.
        """
        terms, settings = self.terms(tariff_id), self._settings()
        broken = [field for field in terms.broken if field in TARIFF_ENDS]
        if broken:
            raise errors.TermUnusable(f"{tariff_id}: {', '.join(broken)}")
        return EndTerms(
            terms.on_close or settings.on_close,
            terms.keep_days or settings.keep_days,
            terms.suspension or LOCK,
            terms.warn_days or WARN_DAYS,
        )

    def group(self, tariff_id: int) -> str:
        """The cloud's group of a tariff, or an empty text."""
        return self.terms(tariff_id).group

    def _all_terms(self, tariff_ids: Set[int]) -> Dict[int, Terms]:
        """The terms of those tariffs of which anything is stored."""
        stored: Dict[int, Dict[str, str]] = {}
        for row in self._db.rows(
            "SELECT pricelist, intname, value FROM pricelistparam"
            " WHERE pricelist IN %s AND intname IN %s",
            sorted(tariff_ids) or (None,),
            TARIFF_FIELDS,
        ):
            stored.setdefault(row["pricelist"], {})[row["intname"]] = row["value"] or ""
        return {tariff_id: read_terms(fields) for tariff_id, fields in stored.items()}

    def names(self, tariff_ids: Set[int]) -> Dict[int, str]:
        """The names of tariffs, as the administrator gave them."""
        if not tariff_ids:
            return {}
        return _names(self._db.rows(_TARIFF_NAMES, sorted(tariff_ids)))

    def quota(self, item: Item) -> float:
        """The ordered bytes of a service, or sizes.UNLIMITED.

        Raises QuotaMissing, QuotaZero, MeasureUnknown, ChoiceUnreadable, SettingsBroken.
        """
        return self._quota(item, self.terms(item.tariff_id))

    def quotas(self, items: List[Item]) -> Dict[int, Optional[float]]:
        """The same of many services, by id; None for one of which it cannot be told."""
        found: Dict[int, Optional[float]] = {}
        for place in range(0, len(items), BATCH):
            some = items[place : place + BATCH]
            addons_of = self._addons.of_items([item.id for item in some])
            terms = self._all_terms({item.tariff_id for item in some})
            for item in some:
                addon = addons_of.get(item.id)
                is_unlimited = terms.get(item.tariff_id, Terms()).is_unlimited
                found[item.id] = sizes.UNLIMITED if is_unlimited else self._told_bytes(addon, item)
        return found

    def _told_bytes(self, addon: Optional[Addon], item: Item) -> Optional[float]:
        try:
            return None if addon is None else self._bytes(addon, item.trial)
        except errors.HostError:
            raise
        except errors.PmError:
            return None

    def _quota(self, item: Item, terms: Terms) -> float:
        if terms.is_unlimited:
            return sizes.UNLIMITED
        return self._bytes(self._disk_addon(item), item.trial)

    def chosen(self, item: Item, tariff_id: int, name: str, value: str) -> Optional[float]:
        """The bytes of a service that a form of the tariff chooses by one of its fields.

        None where the field chooses no space, or nobody can say how much: it may be another
        add-on, be billed by statistics, or be no number, and a tariff without limit is never too
        small. Raises MeasureUnknown, QuotaZero, ChoiceUnreadable.
        """
        addon = self._addons.of_items([item.id], tariff_id).get(item.id)
        if addon is None or addon.is_by_statistics or not addon.is_called(name.strip()):
            return None
        if self.terms(tariff_id).is_unlimited:
            return None
        if addon.is_chosen:
            quantity = addon.quantity()
            choice = self._addons.choice_named(value.strip())
            unit_bytes = choice.unit_bytes or self._measures.unit_bytes(addon.measure_id)
            return None if quantity is None else int(choice.number * unit_bytes * quantity)
        number = addons.decimal(value)
        if number is None or not 0 <= number <= MOST_AMOUNT:
            return None
        amount = addon.chosen_amount(number, item.trial)
        return int(amount * self._measures.unit_bytes(addon.measure_id))

    def counted_bytes(self, counted: "Counted") -> int:
        """The bytes of what was counted. Raises MeasureUnknown."""
        return int(counted.value * self._measures.unit_bytes(counted.measure_id))

    def thresholds(self, tariff_ids: Set[int]) -> Dict[int, Tuple[int, ...]]:
        """At how many percent of the space the clients of each tariff are told, rising."""
        terms = self._all_terms(tariff_ids)
        return {one: terms.get(one, Terms()).warn_at for one in tariff_ids}

    def stored_field(self, tariff_id: int, name: str) -> Optional[str]:
        """What the module's form of a tariff has saved in a field; None where nothing."""
        rows = self._db.rows(
            "SELECT value FROM pricelistparam WHERE pricelist = %s AND intname = %s",
            tariff_id,
            name,
        )
        return (rows[0]["value"] or "") if rows else None

    def included(self, tariff_id: int) -> float:
        """The bytes of a service that orders nothing beyond the tariff, or sizes.UNLIMITED.

        Raises what `quota` raises.
        """
        if self.terms(tariff_id).is_unlimited:
            return sizes.UNLIMITED
        return self._bytes(self._offered(tariff_id), trial=False)

    def maximum(self, tariff_id: int) -> Optional[float]:
        """The bytes beyond which BILLmanager stops a service; None where it does not.

        It does where the space is billed by statistics with a maximum. Raises as `quota`.
        """
        addon = self._addons.of_tariff(tariff_id)
        if addon is None:
            return None
        amount = addon.amount(trial=False, own_trial_limit=None, included_is_most=False)
        if not addon.is_by_statistics or amount is None:
            return None
        return validate_quota(amount * self._measures.unit_bytes(addon.measure_id))

    def _offered(self, tariff_id: int) -> Addon:
        addon = self._addons.of_tariff(tariff_id)
        if addon is None:
            raise errors.QuotaMissing(tariff_id)
        return addon

    def _bytes(self, addon: Addon, trial: bool) -> float:
        """What the add-on sells. By statistics a size that clouds keep, and never more.

        A service that uses more than the maximum is stopped by BILLmanager, and its customer could
        not delete anything then (docs/en/protocol.md, "Space of a service").
        """
        if addon.is_chosen:
            return self._chosen_bytes(addon)
        amount = addon.amount(
            trial,
            own_trial_limit=self._addons.own_trial_limit(addon) if trial else None,
            included_is_most=addon.is_by_statistics and self._included_is_most(),
        )
        if amount is None:
            return sizes.UNLIMITED
        quota_bytes = validate_quota(amount * self._measures.unit_bytes(addon.measure_id))
        return sizes.bytes_not_above(quota_bytes) if addon.is_by_statistics else quota_bytes

    def _included_is_most(self) -> bool:
        return self._settings().statistics_without_maximum == "included"

    def _chosen_bytes(self, addon: Addon) -> float:
        choice, quantity = self._addons.choice(addon), addon.quantity()
        if quantity is None:
            raise errors.ChoiceUnreadable(f"{choice.text} x ?")
        unit_bytes = choice.unit_bytes or self._measures.unit_bytes(addon.measure_id)
        return validate_quota(choice.number * unit_bytes * quantity)

    def disks(self, items: List[Item]) -> Dict[int, Disk]:
        """What the usage of each service is counted on, by id; those without are left out."""
        disks = {}
        for item_id, addon in self._addons.of_items([item.id for item in items]).items():
            with suppress(errors.MeasureUnknown, errors.ChoiceUnreadable):
                disks[item_id] = self._disk(addon)
        return disks

    def disk(self, item: Item) -> Optional[Disk]:
        """What the usage of a service is counted on; None where a tariff without limit sells none.

        Raises QuotaMissing, MeasureUnknown, ChoiceUnreadable.
        """
        try:
            return self._disk(self._disk_addon(item))
        except errors.QuotaMissing:
            if self.terms(item.tariff_id).is_unlimited:
                return None
            raise

    def is_uncounted(self, item: Item) -> bool:
        """Whether nothing is to be counted of a service that has no add-on for space."""
        return self.terms(item.tariff_id).is_unlimited

    def _disk(self, addon: Addon) -> Disk:
        measure_id = addon.measure_id
        if measure_id is None and addon.is_chosen:
            measure_id = self._measures.of(self._addons.choice(addon).unit_bytes)
        unit_bytes = self._measures.unit_bytes(measure_id)
        if measure_id is None:  # which unit_bytes has refused
            raise errors.MeasureUnknown(measure_id)
        return Disk(addon.word, measure_id, unit_bytes)

    def _disk_addon(self, item: Item) -> Addon:
        addon = self._addons.of_items([item.id], item.tariff_id).get(item.id)
        if addon is None:
            raise errors.QuotaMissing(item.tariff_id)
        return addon


def _in_trial(item: Item, terms: Terms) -> Terms:
    """The terms of a service with the group of its trial, where it is in one that has a group."""
    return terms._replace(group=terms.trial_group or terms.group) if item.trial else terms


def _names(rows: Iterable[Row]) -> Dict[int, str]:
    return {row["id"]: (row["name"] or "").strip() for row in rows}
