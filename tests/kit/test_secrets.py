"""Tokens, sealed fields, keys and masks."""

import base64
import json
import stat
from pathlib import Path
from uuid import UUID

import jwt
import pytest
from cryptography.exceptions import InvalidTag

from services.kit import keys
from services.kit.access import Caller, Grant, Kind, Role
from services.kit.ids import uuid7
from services.kit.logs import without_personal_data
from services.kit.tokens import BadToken, Signer, Verifier
from services.kit.vault import Vault, mask_name, mask_phone

OFFICER = Caller(Kind.STAFF, UUID(int=7), (Grant(Role.OFFICER, "630123"),))


def test_a_token_brings_the_caller_back(key_folder: Path) -> None:
    token = Signer(key_folder).sign(OFFICER, "events")
    assert Verifier(key_folder, "events").verify(token) == OFFICER


def test_a_token_for_another_service_is_refused(key_folder: Path) -> None:
    token = Signer(key_folder).sign(OFFICER, "venues")
    with pytest.raises(BadToken):
        Verifier(key_folder, "events").verify(token)


def test_an_old_token_is_refused_and_a_young_one_reused(key_folder: Path) -> None:
    signer = Signer(key_folder)
    old = signer.sign(OFFICER, "events", now=1_000_000)
    assert signer.sign(OFFICER, "events", now=1_000_029) == old
    assert signer.sign(OFFICER, "events", now=1_000_031) != old
    with pytest.raises(BadToken):
        Verifier(key_folder, "events").verify(old)


def test_a_strangers_signature_and_no_signature_are_refused(
    key_folder: Path, tmp_path: Path
) -> None:
    keys.create_keys(tmp_path)
    verifier = Verifier(key_folder, "events")
    with pytest.raises(BadToken):
        verifier.verify(Signer(tmp_path).sign(OFFICER, "events"))
    kid = next(iter(keys.read_jwks(key_folder / keys.JWKS)))
    claims = jwt.decode(
        Signer(key_folder).sign(OFFICER, "events"), options={"verify_signature": False}
    )
    with pytest.raises(BadToken):
        verifier.verify(jwt.encode(claims, "", "none", headers={"kid": kid}))
    public = base64.urlsafe_b64decode(keys.read_jwks(key_folder / keys.JWKS)[kid] + "=")
    with pytest.raises(BadToken):
        verifier.verify(jwt.encode(claims, public, "HS256", headers={"kid": kid}))


def test_a_token_that_lives_too_long_is_refused(key_folder: Path) -> None:
    signer = Signer(key_folder)
    claims = jwt.decode(signer.sign(OFFICER, "events"), options={"verify_signature": False})
    claims["exp"] += 3600
    forever = jwt.encode(claims, signer._private, "EdDSA", headers={"kid": signer._kid})
    with pytest.raises(BadToken):
        Verifier(key_folder, "events").verify(forever)


def test_keys_are_made_once_and_are_nobody_elses(tmp_path: Path) -> None:
    keys.create_keys(tmp_path / "k")
    before = {path.name: path.read_bytes() for path in (tmp_path / "k").iterdir()}
    keys.create_keys(tmp_path / "k")
    assert {path.name: path.read_bytes() for path in (tmp_path / "k").iterdir()} == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "k").iterdir()} == {0o600}


@pytest.mark.parametrize("text", ["13812345678", "才让卓玛", "ཚེ་རིང་སྒྲོལ་མ་", ""])
def test_a_sealed_field_opens_again_and_differs_each_time(key_folder: Path, text: str) -> None:
    vault = Vault(key_folder)
    first, second = vault.seal(text, "members.name"), vault.seal(text, "members.name")
    assert first != second
    assert vault.open(first, "members.name") == vault.open(second, "members.name") == text


def test_a_sealed_field_moved_or_changed_does_not_open(key_folder: Path) -> None:
    vault = Vault(key_folder)
    sealed = vault.seal("13812345678", "members.phone")
    with pytest.raises(InvalidTag):
        vault.open(sealed, "accounts.phone")
    with pytest.raises(InvalidTag):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "members.phone")


def test_an_older_key_still_opens_after_rotation(tmp_path: Path) -> None:
    keys.create_keys(tmp_path)
    sealed = Vault(tmp_path).seal("才让", "members.name")
    fields = json.loads((tmp_path / keys.FIELDS).read_text())
    fields["keys"]["k2"], fields["current"] = fields["index"], "k2"
    (tmp_path / keys.FIELDS).write_text(json.dumps(fields))
    vault = Vault(tmp_path)
    assert vault.open(sealed, "members.name") == "才让"
    assert vault.seal("才让", "members.name")[2:4] == b"k2"


def test_the_blind_index_finds_equals_within_a_field_only(key_folder: Path) -> None:
    vault = Vault(key_folder)
    assert vault.index("138", "members.phone") == vault.index("138", "members.phone")
    assert vault.index("138", "members.phone") != vault.index("138", "accounts.phone")


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张三丰", "张**"), ("李", "李*"), ("ཚེ་རིང་", "ཚེ་**"), ("才让卓玛", "才***")],
)
def test_a_name_is_masked_in_both_scripts(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_phones_are_masked_in_answers_and_logs() -> None:
    assert mask_phone("13812345678") == "138****5678"
    assert without_personal_data("tel 13812345678, id 630123199001011234.") == (
        "tel 138****5678, id 630123****1234."
    )


def test_ids_grow_with_time() -> None:
    ids = [uuid7() for _ in range(3)]
    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    assert [each.int >> 80 for each in ids] == sorted(each.int >> 80 for each in ids)
