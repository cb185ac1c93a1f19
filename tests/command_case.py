"""What tests of commands need: to see nothing of whoever runs them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


def be_nobody(monkeypatch: pytest.MonkeyPatch, folder: Path, at: Path | None = None) -> None:
    """Forget every vault, token, keyring and plugin of this machine; keep configuration and state in `folder`.

    at: the folder to be in; `folder` itself if not given.
    """
    for name in [each for each in os.environ if each.startswith("VAULTSYNC_") or each.endswith("_TOKEN")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VAULTSYNC_CONFIG_DIR", str(folder / "config"))
    monkeypatch.setenv("VAULTSYNC_STATE_DIR", str(folder / "state"))
    monkeypatch.setenv("VAULTSYNC_PLUGINS", "")
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.chdir(at or folder)


def made_vault(root: Path, text: str = "") -> Path:
    """Make a folder a vault, with this as its vaultsync.toml."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "vaultsync.toml").write_text(text)
    return root
