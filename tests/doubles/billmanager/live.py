"""The columns of the tables of a living BILLmanager 6, as a public dump of one shows them."""

from typing import Dict, Tuple

_COLUMNS = """
datacenter: id orderpriority name external_id
itemtype: id orderpriority name intname embedded parent itemname show_addon_image orderimage
  orderview trial day monthly quarterly semiannual annually biennial triennial quadrennial
  quinquennial decennial lifetime transfer trialtype suspendperiod splitexpense need_processing
  nostopholidays closetype closesubtype statparam open_duration_limit listimage showoninfo
  paramgroup description
itemtype2project: itemtype project menu
itemtypeorderreference: pricelist itemtype
itemtypeparam: id orderpriority intname embedded itemtype ordervisible openvisible editvisible
  editwritelevel editreadlevel inputtype inputrows inputlength validator name check_range
  default_value hint info required zoom needmodulecheck needsetparam crypted tune_pricelists
  paramgroup selecttype nogroupedit listvisible description
itemtypeparamvalue: id orderpriority name intname itemtypeparam info disablepricelists tags
  valuegroup
itemtyperule: id itemtype billtype addontype measure enumeration enumerationitem intname
  needmodulecheck addonlimit addonstep addonmax create_default addonbool
price: id trial lifetime day monthly quarterly semiannual annually biennial triennial
  quadrennial quinquennial decennial transfer setup stat currency prolong disable_day
  disable_monthly disable_quarterly disable_semiannual disable_annually disable_biennial
  disable_triennial disable_quadrennial disable_quinquennial disable_decennial disable_lifetime
pricelist: id orderpriority name project itemtype description description_markdown billtype
  billhourly changepolicy changeprolongpolicy billdaily billprorata prorataday active intname
  opennotify show_addon_image orderimage license trial pricelist_group access addontype measure
  parent addonlimit addonlimittrial addonstep addonmax addonmaxtrial addonmin enumeration
  enumerationitem addonbool minperiodtype minperiodlen addonstattype addonstatcomparison
  addonstatcalculation addonstatchargestoped requery_phone suspendperiod suspendpenaltytype
  suspendpenaltypercent alignexpenseamount isgroup manualname compound note itemmax
  trial_itemmax allow_multiple_order max_multiple_order_count allownosuitable
  restrictclientchange siteinfo orderpolicy returnpolicy manualprocessing
  manualprocessing_skipdefault nostopholidays scaletype remoteid label allowpostpaid
  processing_feature chargestoped autocalcday summarizeinvoice forcecontractprint roundtype
  quickorder selecttype price_on_request price_request_form endoflifedate archived
pricelist2orderpage: pricelist orderpage
pricelistparam: id intname pricelist value
pricelistprice: pricelist currency price
processingmodule: id orderpriority name module ipmgr laststatdate config datacenter department
  licserver licserverprovider active ippool failed
processingmodule2pricelist: processingmodule pricelist orderpriority
processingparam: id intname processingmodule value
project: id name account requery_phone subaccountgentype site billurl clienthelp ga_counter
  ga_userid ga_type ga_trial ym_counter support_require support_over_limit taxexclusive
  taxcustompay country_default state_default notifyemail supportemail supportphone
  supportphonedesc theme recaptcha_type recaptcha_publickey recaptcha_privatekey
  recaptcha_auth_type recaptcha_auth_publickey recaptcha_auth_privatekey
  recaptcha_auth_excluded_ips disable_banner disable_orion smallimg active
  ticket_message_ratelimit brand
project2currency: project currency projectdefault
"""


def _read() -> Dict[str, Tuple[str, ...]]:
    tables: Dict[str, Tuple[str, ...]] = {}
    for line in _COLUMNS.replace("\n  ", " ").strip().splitlines():
        table, _, names = line.partition(": ")
        tables[table] = tuple(names.split())
    return tables


COLUMNS = _read()
"""By table. The dump has not all tables, and columns of other languages are left out."""
