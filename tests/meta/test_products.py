"""Each product that the program knows has a stand-in, versions that were tried, and documents."""

import json
from typing import List

import pytest

from tests.doubles.cloud import PROFILES
from tests.doubles.cloud.profile import Profile
from tests.meta.documents import page
from tests.meta.messages import LANGUAGES, ROOT, read
from utils.cloud.products import PRODUCTS, Product
from utils.doctor.clouds import TRIED

DOUBLES = ROOT / "tests/doubles/cloud"
RECORDED = sorted(path.stem for path in (DOUBLES / "recordings").glob("*.json"))


def stand_ins(product: Product) -> List[Profile]:
    """The profiles of a product."""
    return [one for one in PROFILES.values() if one.product == product.name.lower()]


def test_stand_ins_and_doctor_know_the_products_of_the_program() -> None:
    names = {product.name for product in PRODUCTS}
    assert set(TRIED) == names
    assert {one.product for one in PROFILES.values()} == {name.lower() for name in names}


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda one: one.name)
def test_a_product_has_a_stand_in_of_each_version_that_was_tried(product: Product) -> None:
    versions = {tuple(map(int, one.version_string.split("."))) for one in stand_ins(product)}
    oldest, newest = TRIED[product.name]
    assert min(versions)[: len(oldest)] == oldest
    assert max(versions)[: len(newest)] == newest


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda one: one.name)
def test_a_stand_in_answers_as_was_recorded(profile: Profile) -> None:
    assert profile.name in RECORDED
    assert json.loads((DOUBLES / f"capabilities/{profile.name}.json").read_text("utf-8"))


def test_each_recording_has_its_stand_in() -> None:
    assert sorted(PROFILES) == RECORDED


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda one: one.name)
def test_a_product_stands_in_the_documents(product: Product) -> None:
    assert product.name in read("docs/en/clouds.md")
    for language in LANGUAGES:
        which = page(f"docs/{language}/cloud-user.md").section(0)
        assert product.name in " ".join(token.content for token in which.tokens)
