"""Plugins of a test's own: installed as packages are, found and loaded as any other.

def test_something(install: Install) -> None:
    install("shout", "@hookimpl\ndef vaultsync_template_filters(): return {'shout': str.upper}")

PYTEST_DONT_REWRITE: test modules may import names from here before pytest takes it for a plugin.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HEADER = """\
from __future__ import annotations
import sys, time
import click, msgspec
from vaultsync.hookspecs import *
from vaultsync.hookspecs import hookimpl
from vaultsync.model import Document
"""
Install = Callable[..., Path]


def hook(name: str, body: str) -> str:
    """The code of a hook with this body; its arguments are those of the hookspec."""
    import inspect

    from vaultsync import hookspecs

    arguments = ", ".join(inspect.signature(getattr(hookspecs, name)).parameters)
    return f"@hookimpl\ndef {name}({arguments}):\n    {body}\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a plugin for the test, in place of the one it has of that name and package.

    It is named in VAULTSYNC_PLUGINS beside those installed before.
    """
    before = set(sys.modules)
    names: list[str] = []
    sites: dict[tuple[str, str], Path] = {}

    def add(name: str, code: str, *, package: str = "", summary: str = "") -> Path:
        package = package or f"vaultsync-{name}"
        # A folder each: the times of one folder are too coarse for two plugins in a millisecond.
        site = sites.setdefault((name, package), tmp_path / "site" / f"{len(sites)}")
        module = f"plugin_{name.replace('-', '_')}_{len(names)}"
        about = site / f"{package.replace('-', '_')}-1.0.dist-info"
        about.mkdir(parents=True, exist_ok=True)
        (site / f"{module}.py").write_text(HEADER + code)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\nSummary: {summary}\n")
        (about / "entry_points.txt").write_text(f"[vaultsync]\n{name} = {module}\n")
        names.append(name)
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.setenv("VAULTSYNC_PLUGINS", ",".join(names))
        return site

    yield add
    for name in set(sys.modules) - before:
        if name.startswith(("plugin_", "vaultsync_plugin_")):
            del sys.modules[name]


def config_folder() -> Path:
    """Where this test's configuration is, made if it was missing."""
    folder = Path(os.environ["VAULTSYNC_CONFIG_DIR"])
    folder.mkdir(exist_ok=True)
    return folder
