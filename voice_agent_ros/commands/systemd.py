# SPDX-License-Identifier: Apache-2.0
"""voice-agent systemd: print a service that starts the agent, or the language model's server, with the computer."""

from __future__ import annotations

import argparse
import sys

HELP = "print a systemd service that starts the agent, or xlm-server, with the computer"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("service", choices=("agent", "xlm-server"), help="what it starts")
    parser.add_argument(
        "arguments",
        nargs="*",
        metavar="NAME:=VALUE",
        help="arguments for the launch file, as on its command line",
    )
    parser.add_argument(
        "--profile", default="", metavar="NAME", help="kind of computer: cores, memory; see config/profiles"
    )
    parser.add_argument(
        "--setup",
        default="",
        metavar="FILE",
        help="the workspace's setup.bash; default: of the sourced workspace",
    )
    parser.add_argument(
        "--venv", default="", metavar="DIR", help="virtual environment; default: the active one"
    )
    parser.add_argument(
        "--domain", type=int, default=None, metavar="ID", help="ROS_DOMAIN_ID; default: yours"
    )
    parser.add_argument(
        "--system",
        default="",
        metavar="USER",
        help="a service of the computer, run as USER; default: one of yours",
    )


def run(arguments: argparse.Namespace) -> int:
    """Do it: the unit goes to standard output, what to do with it to standard error."""
    from voice_agent_ros.profiles import load_profile
    from voice_agent_ros.service_unit import ServiceOptions, environment_of, how_to, unit

    found = environment_of(arguments.setup, arguments.venv, arguments.domain)
    options = ServiceOptions(
        service=arguments.service,
        launch_arguments=tuple(arguments.arguments),
        profile_name=arguments.profile,
        profile=load_profile(arguments.profile) if arguments.profile else None,
        environment=found,
        user=arguments.system,
    )
    print(unit(options), end="")
    sys.stdout.flush()
    print(how_to(options), file=sys.stderr)
    return 0
