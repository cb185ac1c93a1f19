"""vaultsync auth: a token is tried before it is kept, and the address it goes to is confirmed."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.command_case import be_nobody
from vaultsync import tokens
from vaultsync.cli import main
from vaultsync.errors import AuthError
from vaultsync.hookspecs import SourcePlugin, hookimpl
from vaultsync.host import plugins


class ShelfSettings(msgspec.Struct):
    base_url: str = "https://shelf.example"


class Service:
    """A source that takes one token, and remembers which addresses it was asked at."""

    def __init__(self) -> None:
        self.takes = "good"
        self.asked: list[str] = []

    def make(self, settings: Any, http: Any) -> Any:
        return SimpleNamespace(prefixes=("shelf",), check_token=lambda: self._check(settings.base_url, http))

    def _check(self, address: Any, http: Any) -> None:
        self.asked.append(address)
        if http.token != self.takes:
            raise AuthError("shelf: token refused (401). Nothing was written.", source="shelf")


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    plugin = SourcePlugin("shelf", ShelfSettings, "SHELF_TOKEN", service.make)
    stand_in = SimpleNamespace(vaultsync_sources=hookimpl(_named("vaultsync_sources", lambda: (plugin,))))
    monkeypatch.setitem(sys.modules, "stand_in", stand_in)
    monkeypatch.setattr(plugins, "BUILT_IN", {"shelf": "stand_in"})

    def http(_source: Any, _base_url: Any, token: Any) -> Any:
        return SimpleNamespace(token=token, close=lambda: None)

    monkeypatch.setattr("vaultsync.connection.Http", http)
    return service


def _named(name: str, function: Any) -> Any:
    function.__name__ = name
    return function


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the vault, tokens, keyring or plugins of whoever runs it."""
    be_nobody(monkeypatch, tmp_path)


def auth(monkeypatch: pytest.MonkeyPatch, typed: str, *options: Any) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(["auth", "shelf", *options])


def kept() -> str:
    return tokens.found_token("shelf", "SHELF_TOKEN", os.environ)


def vault_at(tmp_path: Path, base_url: str) -> None:
    (tmp_path / "vaultsync.toml").write_text(f'[sources.shelf]\nbase_url = "{base_url}"\n')


def test_accepted_token_is_kept_and_it_is_said_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert auth(monkeypatch, "good\n") == 0
    assert kept() == "good"
    assert str(tmp_path / "config" / "shelf.token") in capsys.readouterr().out


def test_refused_token_is_not_kept_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert auth(monkeypatch, "bad\n") == 2
    assert kept() == ""
    assert capsys.readouterr().err == (
        "Error: shelf: token refused (401). Nothing was written. The token was not kept.\n"
        'Check token and address, then run "vaultsync auth shelf" again.\n'
    )


def test_token_appears_in_no_output(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    auth(monkeypatch, "good\n")
    auth(monkeypatch, "badbadbad\n")
    assert not any(secret in text for text in capsys.readouterr() for secret in ("good", "badbadbad"))


def test_changed_address_is_confirmed_without_typing_the_token_again(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    auth(monkeypatch, "good\n")
    vault_at(tmp_path, "http://192.168.1.2:9090/shelf")
    with pytest.raises(AuthError):
        tokens.token_for("shelf", "SHELF_TOKEN", "http://192.168.1.2:9090/shelf", os.environ)
    assert auth(monkeypatch, "\n") == 0
    assert service.asked[-1] == "http://192.168.1.2:9090/shelf"
    assert tokens.token_for("shelf", "SHELF_TOKEN", "http://192.168.1.2:9090/shelf", os.environ) == "good"


def test_nothing_typed_and_nothing_in_use_says_how_to_give_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert auth(monkeypatch, "\n") == 2
    assert "SHELF_TOKEN" in capsys.readouterr().err


def test_environment_that_goes_before_the_kept_token_is_mentioned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHELF_TOKEN", "other")
    auth(monkeypatch, "good\n")
    assert "SHELF_TOKEN is set" in capsys.readouterr().err


def test_forgotten_token_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    auth(monkeypatch, "good\n")
    assert auth(monkeypatch, "", "--forget") == 0
    assert kept() == ""


def test_unknown_source_names_the_installed_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["auth", "shelv"]) == 2
    assert "Installed: shelf." in capsys.readouterr().err


def test_vault_named_but_not_there_is_not_passed_over(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert auth(monkeypatch, "good\n", "--vault", str(tmp_path / "missing")) == 2
    assert service.asked == []
