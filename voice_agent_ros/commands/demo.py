# SPDX-License-Identifier: Apache-2.0
"""voice-agent demo: what `make demo` runs."""

from __future__ import annotations

import argparse

HELP = "talk to the simulated arm (variables SAY, WAV, TEXT, MIC, ARM, LANG_, VIEW; see make demo)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: everything comes from the environment, so that `make demo SAY=…` works."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Run the demonstration."""
    from voice_agent_ros.demo.run import main

    return main()
