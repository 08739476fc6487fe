# SPDX-License-Identifier: Apache-2.0
"""voice-agent speak: a text into a WAV file, without ROS."""

from __future__ import annotations

import argparse
import sys

HELP = "speak a text into a WAV file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    from voice_agent_ros.tts.engines import NAMES

    parser.add_argument("text", metavar="TEXT", help="what to say; - reads it from standard input")
    parser.add_argument("-o", "--out", metavar="FILE", default="out.wav", help="default: %(default)s")
    parser.add_argument("--synthesizer", choices=NAMES, default=NAMES[0], help="default: %(default)s")
    parser.add_argument("--voice", default="", help="default: the synthesizer's own")
    parser.add_argument("--speed", type=_speed, default=1.0, help="0.5 to 2; default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    from voice_agent_ros.tts.engines import load_synthesizer
    from voice_agent_ros.tts.say_to_file import say_to_file

    text = sys.stdin.read() if arguments.text == "-" else arguments.text
    synthesizer = load_synthesizer(arguments.synthesizer, arguments.voice)
    try:
        duration_s = say_to_file(text, arguments.out, synthesizer=synthesizer, speed=arguments.speed)
    finally:
        synthesizer.close()
    print(f"{arguments.out}: {duration_s:.2f} s")
    return 0


def _speed(text: str) -> float:
    value = float(text)
    if not 0.5 <= value <= 2.0:
        raise argparse.ArgumentTypeError("must be between 0.5 and 2")
    return value
