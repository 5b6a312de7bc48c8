"""The page of a service in BILLmanager's web, for its client and for staff."""

import os
import time

from utils.billing.reply import Reply
from utils.host import budget
from utils.page.answer import answer
from utils.page.asked import take
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """What BILLmanager shows of the service that a visitor asks for, who may ask for his alone.

    BILLmanager says in the environment who he is and what he wants. A password is changed by the
    command for that, which the page starts.
    """
    began_s = time.monotonic() - budget.age_s()
    return answer(ctx, take(os.environ), began_s)
