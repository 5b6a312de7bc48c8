"""The WEBPAY double: a sandbox on loopback with the payment page, notifications and questions.

with Sandbox({"11111111": "made-up-secret"}) as webpay:
    ...  # the customer's form is posted to webpay.url
    page = webpay.pay(order)
    webpay.settle()  # all notifications were taken
"""

from .browser import Browser, Page
from .sandbox import Knobs, Order, Sandbox

__all__ = ["Browser", "Knobs", "Order", "Page", "Sandbox"]
