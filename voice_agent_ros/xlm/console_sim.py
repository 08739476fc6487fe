# SPDX-License-Identifier: Apache-2.0
"""xlm-console-sim: a stand-in for the vendor's console program, for machines without its BPU.

It speaks the documented console protocol byte for byte, with real weights on the CPU behind it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.xlm.console_plan import read_configuration
from voice_agent_ros.xlm.option_numbers import number, whole_number
from voice_agent_ros.xlm.profile import PASSTHROUGH_TEMPLATE, PROFILES, Profile, load_profile, profile_names
from voice_agent_ros.xlm.sim_faults import FAULTS, parse_fault
from voice_agent_ros.xlm.sim_models import EchoModel, GgufModel, ScriptedModel, TextModel
from voice_agent_ros.xlm.sim_session import LOAD_MEMORY_LINES, ConsoleSession, Speed

if TYPE_CHECKING:
    from jinja2 import Template

EPILOG = "faults: " + "; ".join(f"{kind}: {text}" for kind, text in FAULTS.items())


def build_parser() -> argparse.ArgumentParser:
    """The command line; options with an underscore are the vendor's own."""
    parser = argparse.ArgumentParser(
        prog="xlm-console-sim",
        description="A stand-in for the vendor's console program (xlm_demo and its siblings): the same "
        "protocol on stdin and stdout, a model on the CPU instead of the BPU. No vendor software is in it.",
        epilog=EPILOG,
    )
    parser.add_argument("--profile", default="xlm_demo-0.9.0", help=f"one of {', '.join(profile_names())}")
    behind = parser.add_mutually_exclusive_group(required=True)
    behind.add_argument("--gguf", type=Path, help="weights to answer with")
    behind.add_argument("--echo", action="store_true", help="repeat what was said (tests)")
    behind.add_argument("--script", type=Path, help='JSON list of {"match", "reply"} (tests)')
    parser.add_argument("--model_type", type=int, help="number of the model family in this version")
    parser.add_argument("--template_path", type=Path, help="default: as the profile says")
    parser.add_argument("-c", "--config_path", type=Path, help="JSON file; its template_path counts")
    for name in ("--hbm_path", "--tokenizer_dir", "--image_path", "--bpu_core"):
        parser.add_argument(name, help="accepted and ignored")
    parser.add_argument("--ros-args", action="store_true", help="accepted and ignored, like -p")
    parser.add_argument("-p", action="append", help=argparse.SUPPRESS)
    parser.add_argument("--prefill-tps", type=number(0.0, 1e9), default=0.0, help="0: full speed")
    parser.add_argument("--decode-tps", type=number(0.0, 1e9), default=0.0, help="tokens/s; 0: full speed")
    parser.add_argument("--load-s", type=number(0.0), default=0.0, help="least time until the first prompt")
    parser.add_argument("--threads", type=whole_number(1), default=2)
    parser.add_argument(
        "--context-tokens", type=whole_number(1), help="context window; default: as the profile says"
    )
    parser.add_argument("--max-reply-tokens", type=whole_number(1), default=512)
    parser.add_argument("--history", choices=("kept", "none"), help="default: as the profile says")
    parser.add_argument("--reset", choices=("works", "ignored"), help="default: as the profile says")
    parser.add_argument("--speeds", choices=("before_prompt", "after_prompt"), help="where they are printed")
    parser.add_argument("--fault", type=parse_fault, action="append", default=[], metavar="KIND[@TURN]")
    return parser


def load_template(path: Path) -> Template:
    """A chat template; it is not trusted with more than the message."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(keep_trailing_newline=True)
    return environment.from_string(path.read_text(encoding="utf-8"))


def played_profile(options: argparse.Namespace) -> Profile:
    """The profile with what the command line changes about it.

    Raises:
        ConfigurationError: there is no such profile.
    """
    profile = load_profile(options.profile)
    changes: dict[str, object] = {}
    if options.history:
        changes["history"] = options.history
    if options.speeds:
        changes["speeds"] = options.speeds
    if options.reset:
        changes["reset_works"] = options.reset == "works"
    return profile.model_copy(update={"stand_in": profile.stand_in.model_copy(update=changes)})


def template_path(options: argparse.Namespace, profile: Profile, chat_format: str) -> Path:
    """The template to run: named by an option or in the configuration file, else as the version does.

    Raises:
        ConfigurationError: the configuration file is no such file.
    """
    if options.template_path:
        return Path(options.template_path)
    named = read_configuration(options.config_path).get("template_path") if options.config_path else None
    if named:
        return Path(options.config_path.parent / str(named))
    return PASSTHROUGH_TEMPLATE if profile.template == "passthrough" else PROFILES / f"{chat_format}.jinja"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the console on stdin and stdout."""
    options = build_parser().parse_args(argv)
    started = time.monotonic()
    if any(fault.kind == "load_memory" for fault in options.fault):
        sys.stderr.write(LOAD_MEMORY_LINES)
        return 1
    try:
        profile = played_profile(options)
        window = options.context_tokens or profile.limits.context_tokens
        name = "" if options.model_type is None else profile.model_type_name(options.model_type)
        chat_format = profile.model_type(name).chat_format
        template = load_template(template_path(options, profile, chat_format))
        model: TextModel
        if options.gguf:
            model = GgufModel(options.gguf, options.threads, window, options.max_reply_tokens)
        else:
            model = EchoModel() if options.echo else ScriptedModel(options.script)
    except (VoiceAgentError, OSError) as error:
        sys.stderr.write(f"{error}\nxlm init failed\n")
        return 1
    time.sleep(max(0.0, options.load_s - (time.monotonic() - started)))
    session = ConsoleSession(
        profile,
        chat_format=chat_format,
        template=template,
        model=model,
        speed=Speed(options.prefill_tps, options.decode_tps),
        faults=tuple(options.fault),
        context_tokens=window,
    )
    return session.run()


if __name__ == "__main__":
    sys.exit(main())
