# SPDX-License-Identifier: Apache-2.0
"""What `make demo` does before anything is launched."""

import socket

import pytest

pytest.importorskip("rclpy")

from voice_agent_ros.demo.run import free_port, last_complaints


def test_a_taken_port_is_left_to_who_has_it():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert free_port(taken) not in (0, taken)
    assert free_port(taken) == taken


def test_a_complaint_is_shown_once(tmp_path):
    lines = [f"[ERROR] [{at}.5] [audio_node]: There is no microphone." for at in range(40)]
    (tmp_path / "node.log").write_text("\n".join(["[INFO] [1.0] [audio_node]: up", *lines]))
    assert last_complaints(tmp_path) == [lines[-1]]
