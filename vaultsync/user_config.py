"""The folder for what belongs to this user and to no vault: tokens, where they may go, and whose code may run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from vaultsync.errors import ConfigError
from vaultsync.steps import step

_PLUGINS_FOLDER = "plugins_folder"


def config_dir(env: Mapping[str, str]) -> Path:
    """Name the folder for what belongs to this user and to no vault."""
    if env.get("VAULTSYNC_CONFIG_DIR"):
        return Path(env["VAULTSYNC_CONFIG_DIR"]).expanduser()
    import platformdirs

    return platformdirs.user_config_path("vaultsync", appauthor=False)


def config_file(env: Mapping[str, str]) -> Path:
    """Name the file for settings that no vault may make."""
    return config_dir(env) / "config.toml"


def plugins_folder(env: Mapping[str, str]) -> Path | None:
    """Name the folder whose Python files are plugins; None if config.toml allows none. Raises ConfigError.

    A path that is not absolute is below the folder config.toml is in.
    """
    file = config_file(env)
    settings = _settings(file)
    unknown = sorted(settings.keys() - {_PLUGINS_FOLDER})
    folder = settings.get(_PLUGINS_FOLDER)
    if unknown or not (folder is None or (isinstance(folder, str) and folder)):
        wrong = f'there is no option "{unknown[0]}"' if unknown else f"{_PLUGINS_FOLDER} is no path"
        raise ConfigError(f"{file}: {wrong}. Nothing was done.", hint=f'It may say: {_PLUGINS_FOLDER} = "plugins".')
    return None if folder is None else file.parent / Path(folder).expanduser()


def _settings(file: Path) -> Mapping[str, object]:
    import tomllib

    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{file} can't be read: {error}. Nothing was done.", hint="Mend it or delete it; it is yours alone."
        ) from error


def write_secret(path: Path, text: str) -> None:
    """Replace a file that only its owner may ever read, also while it is being written."""
    import secrets  # only here, and not the lightest

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
