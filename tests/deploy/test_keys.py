"""`kepu rotate-honours`: a new key that signs, and the former that still verifies."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import main
from services.kit import keys


def test_the_key_of_honours_is_rotated_and_without_one_it_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPU_HOME", str(tmp_path))
    monkeypatch.delenv("KEPU_KEYS", raising=False)
    none = CliRunner().invoke(main, ["rotate-honours"])
    folder = tmp_path / "keys"
    keys.create_keys(folder)
    (former,) = keys.read_jwks(folder / keys.HONOURS_JWKS)
    done = CliRunner().invoke(main, ["rotate-honours"])
    kids = list(keys.read_jwks(folder / keys.HONOURS_JWKS))
    assert (none.exit_code, none.output) == (
        1,
        f"Error: There is no key of honours in {folder}: start the suite once.\n",
    )
    assert (done.exit_code, done.output) == (0, f"已更换 · rotated: {kids[0]}\n")
    assert kids[1:] == [former]
    assert (folder / keys.HONOURS).stat().st_mode & 0o777 == 0o600
