"""Plugins are asked in a stated order, and one that fails is named while the others go on."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from vaultsync import plugins
from vaultsync.hookspecs import SourcePlugin, hookimpl
from vaultsync.model import Document
from vaultsync.plugins import Host


class Settings(msgspec.Struct):
    base_url: str = "https://shelf.example"


def source(name: str = "shelf", settings: type = Settings) -> SourcePlugin:
    return SourcePlugin(name, settings, "", lambda _settings, _http: None)  # type: ignore[arg-type, return-value]


def plugin(**hooks: Any) -> Any:
    """A plugin whose hooks return these values, or raise if the value is an error."""

    def hook(value: Any) -> Any:
        def answer() -> Any:
            if isinstance(value, BaseException):
                raise value
            return value

        return answer

    made = SimpleNamespace()
    for name, value in hooks.items():
        function = value if name == "after_pull" else hook(value)
        function.__name__ = f"vaultsync_{name}"
        setattr(made, function.__name__, hookimpl(function))
    return made


def same(document: Document) -> Document:
    return document


def shout(text: str) -> str:
    return text.upper()


def failed(host: Host) -> list[str]:
    return [failure.plugin for failure in host.failures]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Install plugins for the test: a mapping of names to objects, or to an error met on import."""
    there: dict[str, object] = {}

    class Installed(EntryPoint):
        def load(self) -> object:
            found = there[self.name]
            if isinstance(found, BaseException):
                raise found
            return found

    def entry_points(*, group: Any) -> Any:
        assert group == "vaultsync"
        return [Installed(name, "somewhere", group) for name in there]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    monkeypatch.setattr(plugins, "BUILT_IN", {})
    return there


# Loading


def test_our_own_sources_come_by_the_same_hook() -> None:
    pytest.importorskip("vaultsync.sources.readwise")
    host = Host.load({"VAULTSYNC_PLUGINS": ""})
    assert (list(host.sources()), host.failures) == (["readwise"], ())


def test_installed_plugins_are_loaded_by_name(installed: dict[str, object]) -> None:
    installed.update(zebra=plugin(), ape=plugin())
    assert Host.load({}).names == ("ape", "zebra")


def test_plugins_are_narrowed_by_the_environment(installed: dict[str, object]) -> None:
    installed.update(zebra=plugin(), ape=plugin())
    assert Host.load({"VAULTSYNC_PLUGINS": " zebra,"}).names == ("zebra",)
    assert Host.load({"VAULTSYNC_PLUGINS": ""}).names == ()


def test_plugin_named_but_not_installed_is_reported(installed: dict[str, object]) -> None:
    installed.update(ape=plugin())
    assert failed(Host.load({"VAULTSYNC_PLUGINS": "ape,unicorn"})) == ["unicorn"]


@pytest.mark.parametrize("error", [ImportError("no module"), SyntaxError("bad"), SystemExit(1)])
def test_plugin_that_can_not_be_imported_leaves_the_others(installed: dict[str, object], error: BaseException) -> None:
    installed.update(broken=error, good=plugin(sources=(source(),)))
    host = Host.load({})
    assert (failed(host), list(host.sources())) == (["broken"], ["shelf"])


def test_without_plugins_the_entry_points_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "importlib.metadata", None)
    monkeypatch.setattr(plugins, "BUILT_IN", {})
    assert Host.load({"VAULTSYNC_PLUGINS": ""}).failures == ()


# Asking


def test_plugins_are_asked_in_the_order_given() -> None:
    host = Host({name: plugin(document_filters=(same,)) for name in ("b", "a", "c")})
    assert host.document_filters() == (("b", same), ("a", same), ("c", same))


@pytest.mark.parametrize("hook", ["sources", "document_filters", "template_filters"])
@pytest.mark.parametrize("answer", [RuntimeError("oops"), 3, ("text",), SystemExit(0)])
def test_plugin_that_raises_or_answers_nonsense_is_named_and_left_out(hook: str, answer: Any) -> None:
    good = plugin(sources=(source(),), document_filters=(same,), template_filters={"shout": shout})
    host = Host({"bad": plugin(**{hook: answer}), "good": good})
    assert failed(host) == ["bad"]
    assert list(host.sources()) == ["shelf"]
    assert host.document_filters() == (("good", same),)
    assert host.template_filters() == {"shout": shout}


def test_hook_with_arguments_nobody_promised_is_refused() -> None:
    def vaultsync_sources(unpromised: Any) -> Any:
        return unpromised

    host = Host({"bad": SimpleNamespace(vaultsync_sources=hookimpl(vaultsync_sources)), "good": plugin()})
    assert (failed(host), host.names) == (["bad"], ("good",))


@pytest.mark.parametrize("bad", [source("Not a name"), source("../x"), source(settings=dict)])
def test_source_with_an_unusable_name_or_settings_is_left_out(bad: Any) -> None:
    host = Host({"bad": plugin(sources=(bad,))})
    assert (failed(host), host.sources()) == (["bad"], {})


def test_source_two_plugins_claim_belongs_to_the_first() -> None:
    first = source()
    host = Host({"one": plugin(sources=(first,)), "two": plugin(sources=(source(),))})
    assert (host.sources(), failed(host)) == ({"shelf": first}, ["two"])


def test_failure_says_what_happened_and_what_to_do() -> None:
    (failure,) = Host({"bad": plugin(sources=RuntimeError("oops"))}).failures
    assert failure.message == (
        "plugin bad could not answer vaultsync_sources: RuntimeError: oops. The rest went on without it."
    )
    assert "VAULTSYNC_PLUGINS" in failure.hint


def test_every_plugin_hears_of_a_pull_though_one_raises() -> None:
    heard = []

    def deaf(report: Any) -> None:
        raise RuntimeError(report)

    def listening(report: Any) -> None:
        heard.append(report)

    host = Host({"deaf": plugin(after_pull=deaf), "listening": plugin(after_pull=listening)})
    failures = host.after_pull("the report")
    assert (heard, [failure.plugin for failure in failures]) == (["the report"], ["deaf"])
    assert host.failures == failures
