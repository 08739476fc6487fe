# SPDX-License-Identifier: Apache-2.0
"""Profiles, and how a console's command line tells what it is."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.xlm.console_plan import check_command, plan_console
from voice_agent_ros.xlm.profile import PASSTHROUGH_TEMPLATE, load_profile, profile_names
from voice_agent_ros.xlm.server_cli import main
from voice_agent_ros.xlm.server_options import build_parser

PROFILE = load_profile("xlm_demo-0.9.0")


@pytest.mark.parametrize("name", profile_names())
def test_packaged_profiles_are_valid(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.model_type().id >= 0
    rule = profile.classify("x\nFail to do ION_IOC_ALLOC(ret=Cannot allocate memory)\n")
    assert rule is not None
    assert "bpu_first" in rule.fix


def test_a_model_type_has_its_version_s_number() -> None:
    assert PROFILE.model_type("deepseek").id == 3
    assert load_profile("oellm_run-1.0.0").model_type("deepseek").id == 1
    assert PROFILE.model_type_name(1) == "qwen"
    with pytest.raises(ConfigurationError, match="3 deepseek"):
        PROFILE.model_type_name(7)


def test_the_profile_s_own_command() -> None:
    values = {"hbm_path": "m.hbm", "tokenizer_dir": "tok"}
    plan = plan_console(PROFILE, "", values, "deepseek", "auto")
    assert plan.command[:3] == ["./bin/xlm_demo", "--hbm_path", "m.hbm"]
    assert plan.command[-4:] == ["--template_path", str(PASSTHROUGH_TEMPLATE), "--model_type", "3"]
    assert plan.mode == "passthrough"
    with pytest.raises(ConfigurationError, match="--set hbm_path=VALUE"):
        plan_console(PROFILE, "", {}, "", "auto")


def test_a_given_command_is_understood() -> None:
    plan = plan_console(PROFILE, "./x 'a b' --model_type 3 --template_path vendor.jinja", {}, "", "auto")
    assert plan.command == ["./x", "a b", "--model_type", "3", "--template_path", "vendor.jinja"]
    assert (plan.model_type, plan.mode) == ("deepseek", "vendor")
    assert plan_console(PROFILE, "./x", {}, "", "auto").mode == "passthrough"
    assert (
        plan_console(PROFILE, f"./x --template_path={PASSTHROUGH_TEMPLATE}", {}, "", "auto").mode
        == "passthrough"
    )


def test_environment_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    assert PROFILE.filled_environment(Path("/run"))["LD_LIBRARY_PATH"] == "/run/lib"
    monkeypatch.setenv("LD_LIBRARY_PATH", "/other")
    assert PROFILE.filled_environment(Path("/run"))["LD_LIBRARY_PATH"] == "/run/lib:/other"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--profile", "none"], "xlm_demo-0.9.0"),
        (["--console", "/no/such/program"], "Correct --console"),
        (["--console", "'"], "not a command line"),
        (["--console", "true", "--host", "0.0.0.0"], "--api-key-file"),
        (["--console", "true", "--api-key-file", "/no/file"], "--api-key-file"),
        (["--set", "x"], "NAME=VALUE"),
    ],
)
def test_a_wrong_command_line_is_explained(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options) == 2
    assert told in capsys.readouterr().err


def test_a_wrong_profile_names_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: own\nhistory: sometimes\n")
    with pytest.raises(ConfigurationError, match=r"history: .*kept"):
        load_profile(str(path))


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return str(path)


def test_all_four_versions_are_there() -> None:
    assert profile_names() == ["hobot_xlm-0.9.2", "oellm_multichat", "oellm_run-1.0.0", "xlm_demo-0.9.0"]


@pytest.mark.parametrize(
    ("name", "family", "number"),
    [
        ("xlm_demo-0.9.0", "qwen", 1),
        ("xlm_demo-0.9.0", "internlm", 2),
        ("hobot_xlm-0.9.2", "deepseek", 1),
        ("oellm_run-1.0.0", "qwen", 2),
        ("oellm_run-1.0.0", "internlm", 4),
        ("oellm_multichat", "qwen2_5", 7),
        ("oellm_multichat", "deepseek", 1),
    ],
)
def test_numbers_by_version(name: str, family: str, number: int) -> None:
    profile = load_profile(name)
    assert profile.model_type(family).id == number
    assert profile.model_type_name(number) == family


@pytest.mark.parametrize(
    ("name", "number"), [("xlm_demo-0.9.0", 0), ("oellm_run-1.0.0", 6), ("oellm_multichat", 2)]
)
def test_a_model_type_that_cannot_be_served_says_so(name: str, number: int) -> None:
    with pytest.raises(ConfigurationError, match="cannot speak to it"):
        load_profile(name).model_type_name(number)


def test_a_profile_of_one_s_own_says_only_what_differs(tmp_path: Path) -> None:
    path = written(tmp_path, "extends: oellm_run-1.0.0\nname: mine\nlimits: {context_tokens: 1024}\n")
    profile = load_profile(path)
    assert profile.limits.context_tokens == 1024
    assert profile.limits.line_bytes == 10_238
    assert profile.model_type("qwen2_5").id == 7


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("limits: {context_tokens: -1}", "limits.context_tokens: Input should be greater than 0"),
        ("limits: {contxt_tokens: 1}", "limits.contxt_tokens: there is no such key"),
        ("history: kept\nclean_by: nothing", "would let one client's words reach the next"),
        ("default_model_type: gpt", "is none of model_types"),
        ("failures: [{pattern: '(', kind: load, message: x}]", "failures.0.pattern: .*regular expression"),
        ("markers: {ready: ''}", "markers.ready: .*visible text"),
        ("command: []", "command: "),
        ("command: ['./x', '{']", "command.1: .*{{ and }} for braces"),
        ("command: ['./x', '{}']", "command.1: braces hold a name"),
        ("command: ['./x', '{a.b}']", "command.1: braces hold a name"),
        ("environment: {A: '{cwd:x}'}", "environment.A: braces hold a name"),
        ("commands: {reset: exit}", "commands: exit and reset are the same"),
        ("failures: [{pattern: '', kind: load, message: x}]", "failures.0.pattern: "),
        ("markers: {assistant: '[User] <<<'}", "markers: ready and assistant are the same"),
        ("markers: {log_prefixes: ['[User]']}", "markers: log_prefixes: .*own prompts"),
    ],
)
def test_what_is_wrong_is_said_by_key(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, f"extends: xlm_demo-0.9.0\n{text}\n")
    with pytest.raises(ConfigurationError, match=told):
        load_profile(path)


@pytest.mark.parametrize("text", ["", "- a list\n", "a: b: c\n", "extends: mine.yaml\n", "extends: none\n"])
def test_what_is_no_profile_at_all(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError):
        load_profile(written(tmp_path, text))


def test_a_profile_that_extends_nothing_names_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.yaml: extends: there is no console profile 'none'"):
        load_profile(written(tmp_path, "extends: none\n"))


def test_braces_can_be_written(tmp_path: Path) -> None:
    text = "extends: oellm_run-1.0.0\ncommand: [./x, '{{\"a\": 1}}', '{hbm_path}']\nenvironment: {A: '{{}}{cwd}'}\n"
    profile = load_profile(written(tmp_path, text))
    assert profile.filled_command({"hbm_path": "m"}) == ["./x", '{"a": 1}', "m"]
    assert profile.filled_environment(Path("/run"))["A"] == "{}/run"


@pytest.mark.parametrize(
    ("name", "template", "mode"),
    [
        ("oellm_multichat", "", "vendor"),
        ("oellm_multichat", "vendor.jinja", "vendor"),
        ("oellm_multichat", "ours.jinja", "passthrough"),
        ("oellm_multichat", "folder/passthrough.jinja", "passthrough"),
        ("hobot_xlm-0.9.2", "", "vendor"),
        ("oellm_run-1.0.0", "", "passthrough"),
    ],
)
def test_whose_template_runs_is_read_from_the_console_s_own_file(
    tmp_path: Path, name: str, template: str, mode: str
) -> None:
    (tmp_path / "ours.jinja").write_text(PASSTHROUGH_TEMPLATE.read_text())
    (tmp_path / "vendor.jinja").write_text("{{ messages }}")
    (tmp_path / "c.json").write_text(f'{{"template_path": "{template}", "model_type": 1}}')
    values = {"config_path": "c.json", "model_name": "m", "hbm_path": "m", "tokenizer_dir": "t"}
    plan = plan_console(load_profile(name), "", values, "", "auto", tmp_path)
    assert plan.mode == mode
    assert plan.model_type == ("deepseek" if name != "oellm_run-1.0.0" else "qwen2_5")
    assert plan_console(load_profile(name), "", values, "", "passthrough", tmp_path).mode == "passthrough"


def test_a_template_is_looked_for_where_the_console_runs(tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text(PASSTHROUGH_TEMPLATE.read_text())
    assert (
        plan_console(PROFILE, "./x --template_path own.jinja", {}, "", "auto", tmp_path).mode == "passthrough"
    )
    assert plan_console(PROFILE, "./x --template_path own.jinja", {}, "", "auto").mode == "vendor"


def test_a_console_is_looked_for_as_it_will_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xlm_demo").write_text("")
    monkeypatch.chdir(tmp_path)
    check_command(["./xlm_demo"], tmp_path)
    check_command(["sh"], tmp_path)
    with pytest.raises(ConfigurationError, match=r"Write \./xlm_demo\."):
        check_command(["xlm_demo"], tmp_path)
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigurationError, match="There is no console program"):
        check_command(["./xlm_demo"], tmp_path / "other")


@pytest.mark.parametrize(
    "options",
    [
        *("--queue 0", "--deadline-s 0", "--deadline-s nan", "--deadline-s inf", "--keep-alive-s 0"),
        *("--context-tokens 0", "--context-tokens -5", "--burst 0", "--rate-limit -1", "--port 65536"),
        *("--port x", "--body-max-kib 0", "--model-id ' '", "--alias ''", "--cors-origin nonsense"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--console", "true", *shlex.split(options)])
    assert caught.value.code == 2
    assert f"argument {options.split(maxsplit=1)[0]}: " in capsys.readouterr().err


def test_a_web_page_s_origin_has_no_path() -> None:
    options = build_parser().parse_args(["--cors-origin", "https://chat.example/", "--cors-origin", "*"])
    assert options.cors_origin == ["https://chat.example", "*"]
