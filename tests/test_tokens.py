"""Tokens are found in order, kept safe, and sent nowhere their owner has not seen."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from types import ModuleType

import pytest

from vaultsync import origins, tokens
from vaultsync.errors import AuthError, ConfigError

HOME = "https://readwise.io/api"


class Keyring(ModuleType):
    """A keyring package that keeps what it is given, or breaks at every touch."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = broken

    def _touch(self) -> None:
        if self.broken:
            raise RuntimeError("no D-Bus session")

    def get_password(self, service: str, name: str) -> str | None:
        self._touch()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self._touch()
        self.kept[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        self._touch()
        del self.kept[service, name]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"VAULTSYNC_CONFIG_DIR": str(tmp_path / "config")}


@pytest.fixture(autouse=True)
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """No test reaches the keyring of whoever runs it."""
    fake = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return fake


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch, keyring: Keyring) -> None:  # noqa: ARG001 - the keyring it takes away
    monkeypatch.setitem(sys.modules, "keyring", None)


def found(env: dict[str, str], base_url: str = HOME) -> str:
    return tokens.token_for("readwise", "READWISE_TOKEN", base_url, env)


# Where a token comes from


def test_environment_wins_over_file_and_file_over_keyring(env: dict[str, str]) -> None:
    tokens.store("readwise", "from-keyring", env)
    assert found(env) == "from-keyring"
    tokens.store("readwise", "from-file", env, in_file=True)
    assert found(env) == "from-file"
    assert found(env | {"READWISE_TOKEN": "from-env"}) == "from-env"


def test_broken_keyring_is_no_keyring(env: dict[str, str], keyring: Keyring) -> None:
    keyring.broken = True
    where = tokens.store("readwise", "abc", env)
    assert where.endswith("readwise.token")
    assert found(env) == "abc"


@pytest.mark.usefixtures("no_keyring")
def test_without_keyring_the_token_is_kept_in_a_file_of_mode_600(env: dict[str, str], tmp_path: Path) -> None:
    tokens.store("readwise", "abc", env)
    path = tmp_path / "config" / "readwise.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["readwise.token"]


def test_storing_in_the_keyring_removes_the_file_that_would_hide_it(env: dict[str, str]) -> None:
    tokens.store("readwise", "old", env, in_file=True)
    tokens.store("readwise", "new", env)
    assert found(env) == "new"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_token_file_others_can_read_is_refused(env: dict[str, str], tmp_path: Path, mode: int) -> None:
    tokens.store("readwise", "abc", env, in_file=True)
    path = tmp_path / "config" / "readwise.token"
    path.chmod(mode)
    with pytest.raises(AuthError) as caught:
        found(env)
    assert f"chmod 600 {path}" in caught.value.hint


def test_no_token_says_every_way_to_give_one_and_where_to_get_it(env: dict[str, str]) -> None:
    with pytest.raises(AuthError) as caught:
        found(env)
    assert caught.value.exit_code == 2
    for way in ("vaultsync auth readwise", "READWISE_TOKEN", "--file", "https://readwise.io/access_token"):
        assert way in caught.value.hint


def test_source_without_tokens_needs_none(env: dict[str, str]) -> None:
    assert tokens.token_for("plain", "", HOME, env) == ""


@pytest.mark.parametrize("given", [" abc\n", "Token abc"])
def test_pasted_token_is_trimmed(env: dict[str, str], given: str) -> None:
    assert found(env | {"READWISE_TOKEN": given}) == "abc"


@pytest.mark.parametrize("given", ["a b", "a\nb", "tökén", "a\x07"])
def test_what_can_not_be_a_token_is_refused_and_not_repeated(env: dict[str, str], given: str) -> None:
    with pytest.raises(AuthError) as caught:
        found(env | {"READWISE_TOKEN": given})
    assert given not in str(caught.value)


def test_forgetting_removes_token_and_origins_everywhere(env: dict[str, str]) -> None:
    tokens.store("readwise", "abc", env)
    tokens.store("readwise", "abc", env, in_file=True)
    found(env)
    assert len(tokens.forget("readwise", env)) == 2
    assert tokens.found_token("readwise", "READWISE_TOKEN", env) == ""
    assert origins.used_with("readwise", "abc", env) == ()


# Where a token may go


def test_changed_origin_is_refused_until_confirmed(env: dict[str, str]) -> None:
    env |= {"READWISE_TOKEN": "abc"}
    assert found(env) == "abc"
    with pytest.raises(AuthError) as caught:
        found(env, "https://evil.example/api")
    assert caught.value.exit_code == 2
    assert caught.value.message == (
        "readwise: base_url of vaultsync.toml now names https://evil.example; this token was used with "
        "https://readwise.io. Nothing was sent."
    )
    assert '"vaultsync auth readwise"' in caught.value.hint
    origins.bind("readwise", "abc", "https://evil.example/api", env)
    assert found(env, "https://evil.example/api") == found(env) == "abc"


@pytest.mark.parametrize(
    "other", ["http://readwise.io/api", "https://readwise.io:8443/api", "https://a.readwise.io/api"]
)
def test_scheme_host_and_port_make_another_origin(env: dict[str, str], other: str) -> None:
    env |= {"READWISE_TOKEN": "abc"}
    found(env)
    with pytest.raises(AuthError, match="now names"):
        found(env, other)


@pytest.mark.parametrize("same", ["https://readwise.io", "https://READWISE.io:443/other"])
def test_path_case_and_default_port_make_no_other_origin(env: dict[str, str], same: str) -> None:
    env |= {"READWISE_TOKEN": "abc"}
    found(env)
    assert found(env, same) == "abc"


def test_another_token_may_go_elsewhere(env: dict[str, str]) -> None:
    found(env | {"READWISE_TOKEN": "abc"})
    assert found(env | {"READWISE_TOKEN": "def"}, "https://own.example") == "def"


def test_plain_http_is_refused_until_confirmed(env: dict[str, str]) -> None:
    env |= {"READWISE_TOKEN": "abc"}
    with pytest.raises(AuthError, match="not encrypted"):
        found(env, "http://192.168.1.2:9090")
    origins.bind("readwise", "abc", "http://192.168.1.2:9090", env)
    assert found(env, "http://192.168.1.2:9090") == "abc"


@pytest.mark.parametrize("loopback", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:1/api"])
def test_plain_http_on_this_machine_is_fine(env: dict[str, str], loopback: str) -> None:
    assert found(env | {"READWISE_TOKEN": "abc"}, loopback) == "abc"


def test_origins_file_gives_no_token_away(env: dict[str, str], tmp_path: Path) -> None:
    found(env | {"READWISE_TOKEN": "abcdefgh"})
    path = tmp_path / "config" / "origins.json"
    assert "abcdefgh" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "damage", ["", "[]", "{}", '{"key": "zz", "used": {}}', '{"key": "00", "used": {"readwise": 3}}']
)
def test_damaged_origins_file_sends_nothing(env: dict[str, str], tmp_path: Path, damage: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "origins.json").write_text(damage)
    with pytest.raises(ConfigError, match="Nothing was sent"):
        found(env | {"READWISE_TOKEN": "abc"})


def test_origin_that_can_not_be_remembered_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    env = {"VAULTSYNC_CONFIG_DIR": str(tmp_path / "file" / "config"), "READWISE_TOKEN": "abc"}
    with pytest.raises((AuthError, ConfigError)):
        found(env)
