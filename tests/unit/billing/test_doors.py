"""The ways into BILLmanager: where its files say that they are, or its core."""

import logging
from pathlib import Path

import pytest

from tests.doubles.billmanager import Stand
from tests.unit.billing.given import order
from tests.unit.conftest import close
from utils.base import errors
from utils.base.secret import Secret
from utils.billing.billmanager import Billing
from utils.billing.doors import Doors
from utils.host.root import Host


def test_the_core_is_asked_where_the_files_do_not_tell(
    stand: Stand, log: logging.Logger, tmp_path: Path
) -> None:
    """paramlist knows the database and the key as the files do."""
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin" / "mgrctl").symlink_to(stand.root / "sbin" / "mgrctl")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "billmgr.pem").symlink_to(stand.root / "etc" / "billmgr.pem")
    billing = Billing(Host(str(tmp_path)), log)
    item = order(stand, crypted_params={"userpassword": "made-up-pw-77"})
    assert billing.services.item(item).saved_password == Secret("made-up-pw-77")
    assert "paramlist" in [call.function for call in stand.calls]
    close(billing)


def test_a_host_without_anything_has_no_core(log: logging.Logger, tmp_path: Path) -> None:
    with pytest.raises(errors.CoreUnavailable):
        Billing(Host(str(tmp_path)), log).services.item(7)


def test_a_key_elsewhere_is_found(stand: Stand, log: logging.Logger, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "etc" / "billmgr.conf").write_text("DBName x\nCryptKey keys/own.pem\n")
    (tmp_path / "keys" / "own.pem").write_bytes(stand.key.pem())
    key = Doors(Host(str(tmp_path)), log).key
    assert key.decrypt(stand.key.encrypt("made-up-pw-77")) == Secret("made-up-pw-77")


def test_a_missing_key_is_told(stand: Stand, log: logging.Logger, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "billmgr.conf").write_text("DBName x\n")
    with pytest.raises(errors.KeyUnavailable):
        Billing(Host(str(tmp_path)), log).key_digest()
