# SPDX-License-Identifier: Apache-2.0
"""xlm-server's command line, and who may ask according to it."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.xlm.option_numbers import number, whole_number
from voice_agent_ros.xlm.profile import profile_names
from voice_agent_ros.xlm.services import modules

if TYPE_CHECKING:
    from voice_agent_ros.xlm.security import Access

ABOUT = (
    "Serves the vendor's console program, which is started once and kept, to OpenAI clients: chat and text "
    "completions, models, health, metrics."
)
KEY_VARIABLE = "XLM_SERVER_API_KEY"
# What can stand behind "Bearer" in a header.
_KEY = re.compile(r"[^\s\x00-\x20\x7f]{1,512}")


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="xlm-server", description=ABOUT, epilog="`xlm-server doctor` says what is missing."
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
    add("--queue", type=whole_number(1, 1_024), default=8, help="requests that may wait")
    add(
        "--deadline-s",
        type=number(0.1),
        default=120.0,
        help="longest time for one request, waiting included",
    )
    add("--no-probe", action="store_true", help="do not find out at start what the console remembers")
    add("--no-console", action="store_true", help="no language model: serve what else is asked for")
    _add_reply_options(parser)
    _add_access_options(parser)
    for module in modules():
        module.add_options(parser)
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser


def _add_reply_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("replies").add_argument
    add("--model-id", type=_name, default="xlm", help="the model's name for clients")
    add(
        "--alias",
        type=_name,
        action="append",
        default=[],
        metavar="NAME",
        help="another name it answers to; repeatable",
    )
    add(
        "--context-tokens",
        type=whole_number(1),
        metavar="N",
        help="the model's context window; default: the profile's",
    )
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
    add("--keep-alive-s", type=number(0.1), default=10.0, help="longest silence in a stream")


def _add_access_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("access").add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=whole_number(0, 65_535), default=8765)
    add(
        "--api-key",
        default="",
        metavar="KEY",
        help=f"what clients must send; whoever lists processes sees it, so rather {KEY_VARIABLE}=KEY",
    )
    add("--api-key-file", type=Path, metavar="FILE", help="keys that clients may send, one a line")
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
        type=_origin,
        action="append",
        default=[],
        metavar="URL",
        help="a web page that may ask; repeatable",
    )
    add(
        "--rate-limit",
        type=number(0.0, 1e6),
        default=0.0,
        metavar="N",
        help="requests per minute and client; 0: any number",
    )
    add("--burst", type=whole_number(1), default=10, help="of them at once")
    add("--body-max-kib", type=whole_number(1, 1_048_576), default=1024, help="largest request")


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a name needs letters")
    return text.strip()


def _origin(text: str) -> str:
    """As browsers send it: without a path."""
    origin = text.rstrip("/")
    if origin != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/]+", origin):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no web page's origin, such as https://chat.example:8080"
        )
    return origin


def access_of(options: argparse.Namespace) -> Access:
    """Who may ask.

    Raises:
        ConfigurationError: others reach the server, and nothing keeps them out.
    """
    from voice_agent_ros.xlm.security import LOCAL_NAMES, Access, is_loopback

    keys = api_keys(options.api_key_file, options.api_key)
    is_local = is_loopback(options.host)
    if not (is_local or keys or options.insecure):
        raise ConfigurationError(
            f"{options.host} can be reached by others.",
            "Give --api-key-file or --api-key, or use --host 127.0.0.1; --insecure lets everybody in.",
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


def api_keys(path: Path | None, key: str = "") -> tuple[str, ...]:
    """All that are good: from the file and the command line, else from the environment.

    Raises:
        ConfigurationError: the file has none, or something that is none.
    """
    keys = [key.strip()] if key.strip() else []
    if path is not None:
        keys += _keys_in(path)
    elif not keys and (key := os.environ.get(KEY_VARIABLE, "").strip()):
        keys.append(key)
    for key in keys:
        if not _KEY.fullmatch(key):
            where = str(path) if path else "The API key"
            raise ConfigurationError(
                f"{where}: a key of {len(key)} characters holds white space, or is too long.",
                "One key a line, without spaces; lines that begin with # are comments.",
            )
    return tuple(keys)


def _keys_in(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The API key cannot be read: {error}.", "Correct --api-key-file."
        ) from error
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise ConfigurationError(f"{path} is empty.", "Write a key into it.")
    return keys
