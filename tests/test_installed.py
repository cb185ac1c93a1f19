"""What plugins there are is found once, remembered until something is installed, and never believed if damaged."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_case import be_nobody, made_vault
from tests.plugin_case import Install, config_folder, install
from vaultsync.errors import ConfigError
from vaultsync.host import installed
from vaultsync.host.installed import Found, found

__all__ = ["install"]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the plugins of whoever runs it."""
    be_nobody(monkeypatch, tmp_path)


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make every further search fail."""
    return lambda: monkeypatch.setitem(sys.modules, "importlib.metadata", None)


def remembered() -> Path:
    """The one file that is kept."""
    (file,) = config_folder().glob("plugins-*.txt")
    return file


def test_installed_plugin_is_found_with_its_package(install: Install) -> None:
    install("shout", "", summary="Says it\n  louder.")
    assert found(os.environ) == (Found("shout", "plugin_shout_0", "vaultsync-shout", "1.0", "Says it louder."),)


def test_second_look_searches_nothing(install: Install, no_search: Callable[[], None]) -> None:
    install("shout", "")
    first = found(os.environ)
    no_search()
    assert found(os.environ) == first


def test_plugin_installed_since_is_found(install: Install) -> None:
    found(os.environ)
    install("shout", "")
    assert [one.name for one in found(os.environ)] == ["shout"]


def test_plugin_removed_since_is_gone(install: Install) -> None:
    site = install("shout", "")
    assert found(os.environ)
    (site / "vaultsync_shout-1.0.dist-info").rename(site / "gone")
    os.utime(site, ns=(0, 0))  # its clock may be too coarse for a test
    assert found(os.environ) == ()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:0],
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("plugin\t", "plug\t\t"),
        lambda text: text.replace("seen\t", "seen\tx\t"),
        lambda text: text.replace("asked\tshout", "asked\tother"),
        lambda text: text.replace("e", "\x00\n"),
    ],
)
def test_damaged_file_is_made_again(install: Install, damage: Callable[[str], str]) -> None:
    install("shout", "")
    found(os.environ)
    installed.learn(os.environ, {"shout": (("shout", "Say it louder."),)})
    whole = remembered().read_text()
    remembered().write_text(damage(whole))
    assert [one.name for one in found(os.environ)] == ["shout"]
    installed.learn(os.environ, {"shout": (("shout", "Say it louder."),)})
    assert remembered().read_text() == whole


def test_commands_are_remembered_until_the_plugin_is_another(install: Install) -> None:
    install("shout", "")
    found(os.environ)
    known = (("shout", "Say it louder."), ("whisper", "Not so loud."))
    installed.learn(os.environ, {"shout": known, "other": (("x", ""),)})
    assert [one.commands for one in found(os.environ)] == [known]
    install("other", "")  # which makes it search again
    assert [(one.name, one.commands) for one in found(os.environ)] == [("other", None), ("shout", known)]


def test_where_nothing_can_be_kept_it_is_searched_each_time(install: Install) -> None:
    install("shout", "")
    os.environ["VAULTSYNC_CONFIG_DIR"] = "/dev/null/nowhere"
    assert [one.name for one in found(os.environ)] == ["shout"]
    installed.learn(os.environ, {"shout": ()})
    assert [one.commands for one in found(os.environ)] == [None]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other places")
def test_what_is_remembered_is_kept_where_the_system_keeps_such_things(tmp_path: Path) -> None:
    assert installed.cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == f"{tmp_path}/vaultsync"
    assert installed.cache_folder({}) == str(Path("~/.cache/vaultsync").expanduser())


# Files in a folder of the user's.


def allow(folder: str) -> Path:
    (config_folder() / "config.toml").write_text(f'plugins_folder = "{folder}"\n')
    path = config_folder() / folder
    path.mkdir()
    return path


def test_files_are_plugins_only_if_the_users_own_configuration_says_so() -> None:
    (config_folder() / "plugins").mkdir()
    (config_folder() / "plugins/shout.py").write_text("")
    assert found(os.environ) == ()
    (config_folder() / "config.toml").write_text('plugins_folder = "plugins"\n')
    assert [(one.name, one.origin) for one in found(os.environ)] == [
        ("shout", str(config_folder() / "plugins/shout.py"))
    ]


def test_only_files_that_may_be_plugins_are_taken() -> None:
    folder = allow("plugins")
    for name in ("shout.py", "_hidden.py", ".hidden.py", "notes.txt", "two words.py"):
        (folder / name).write_text("")
    (folder / "folder.py").mkdir()
    assert [one.name for one in found(os.environ)] == ["shout"]


def test_file_is_loaded_as_a_module_of_its_own() -> None:
    folder = allow("plugins")
    (folder / "shout.py").write_text("import msgspec\nclass Voice(msgspec.Struct):\n    loud: 'int' = 3\n")
    (one,) = found(os.environ)
    module = installed.load(one)
    assert (module.__name__, module.Voice().loud) == ("vaultsync_plugin_shout", 3)  # type: ignore[attr-defined]


def test_file_that_fails_leaves_no_half_of_itself_behind() -> None:
    (allow("plugins") / "shout.py").write_text("1 / 0")
    (one,) = found(os.environ)
    with pytest.raises(ZeroDivisionError):
        installed.load(one)
    assert "vaultsync_plugin_shout" not in sys.modules


def test_code_in_a_vault_is_never_loaded(tmp_path: Path) -> None:
    vault = made_vault(tmp_path / "vault")
    (vault / "plugins").mkdir()
    (vault / "plugins/evil.py").write_text("1 / 0")
    folder = allow("plugins")
    (folder / "link.py").symlink_to(vault / "plugins/evil.py")
    for named in ("plugins", str(vault / "plugins")):
        (config_folder() / "config.toml").write_text(f'plugins_folder = "{named}"\n')
        os.utime(config_folder() / "config.toml", ns=(0, len(named)))
        (one,) = found(os.environ)
        with pytest.raises(ImportError, match="lies in a vault"):
            installed.load(one)


@pytest.mark.parametrize("text", ["plugins_folder = 3", 'plugin_folder = "x"', "x", 'plugins_folder = ""', "\x00"])
def test_mistake_in_the_users_configuration_is_named(text: str) -> None:
    (config_folder() / "config.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        found(os.environ)
