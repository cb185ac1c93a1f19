"""Plugins are asked in a stated order, and one that fails is named while the others go on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import click
import msgspec
import pytest

from tests.command_case import be_nobody, made_vault
from tests.plugin_case import Install, hook, install
from vaultsync import config
from vaultsync.errors import ConfigError
from vaultsync.hookspecs import Edit, Receipt, SourcePlugin, hookimpl
from vaultsync.host import notices, plugins
from vaultsync.host.plugins import Host
from vaultsync.model import Document

__all__ = ["install"]


class Settings(msgspec.Struct):
    base_url: str = "https://shelf.example"


def source(name: str = "shelf", settings: type = Settings) -> SourcePlugin:
    return SourcePlugin(name, settings, "", lambda _settings, _http: None)  # type: ignore[arg-type, return-value]


# Hooks that are given something.
TOLD = ("after_pull", "before_push", "after_push", "configure")


def plugin(**hooks: Any) -> Any:
    """A plugin whose hooks return these values, or raise if the value is an error."""

    def answering(value: Any) -> Any:
        def answer() -> Any:
            if isinstance(value, BaseException):
                raise value
            return value

        return answer

    made = SimpleNamespace()
    for name, value in hooks.items():
        function = value if name in TOLD else answering(value)
        function.__name__ = f"vaultsync_{name}"
        setattr(made, function.__name__, hookimpl(function))
    return made


def same(document: Document) -> Document:
    return document


def shout(text: str) -> str:
    return text.upper()


def failed(host: Host) -> list[str]:
    return [failure.plugin for failure in host.failures]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the plugins of whoever runs it."""
    be_nobody(monkeypatch, tmp_path)


# Loading


def test_our_own_sources_come_by_the_same_hook() -> None:
    host = Host.load({"VAULTSYNC_PLUGINS": ""})
    assert (list(host.sources()), host.failures) == (list(plugins.BUILT_IN), ())


def test_installed_plugins_are_loaded_by_name_after_our_own(install: Install) -> None:
    for name in ("zebra", "ape"):
        install(name, "")
    assert Host.load(os.environ).names == (*plugins.BUILT_IN, "ape", "zebra")


