"""Worked examples of WEBPAY's signatures, computed by two tools, some by WEBPAY itself."""

from typing import Dict

KEY = "12345678901234567890"
OWN_KEY = "Se-cret_Key/2024"

GUIDE = {
    "wsb_seed": "1242649174",
    "wsb_storeid": "11111111",
    "wsb_order_num": "ORDER-12345678",
    "wsb_test": "1",
    "wsb_currency_id": "BYN",
    "wsb_total": "21.90",
}
ORDERS = [
    (GUIDE, KEY, "338d1647833079f9353907ad266ec0bb5264c0d9"),
    ({**GUIDE, "wsb_total": "31.40"}, "1", "266e9c04a24dfb5fc75775c42a831a49488f8303"),
    (
        {**GUIDE, "wsb_currency_id": "BYR", "wsb_total": "21950"},
        KEY,
        "7a0142975bc660d219b793c650346af7ffce2473",
    ),
    (
        {
            **{"wsb_seed": "7f3c9a1e5b", "wsb_storeid": "987654321", "wsb_order_num": "42-1"},
            **{"wsb_test": "0", "wsb_currency_id": "BYN", "wsb_total": "150.00"},
        },
        OWN_KEY,
        "0fb2984c22d253699cd29c8f0ca96c389be4507e",
    ),
    ({**GUIDE, "wsb_customer_id": "77"}, KEY, "63149c7a94e9a781f1324d00bb200ac2d201e0b8"),
    ({**GUIDE, "wsb_total": "21.9"}, KEY, "de96439dbc13aeaa5ca9c67620f94eb962984575"),
]

FIRST: Dict[str, str] = {
    "batch_timestamp": "1700000000",
    "currency_id": "BYN",
    "amount": "21.90",
    "payment_method": "cc",
    "order_id": "584236984",
    "site_order_id": "ORDER-12345678",
    "transaction_id": "123456789",
    "payment_type": "4",
    "rrn": "154789648154",
}
OLDEST = {
    **{"batch_timestamp": "123", "currency_id": "BYR", "amount": "500", "payment_method": "test"},
    **{"order_id": "666", "site_order_id": "123", "transaction_id": "666"},
    **{"payment_type": "type", "rrn": "123"},
}
CARD = "424242xxxxxx4242"
NOTIFICATIONS = [
    (OLDEST, "secret", False, "9b1d56e24e5cd0a0a443276073248510"),
    (FIRST, KEY, False, "5adf670e80862471544dbaabd0c4b26a"),
    ({**FIRST, "card": CARD}, KEY, True, "f0798678f234ddf9a461c78e9b0bbc45"),
    ({**FIRST, "payment_type": "1"}, KEY, False, "2010b2fce37cf309312122be78402270"),
    ({**FIRST, "rrn": ""}, KEY, False, "86cebdc921e4be4301ff038307889a5b"),
    ({**FIRST, "amount": "21.9"}, KEY, False, "9291100389e2d665f7627cfbf6576b59"),
    ({**FIRST, "payment_type": "10"}, KEY, False, "7c99f887873ecb00102a9523ef0d3e0b"),
    ({**FIRST, "payment_type": "2"}, KEY, False, "022faa8c1f1cadd4c5e35e4aafaa0fb5"),
    ({**FIRST, "payment_method": "erip"}, KEY, False, "aab162ce417077350f825369ffa3f4f2"),
    (
        {
            **FIRST,
            **{"amount": "150.00", "order_id": "600000001", "site_order_id": "42-1"},
            "transaction_id": "700000001",
        },
        OWN_KEY,
        False,
        "9b5b5d288b123f2b87e19746b512db52",
    ),
]
OF_SHA1 = "81fcf934f31af781c481b3bfa7683c37c02e518f"
"""The first notification signed as an order is: no signature of a notification."""

ANSWERS = [
    ("4", "6d12764208a74fc6e2e895b93f4b2f61"),
    ("1", "25f61f7e5519509838719e907d6b5a21"),
    ("7", "5e8a0ba47f175600eb28cd15f13b104a"),
]
