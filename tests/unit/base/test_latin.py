"""Texts in other letters, written in Latin ones."""

import pytest

from utils.base.latin import to_latin


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ivan-1", "Ivan-1"),
        ("Щукин Ёж", "Shchukin Ezh"),
        ("Подъячий", "Podyachiy"),
        ("Їжак Ґудзь", "Yizhak Gudz"),
        ("Ўладзімір", "Uladzimir"),
        ("Straße Łódź Ñandú", "Strasse Lodz Nandu"),
        ("Ξένος", "Xenos"),
        ("é", "e"),
        ("ﬁn", "fin"),
        ("山田", "山田"),
    ],
)
def test_letters_have_their_usual_latin_forms(text: str, written: str) -> None:
    assert to_latin(text) == written