def test_plugins_are_narrowed_by_the_environment(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("zebra", "ape"):
        install(name, "")
    monkeypatch.setattr(plugins, "BUILT_IN", {})
    assert Host.load({**os.environ, "VAULTSYNC_PLUGINS": " zebra,"}).names == ("zebra",)
    assert Host.load({**os.environ, "VAULTSYNC_PLUGINS": ""}).names == ()


def test_plugin_named_but_not_installed_is_reported(install: Install) -> None:
    install("ape", "")
    assert failed(Host.load({**os.environ, "VAULTSYNC_PLUGINS": "ape,unicorn"})) == ["unicorn"]


@pytest.mark.parametrize(
    "code", ["import no_such_module", "a b", "sys.exit(1)", "class Fatal(Exception): ...\nraise Fatal"]
)
def test_plugin_that_can_not_be_imported_leaves_the_others(install: Install, code: str) -> None:
    install("broken", code)
    install("good", hook("vaultsync_template_filters", "return {'shout': str.upper}"))
    host = Host.load(os.environ)
    assert (failed(host), list(host.template_filters())) == (["broken"], ["shout"])


@pytest.mark.parametrize("name", ["ape", "readwise"])
def test_name_two_plugins_have_belongs_to_the_first(install: Install, name: str) -> None:
    install(name, "", package="b-package")
    install(name, "", package="a-package")
    host = Host.load(os.environ)
    taken = {"ape": ["b-package 1.0"], "readwise": ["a-package 1.0", "b-package 1.0"]}[name]
    assert [failure.message.split(":")[0] for failure in host.failures] == [
        f"plugin {name} of {each}" for each in taken
    ]


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


@pytest.mark.parametrize("name", ["not a name", "", 3])
def test_template_filter_with_an_unusable_name_is_left_out(name: Any) -> None:
    host = Host({"bad": plugin(template_filters={name: shout})})
    assert (failed(host), host.template_filters()) == (["bad"], {})


@pytest.mark.parametrize("name", ["quote", "default"])
def test_template_filter_of_our_own_is_not_replaced(name: str) -> None:
    host = Host({"bad": plugin(template_filters={name: shout, "shout": shout})})
    assert (failed(host), host.template_filters()) == (["bad"], {"shout": shout})


def test_hook_with_a_slip_in_its_name_is_told() -> None:
    host = Host({"bad": plugin(sourcs=())})
    assert "unknown hook 'vaultsync_sourcs'" in host.failures[0].message


def test_plugin_says_which_hooks_it_answers() -> None:
    host = Host({"one": plugin(template_filters={"shout": shout}, sources=(source(),))})
    assert host.hooks("one") == ("vaultsync_sources", "vaultsync_template_filters")
    assert host.brought("one") == (("shelf",), ("shout",))


def test_failures_are_told_once() -> None:
    host = Host({"bad": plugin(sources=RuntimeError("oops"))})
    assert [failure.plugin for failure in host.untold()] == ["bad"]
    assert host.untold() == ()
    assert failed(host) == ["bad"]


# Commands


def test_commands_are_joined_and_a_name_that_is_taken_is_told() -> None:
    first, second, ours = click.Command("shelf"), click.Command("shelf"), click.Command("export")
    host = Host({"one": plugin(commands=(first,)), "two": plugin(commands=(second, ours))})
    assert host.commands(["export"]) == {"shelf": ("one", first)}
    assert [failure.message for failure in host.failures] == [
        'plugin two: "shelf" of vaultsync_commands is taken by one. It was left out.',
        'plugin two: "export" of vaultsync_commands is taken by vaultsync. It was left out.',
    ]


@pytest.mark.parametrize("answer", [RuntimeError("oops"), 3, (print,), (click.Command("Not a name"),)])
def test_commands_that_are_none_are_named_and_left_out(answer: Any) -> None:
    good = click.Command("shelf")
    host = Host({"bad": plugin(commands=answer), "good": plugin(commands=(good,))})
    assert (host.commands([]), failed(host)) == ({"shelf": ("good", good)}, ["bad"])


# Settings


class Voice(msgspec.Struct):
    loudness: int = 3


class Needy(msgspec.Struct):
    file: str


def read(root: Path, text: str) -> config.Config:
    return config.load(made_vault(root, text))


def test_plugin_is_handed_its_section_before_it_is_asked_for_anything(tmp_path: Path) -> None:
    heard: list[Any] = []

    def sources() -> Any:
        heard.append("asked")
        return ()

    one = plugin(settings=Voice, configure=lambda settings: heard.append(settings))
    one.vaultsync_sources = hookimpl(sources, specname="vaultsync_sources")
    Host({"voice": one}, config=read(tmp_path, "[plugins.voice]\nloudness = 7"))
    assert heard == [Voice(7), "asked"]


def test_plugin_without_a_section_is_handed_the_defaults(tmp_path: Path) -> None:
    heard: list[Any] = []
    Host({"voice": taking(heard)}, config=read(tmp_path, ""))
    assert heard == [Voice(3)]


def test_plugin_that_can_not_do_without_a_section_is_left_out_and_told(tmp_path: Path) -> None:
    host = Host({"needy": plugin(settings=Needy, template_filters={"shout": shout})}, config=read(tmp_path, ""))
    assert (failed(host), host.names, host.template_filters()) == (["needy"], (), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loudness = 'high'", "vaultsync.toml, line 2 in [plugins.voice]: loudness: expected a number, found text."),
        ("loudnes = 3", 'vaultsync.toml, line 2 in [plugins.voice]: there is no option "loudnes".'),
    ],
)
def test_mistake_in_a_section_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Host({"voice": taking([])}, config=read(tmp_path, f"[plugins.voice]\n{text}"))
    assert caught.value.message.startswith(said)


