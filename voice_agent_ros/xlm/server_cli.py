# SPDX-License-Identifier: Apache-2.0
"""xlm-server: the vendor's console program as an OpenAI-compatible server on this computer."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from voice_agent_ros.errors import ConfigurationError, VoiceAgentError
from voice_agent_ros.signals import END_SIGNALS, ignore_end_signals
from voice_agent_ros.xlm.console_plan import (
    ConsolePlan,
    check_command,
    named_values,
    option_value,
    plan_console,
)
from voice_agent_ros.xlm.http_protocol import guarded_protocol
from voice_agent_ros.xlm.listening import address_of, listening_sockets
from voice_agent_ros.xlm.profile import Profile, load_profile
from voice_agent_ros.xlm.server_options import access_of, build_parser
from voice_agent_ros.xlm.services import BODY_S, BodyLimit, modules

if TYPE_CHECKING:
    from fastapi import FastAPI

    from voice_agent_ros.xlm.server import LanguageModel

# Streams that are still open get this long after the engine has told them that it is going away.
GRACE_S = 1.0
# Longer than clients keep an idle connection (httpx: 5 s): whoever hangs up first must not be the one who does not know
# that a request is on its way.
KEEP_ALIVE_S = 65
log = logging.getLogger(__name__)


def build_app(options: argparse.Namespace) -> FastAPI:
    """The application for a command line.

    Raises:
        ConfigurationError: the command line makes no sense.
    """
    from voice_agent_ros.xlm.server import HttpOptions, create_app

    http = HttpOptions(
        access=access_of(options),
        body=BodyLimit(options.body_max_kib * 1024, BODY_S),
        keep_alive_s=options.keep_alive_s,
        deadline_s=options.deadline_s,
    )
    offered = [module.create(options) for module in modules()]
    services = [service for service in offered if service is not None]
    if options.no_console and not services:
        raise ConfigurationError("There is nothing to serve.", "Leave --no-console out, or add a service.")
    model = None if options.no_console else language_model(options)
    app = create_app(model, http, services)
    app.state.model = model
    return app


def language_model(options: argparse.Namespace) -> LanguageModel:
    """The console and all that speaks to it, not started yet.

    Raises:
        ConfigurationError: the command line makes no sense.
    """
    from voice_agent_ros.xlm.chat import ChatService
    from voice_agent_ros.xlm.console import Console
    from voice_agent_ros.xlm.ion import HeapWatch
    from voice_agent_ros.xlm.rendering import Renderer
    from voice_agent_ros.xlm.scheduler import Engine
    from voice_agent_ros.xlm.server import LanguageModel
    from voice_agent_ros.xlm.usage import EstimatingCounter, FileCounter

    profile, plan = _planned(options)
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
    chat = ChatService(
        engine,
        renderer,
        (options.model_id, *options.alias),
        thinking=options.thinking,
        reasoning=options.reasoning,
        trim=options.trim == "oldest",
        repair=not options.no_repair,
        counter=counter,
    )
    return LanguageModel(engine, chat)


def _planned(options: argparse.Namespace) -> tuple[Profile, ConsolePlan]:
    """Which console it is, with the context window that it has here, and how it is started."""
    profile = load_profile(options.profile)
    plan = plan_console(
        profile,
        options.console,
        named_values(options.set),
        options.model_type,
        options.template,
        options.cwd,
    )
    check_command(plan.command, options.cwd)
    # The stand-in's own option of this name counts, too.
    told = option_value(plan.command, "--context-tokens")
    window = options.context_tokens or (int(told) if told.isdigit() else 0)
    if window:
        limits = profile.limits.model_copy(update={"context_tokens": window})
        profile = profile.model_copy(update={"limits": limits})
    return profile, plan


async def serve(app: FastAPI, sockets: list[socket.socket], log_level: str) -> int:
    """Serve until SIGTERM or SIGINT; the exit code.

    The engine is stopped the moment the signal comes, not after the last open stream: it is what ends them.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=guarded_protocol(),
        ws="none",
        log_level=log_level,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,  # type: ignore[arg-type]
    )
    server = uvicorn.Server(config)
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        if server.should_exit:
            return
        server.should_exit = True
        if app.state.model is not None:
            stopping.append(asyncio.create_task(app.state.model.engine.stop()))

    # uvicorn's own handlers leave without a goodbye at the second SIGINT, and under `ros2 launch` a Ctrl-C is two: the
    # terminal's and launch's. Those of asyncio give way to the default action before the process is at its end.
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment, method-assign]
    for number in END_SIGNALS:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    await server.serve(sockets)
    await asyncio.gather(*stopping)
    ignore_end_signals()
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
        sockets = listening_sockets(options.host, options.port)
        log.info("listening at %s", ", ".join(address_of(listener) for listener in sockets))
        return asyncio.run(serve(app, sockets, options.log_level))
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
