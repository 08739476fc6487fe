# SPDX-License-Identifier: Apache-2.0
"""xlm-server: the vendor's console program as an OpenAI-compatible server on this computer."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voice_agent_ros.errors import ConfigurationError, VoiceAgentError
from voice_agent_ros.xlm.profile import (
    PASSTHROUGH_TEMPLATE,
    Profile,
    TemplateMode,
    load_profile,
    profile_names,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

    from voice_agent_ros.xlm.security import Access

KEY_VARIABLE = "XLM_SERVER_API_KEY"
# Streams that are still open get this long after the engine has told them that it is going away.
GRACE_S = 1.0


@dataclass(frozen=True)
class ConsolePlan:
    """How the console is started and spoken to.

    Attributes:
        command: argv.
        model_type: name of the model family.
        mode: whose template it runs.
    """

    command: list[str]
    model_type: str
    mode: TemplateMode


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="xlm-server", description=__doc__, epilog="`xlm-server doctor` says what is missing."
    )
    add = parser.add_argument
    add("--profile", default="xlm_demo-0.9.0", help=f"{', '.join(profile_names())}, or a YAML file")
    add(
        "--console", default="", metavar="CMD", help="command line of the console; default: the profile's own"
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="fills {NAME} in the profile's command",
    )
    add("--cwd", type=Path, default=Path(), help="where the console runs; the vendor's: its runtime folder")
    add("--model-type", default="", help="model family by name; default: by --model_type in the command")
    add(
        "--template", choices=("auto", "passthrough", "vendor"), default="auto", help="whose template it runs"
    )
    add("--thinking", action="store_true", help="let a thinking model think before it answers")
    add("--queue", type=int, default=8, help="requests that may wait")
    add("--deadline-s", type=float, default=120.0, help="longest time for one request, waiting included")
    add("--no-probe", action="store_true", help="do not find out at start what the console remembers")
    _add_reply_options(parser)
    _add_access_options(parser)
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser


def _add_reply_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("replies").add_argument
    add("--model-id", default="xlm", help="the model's name for clients")
    add("--alias", action="append", default=[], metavar="NAME", help="another name it answers to; repeatable")
    add("--context-tokens", type=int, metavar="N", help="the model's context window; default: the profile's")
    add(
        "--tokenizer",
        type=Path,
        metavar="FILE",
        help="its tokenizer.json; without it token counts are estimates",
    )
    add(
        "--reasoning",
        choices=("separate", "inline", "drop"),
        default="separate",
        help="what a model thinks: in reasoning_content, in the content between <think> tags, or left out",
    )
    add(
        "--trim",
        choices=("none", "oldest"),
        default="none",
        help="a conversation that is too long is refused, or loses its oldest turns",
    )
    add(
        "--no-repair",
        action="store_true",
        help="do not ask again for JSON or calls that do not fit their schema",
    )
    add("--keep-alive-s", type=float, default=10.0, help="longest silence in a stream")


def _add_access_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("access").add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8765)
    add("--api-key-file", type=Path, help=f"keys that clients may send, one a line; or {KEY_VARIABLE}=KEY")
    add("--insecure", action="store_true", help="let everybody in who reaches --host, without a key")
    add(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name clients use for this computer",
    )
    add(
        "--cors-origin",
        action="append",
        default=[],
        metavar="URL",
        help="a web page that may ask; repeatable",
    )
    add(
        "--rate-limit",
        type=float,
        default=0.0,
        metavar="N",
        help="requests per minute and client; 0: any number",
    )
    add("--burst", type=int, default=10, help="of them at once")
    add("--body-max-kib", type=int, default=1024, help="largest request")


def plan_console(
    profile: Profile, console: str, values: dict[str, str], model_type: str, template: str
) -> ConsolePlan:
    """Decide on command, model family and template; what is not said is read from the command itself.

    Raises:
        ConfigurationError: something is missing or contradicts the profile.
    """
    try:
        command = shlex.split(console)
    except ValueError as error:
        raise ConfigurationError(f"--console is not a command line: {error}.") from error
    if command:
        number = _option(command, "--model_type")
        if not model_type and number:
            model_type = profile.model_type_name(int(number)) if number.isdigit() else ""
    model_type = model_type or profile.default_model_type
    filled = {
        "model_type": str(profile.model_type(model_type).id),
        "template_path": str(PASSTHROUGH_TEMPLATE),
        **values,
    }
    command = command or profile.filled_command(filled)
    path = _option(command, "--template_path")
    mode: TemplateMode = "vendor" if path and not _is_passthrough(path) else "passthrough"
    if template == "passthrough":
        mode = "passthrough"
    elif template == "vendor":
        mode = "vendor"
    return ConsolePlan(command, model_type, mode)


def _option(command: Sequence[str], name: str) -> str:
    """Value of an option in a command line; empty if it is not there."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _is_passthrough(path: str) -> bool:
    """Whether a template is a copy of ours."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Path(path).name == PASSTHROUGH_TEMPLATE.name
    return text.strip() == PASSTHROUGH_TEMPLATE.read_text(encoding="utf-8").strip()


def build_app(options: argparse.Namespace) -> FastAPI:
    """The application for a command line.

    Raises:
        ConfigurationError: the command line makes no sense.
    """
    from voice_agent_ros.xlm.chat import ChatService
    from voice_agent_ros.xlm.console import Console
    from voice_agent_ros.xlm.ion import HeapWatch
    from voice_agent_ros.xlm.rendering import Renderer
    from voice_agent_ros.xlm.scheduler import Engine
    from voice_agent_ros.xlm.server import HttpOptions, create_app
    from voice_agent_ros.xlm.usage import EstimatingCounter, FileCounter

    profile = load_profile(options.profile)
    plan = plan_console(
        profile, options.console, named_values(options.set), options.model_type, options.template
    )
    # The stand-in's own option of this name counts, too.
    told = _option(plan.command, "--context-tokens")
    window = options.context_tokens or (int(told) if told.isdigit() else 0)
    if window:
        limits = profile.limits.model_copy(update={"context_tokens": window})
        profile = profile.model_copy(update={"limits": limits})
    _check_command(plan.command, options.cwd)
    http = HttpOptions(
        access=_access(options),
        body_max_bytes=options.body_max_kib * 1024,
        keep_alive_s=options.keep_alive_s,
        deadline_s=options.deadline_s,
    )
    model_type = profile.model_type(plan.model_type)
    console = Console(
        profile,
        plan.command,
        cwd=options.cwd.resolve(),
        can_think=model_type.thinking != "none",
        heaps=HeapWatch(),
    )
    counter = FileCounter(options.tokenizer) if options.tokenizer else EstimatingCounter()
    renderer = Renderer(profile, model_type, plan.mode, counter)
    # A model that cannot be kept from thinking takes too long over it.
    can_probe = not options.no_probe and (plan.mode == "passthrough" or model_type.thinking == "none")
    engine = Engine(
        console,
        queue_size=options.queue,
        deadline_s=options.deadline_s,
        probe_with=renderer.question if can_probe else None,
    )
    service = ChatService(
        engine,
        renderer,
        (options.model_id, *options.alias),
        thinking=options.thinking,
        reasoning=options.reasoning,
        trim=options.trim == "oldest",
        repair=not options.no_repair,
        counter=counter,
    )
    app = create_app(engine, service, http)
    app.state.engine = engine
    return app


def _check_command(command: Sequence[str], cwd: Path) -> None:
    if not cwd.is_dir():
        raise ConfigurationError(f"There is no folder {cwd}.", "Correct --cwd.")
    if shutil.which(command[0]) is None and not (cwd / command[0]).is_file():
        raise ConfigurationError(f"There is no console program {command[0]}.", "Correct --console or --cwd.")


def _access(options: argparse.Namespace) -> Access:
    """Who may ask.

    Raises:
        ConfigurationError: others reach the server, and nothing keeps them out.
    """
    from voice_agent_ros.xlm.security import LOCAL_NAMES, Access, is_loopback

    keys = _api_keys(options.api_key_file)
    is_local = is_loopback(options.host)
    if not (is_local or keys or options.insecure):
        raise ConfigurationError(
            f"{options.host} can be reached by others.",
            "Give --api-key-file, or use --host 127.0.0.1; --insecure lets everybody in.",
        )
    # With a key, or where others are let in on purpose, the name does not matter.
    names = (*LOCAL_NAMES, options.host) if is_local and not keys else ()
    hosts = (*names, *options.allowed_host) if names or options.allowed_host else ()
    return Access(
        keys=keys,
        requests_per_minute=options.rate_limit,
        burst=options.burst,
        hosts=tuple(name.lower() for name in hosts),
        origins=tuple(options.cors_origin),
    )


def named_values(pairs: Sequence[str]) -> dict[str, str]:
    """What --set says.

    Raises:
        ConfigurationError: it is no NAME=VALUE.
    """
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigurationError(f"--set {pair} is no NAME=VALUE.")
        values[name] = value
    return values


def _api_keys(path: Path | None) -> tuple[str, ...]:
    """From a file, or from the environment."""
    if path is None:
        key = os.environ.get(KEY_VARIABLE, "").strip()
        return (key,) if key else ()
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The API key cannot be read: {error}.", "Correct --api-key-file."
        ) from error
    if not lines:
        raise ConfigurationError(f"{path} is empty.", "Write a key into it.")
    return tuple(lines)


async def serve(app: FastAPI, host: str, port: int, log_level: str) -> int:
    """Serve until SIGTERM or SIGINT; the exit code.

    The engine is stopped the moment the signal comes, not after the last open stream: it is what ends them.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="asyncio",
        log_level=log_level,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,  # type: ignore[arg-type]
    )
    server = uvicorn.Server(config)
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        server.should_exit = True
        stopping.append(asyncio.create_task(app.state.engine.stop()))

    # uvicorn's own handlers raise the signal again when it is done, which then ends here and not the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve()
    await asyncio.gather(*stopping)
    return 0 if server.started else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server, or its doctor."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == ["doctor"]:
        from voice_agent_ros.xlm.doctor import main as doctor

        return doctor(words[1:])
    options = build_parser().parse_args(words)
    logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    try:
        app = build_app(options)
        return asyncio.run(serve(app, options.host, options.port, options.log_level))
    except VoiceAgentError as error:
        sys.stderr.write(f"xlm-server: {error}\n")
        return 2
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"xlm-server: {error.name} is missing. Install it: pip install 'voice_agent_ros[server]'\n"
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
