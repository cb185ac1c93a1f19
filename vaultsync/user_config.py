"""The folder for what belongs to this user and to no vault: tokens, and where they may go."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from vaultsync.errors import ConfigError
from vaultsync.steps import step


def config_dir(env: Mapping[str, str]) -> Path:
    """Name the folder for what belongs to this user and to no vault."""
    if env.get("VAULTSYNC_CONFIG_DIR"):
        return Path(env["VAULTSYNC_CONFIG_DIR"]).expanduser()
    import platformdirs

    return platformdirs.user_config_path("vaultsync", appauthor=False)


def write_secret(path: Path, text: str) -> None:
    """Replace a file that only its owner may ever read, also while it is being written."""
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        step("user_config.mkdir")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        step("user_config.write")
        with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        step("user_config.replace")
        temp.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temp.unlink()
        raise ConfigError(
            f"{path} can't be written: {error.strerror}. Nothing was sent.",
            hint="Set VAULTSYNC_CONFIG_DIR to a folder of yours outside the vault.",
        ) from error
