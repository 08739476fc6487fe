# SPDX-License-Identifier: Apache-2.0
"""The documents: generated parts are up to date, links lead somewhere, and commands are commands we have."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from voice_agent_ros import cli
from voice_agent_ros.xlm import console_sim, server_options

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PARSERS = {
    "voice-agent": cli.command_line,
    "xlm-server": server_options.build_parser,
    "xlm-console-sim": console_sim.build_parser,
}
SHELL = {"|", "||", "&&", ";", "&", "<", ">", ">>", "2>", "2>&1"}
IS_PLACEHOLDER = re.compile(r"[…<>\[\]]|\.\.\.")


def tokens(path: Path) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    all_tokens = list(MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8")))
    headings = [text.content for token, text in pairwise(all_tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def command_lines(text: str) -> Iterator[list[str]]:
    """The commands in a block of code, or in a piece of it, each as words."""
    for line in text.replace("\\\n", " ").splitlines():
        try:
            lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError:
            continue  # no shell
        command: list[str] = []
        for word in [*words, ";"]:
            if word not in SHELL:
                command.append(word)
                continue
            yield command
            command = []


def commands(path: Path) -> Iterator[list[str]]:
    for token in tokens(path):
        if token.type in ("fence", "code_block", "code_inline"):
            yield from command_lines(token.content)


def problem(words: list[str]) -> str:
    """What is wrong with a command of ours; empty: nothing, or it is not ours."""
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words = words[1:]
    if not words:
        return ""
    program, arguments = words[0].rpartition("/")[2], words[1:]
    if program in PARSERS:
        return unknown_option(PARSERS[program](), arguments)
    if program == "make":
        return unknown_target(arguments)
    if words[:2] == ["ros2", "launch"] and words[2:3] == ["voice_agent_ros"]:
        return unknown_launch_argument(words[3:])
    if words[:3] == ["ros2", "run", "voice_agent_ros"] and words[3:]:
        is_there = IS_PLACEHOLDER.search(words[3]) or (ROOT / "executables" / words[3]).is_file()
        return "" if is_there else f"no executable {words[3]}"
    return ""


def unknown_option(parser: argparse.ArgumentParser, arguments: list[str]) -> str:
    sub = next((one for one in parser._actions if isinstance(one, argparse._SubParsersAction)), None)
    if sub is not None and arguments and not arguments[0].startswith("-"):
        names = [name for name in re.split(r"\|", arguments[0]) if not IS_PLACEHOLDER.search(name)]
        for name in names:
            if name not in sub.choices:
                return f"no verb {name} of {parser.prog}"
        return unknown_option(sub.choices[names[0]], arguments[1:]) if len(names) == 1 else ""
    known = parser._option_string_actions
    # What is not in quotes and begins with a dash is an option; a console's own options are in quotes.
    given = [word.strip("[]").partition("=")[0] for word in arguments if re.match(r"\[?--?[a-z]", word)]
    unknown = [option for option in given if " " not in option and option not in known]
    return f"{parser.prog} does not know {', '.join(unknown)}" if unknown else ""


def unknown_target(arguments: list[str]) -> str:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    names = re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE)
    options = (ROOT / "voice_agent_ros" / "demo" / "options.py").read_text(encoding="utf-8")
    for word in arguments:
        variable, equals, _ = word.partition("=")
        if equals and not re.search(rf"\b{variable}\b", makefile + options):
            return f"make: no variable {variable}"
        if not equals and re.fullmatch(r"[a-z0-9-]+", word) and word not in names:
            return f"make: no target {word}"
    return ""


def unknown_launch_argument(arguments: list[str]) -> str:
    path = ROOT / "launch" / arguments[0]
    if not path.is_file():
        return f"no launch file {arguments[0]}"
    source = path.read_text(encoding="utf-8")
    for word in arguments[1:]:
        name, assigned, _ = word.partition(":=")
        if assigned and f'"{name}"' not in source:
            return f"{arguments[0]} has no argument {name}"
    return ""


def test_generated_parts_are_up_to_date():
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'tools'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "generate_docs", "--check"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, f"Run `make docs` and commit what it writes.\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    broken = []
    for token in tokens(path):
        target = token.attrGet("href") or token.attrGet("src")
        if target is None or urlsplit(str(target)).scheme:
            continue
        parts = urlsplit(str(target))
        other = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not other.exists() or (parts.fragment and parts.fragment not in anchors(other)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_are_ours(path):
    found = {" ".join(words): trouble for words in commands(path) if (trouble := problem(words))}
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "voice-agent dance",
        "voice-agent models steal",
        "voice-agent doctor --jsn",
        "make tea",
        "make demo SYA='hello'",
        "ros2 launch voice_agent_ros robot.launch.py",
        "ros2 launch voice_agent_ros voice_agent.launch.py amr:=prim6",
        "ros2 run voice_agent_ros ear_node",
        "xlm-server --profil x",
        "curl x && voice-agent dance",
    ],
)
def test_a_wrong_command_is_found(line):
    assert any(problem(words) for words in command_lines(line))


def test_every_document_is_reached_from_the_readme():
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        path = todo.pop()
        seen.add(path)
        for token in tokens(path):
            target = str(token.attrGet("href") or "")
            other = (path.parent / urlsplit(target).path).resolve()
            if (
                other.suffix == ".md"
                and not urlsplit(target).scheme
                and other not in seen
                and other.is_file()
            ):
                todo.append(other)
    assert set((ROOT / "docs").glob("*.md")) <= seen