def test_section_of_a_plugin_that_has_no_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 1 in .plugins.: the plugin mute has no settings"):
        Host({"mute": plugin()}, config=read(tmp_path, "[plugins.mute]\nloudness = 3"))


def test_section_of_no_plugin_names_those_installed(tmp_path: Path, install: Install) -> None:
    install("voice", "")
    with pytest.raises(ConfigError) as caught:
        Host.load(os.environ, read(tmp_path, "[plugins.voise]"))
    own = ", ".join(plugins.BUILT_IN)
    assert str(caught.value) == (
        'vaultsync.toml, line 1 in [plugins]: there is no plugin "voise". Nothing was done. '
        f'Did you mean "voice"? Installed: {own}, voice.'
    )


def test_section_of_a_plugin_that_was_left_out_is_passed_over(tmp_path: Path, install: Install) -> None:
    install("voice", "raise RuntimeError")
    loaded = read(tmp_path, "[plugins.voice]\nloudness = 3")
    assert failed(Host.load(os.environ, loaded)) == ["voice"]
    assert failed(Host.load({**os.environ, "VAULTSYNC_PLUGINS": ""}, loaded)) == []


@pytest.mark.parametrize("hooks", [{"settings": 3}, {"settings": RuntimeError("oops")}, {"settings": dict}])
def test_plugin_with_unusable_settings_is_left_out_and_told(tmp_path: Path, hooks: dict[str, Any]) -> None:
    host = Host({"bad": plugin(**hooks), "good": plugin()}, config=read(tmp_path, ""))
    assert (failed(host), host.names) == (["bad"], ("good",))


def test_plugin_that_refuses_its_settings_is_left_out_and_told(tmp_path: Path) -> None:
    def refuse(settings: Any) -> None:
        raise ValueError(settings)

    host = Host({"bad": plugin(settings=Voice, configure=refuse), "good": plugin()}, config=read(tmp_path, ""))
    assert (failed(host), host.names) == (["bad"], ("good",))


def taking(heard: list[Any]) -> Any:
    def configure(settings: Any) -> None:
        heard.append(settings)

    return plugin(settings=Voice, configure=configure)


# Notices

EDIT = Edit("shelf:1", "", "note", "", "mine")


def hearing(notice: str, do: Callable[[Any], Any]) -> Any:
    """A plugin that does something when it is told; hooks are called by the names of their arguments."""
    named = {
        "after_pull": lambda report: do(report),
        "before_push": lambda edit: do(edit),
        "after_push": lambda receipt: do(receipt),
    }
    return plugin(**{notice: named[notice]})


@pytest.mark.parametrize(
    ("notice", "value"),
    [("after_pull", "the report"), ("before_push", EDIT), ("after_push", Receipt(EDIT, "mine"))],
)
def test_every_plugin_hears_a_notice_though_one_raises_and_one_answers(notice: str, value: Any) -> None:
    heard: list[Any] = []
    doing = {"raising": lambda _: 1 // 0, "answering": lambda _: 3, "listening": heard.append}
    host = Host({name: hearing(notice, do) for name, do in doing.items()})
    failures = getattr(host, notice)(value)
    assert heard == [value]
    could_not = f"could not hear vaultsync_{notice}"
    assert [failure.message.removesuffix(" The rest went on without it.") for failure in failures] == [
        f"plugin raising {could_not}: ZeroDivisionError: integer division or modulo by zero.",
        f"plugin answering {could_not}: TypeError: it answered, though nothing was asked.",
    ]
    assert host.failures == ()


def test_plugin_that_takes_too_long_over_a_notice_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "LIMIT", 0.02)
    done, heard = Event(), []

    def slow(report: Any) -> None:
        heard.append(report)
        done.wait(5)

    host = Host({"slow": hearing("after_pull", slow), "quick": hearing("after_pull", heard.append)})
    (failure,) = host.after_pull("one")
    assert "TimeoutError: it took more than 0.02 seconds, and was given up on" in failure.message
    assert host.after_pull("two") == ()  # it is still busy with the first
    done.set()
    assert heard == ["one", "one", "two"]
