# SPDX-License-Identifier: Apache-2.0
"""voice-agent view: a running agent in a browser on this computer, with buttons for stop, resume, yes and no."""

from __future__ import annotations

import argparse
import threading

HELP = "watch a running agent in a browser: arm, objects, conversation; buttons for stop, resume, yes and no"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--namespace", default="", help="namespace of the robot")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    from voice_agent_ros.commands.ros_session import ros_session
    from voice_agent_ros.telemetry.browser_view import BrowserView

    with ros_session(arguments.namespace) as session:
        from voice_agent_ros.commands.view_link import ViewLink

        link = ViewLink(session.node)
        view = BrowserView(link, lambda: link.look, lambda: link.urdf)
        print(f"Open {view.url} in a browser on this computer. Ctrl-C ends it.", flush=True)
        try:
            link.tell = view.take
            with session.spinning():
                threading.Event().wait()
        except KeyboardInterrupt:
            return 0
        finally:
            view.close()
    return 0
