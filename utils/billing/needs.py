"""What the program needs of BILLmanager: functions of its core, tables and columns of its database.

The nouns of this room call and read nothing else. The doctor looks whether all of it is there.
"""

from typing import Dict, NamedTuple, Tuple


class Functions(NamedTuple):
    """The functions of the core, each under the name that the program has for it.

    Beside them the core has `<item type>.open` for each type of product.
    """

    params: str = "paramlist"
    save_param: str = "service.saveparam"
    drop_param: str = "service.dropparam"
    post_suspend: str = "service.postsuspend"
    post_resume: str = "service.postresume"
    post_close: str = "service.postclose"
    post_set_param: str = "service.postsetparam"
    post_prolong: str = "service.postprolong"
    post_password: str = "service.postchangepassword"  # noqa: S105  a name, no secret
    post_statistics: str = "service.poststat"
    roll_back_tariff: str = "service.changepricelist.rollback"
    edit_operation: str = "runningoperation.edit"
    stop_operation: str = "runningoperation.setmanual"
    find_task_type: str = "task.gettype"
    make_task: str = "task.edit"
    make_task_of_department: str = "task.simple.create"
    delete_task: str = "task.delete"
    notify: str = "notification.edit"
    register_problem: str = "problems.register"
    show_module: str = "processing.edit"


FUNCTIONS = Functions()

QUESTIONS = (FUNCTIONS.params, FUNCTIONS.find_task_type, FUNCTIONS.show_module)
"""The functions that change nothing. Any other is taken for one that writes."""

TABLES: Dict[str, Tuple[str, ...]] = {
    "account": ("id", "name"),
    "enumerationitem": ("id", "intname"),
    "information_schema.columns": ("table_schema", "table_name", "column_name"),
    "information_schema.tables": ("table_schema", "table_name", "table_rows"),
    "item": (
        *("id", "parent", "account", "pricelist", "lastpricelist", "processingmodule", "period"),
        *("status", "intvalue", "addonlimit", "addonmax", "addonmaxtrial", "enumerationitem"),
    ),
    "itemcryptedparam": ("item", "intname", "value"),
    "itemparam": ("item", "intname", "value"),
    "itemstat": ("item", "statdate", "param", "value", "measure"),
    "itemtype": ("id", "intname", "parent"),
    "measure": ("id", "intname", "relation", "lessmeasure"),
    "pricelist": (
        *("id", "parent", "name", "intname", "itemtype", "active", "billtype", "addontype"),
        "measure",
        *("compound", "addonlimit", "addonlimittrial", "addonmax", "addonmaxtrial"),
        "enumerationitem",
    ),
    "pricelistparam": ("pricelist", "intname", "value"),
    "processingcryptedparam": ("processingmodule", "intname", "value"),
    "processingmodule": ("id", "name", "module", "active", "department"),
    "processingmodule2pricelist": ("processingmodule", "pricelist"),
    "processingparam": ("processingmodule", "intname", "value"),
    "runningoperation": ("id", "item", "trycount"),
    "task": ("id", "runningoperation", "status"),
    "user": ("id", "account", "email"),
}
"""The columns that are read, by table."""


class PaymentFunctions(NamedTuple):
    """The functions of the core that payments with WEBPAY need beside `Functions`."""

    show: str = "payment.info"
    start: str = "payment.setinpay"
    book: str = "payment.setpaid"
    list: str = "payment"
    name_user: str = "whoami"


PAYMENT_FUNCTIONS = PaymentFunctions()

PAYMENT_TABLES: Dict[str, Tuple[str, ...]] = {
    "currency": ("id", "iso"),
    "payment": ("id", "paymethod", "status", "createdate"),
    "paymethod": ("id", "name", "module", "active", "currency", "xmlparams"),
}
"""The columns that payments with WEBPAY need; who does not sell so does without."""


class OptionalColumns(NamedTuple):
    """Columns that are read where BILLmanager's version has them: the table, and one or more."""

    operation_error: Tuple[str, ...] = ("runningoperation", "errorxml")
    operation_stopped: Tuple[str, ...] = ("runningoperation", "manual")
    notification: Tuple[str, ...] = ("notification", "user", "subject")
    opened: Tuple[str, ...] = ("item", "opendate")
    trial_limit: Tuple[str, ...] = ("item", "addonlimittrial")
    task_text: Tuple[str, ...] = ("task", "specification")
    type_params: Tuple[str, ...] = (
        *("itemtypeparam", "itemtype", "intname", "editvisible", "editreadlevel", "crypted"),
    )
    user_disabled: Tuple[str, ...] = ("user", "disabled")
    user_name: Tuple[str, ...] = ("user", "name")
    user_person: Tuple[str, ...] = ("user", "realname")
    user_language: Tuple[str, ...] = ("user", "lang")
    user_language_word: Tuple[str, ...] = ("user", "language")


OPTIONAL = OptionalColumns()

WRITTEN = {"itemstat": ("item", "statdate", "param", "value", "measure")}
"""The columns that are written by SQL. All else is written by functions of the core."""
