# SPDX-License-Identifier: Apache-2.0
"""A short cut for `audio/in` within one process: no message is made, sent and taken fifty times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from voice_agent_ros.audio.source import Samples


@dataclass(frozen=True, eq=False)
class Heard:
    """What an AudioChunk of 16 kHz mono carries.

    Attributes:
        at: ROS time of the first sample, s.
    """

    stream_id: str
    sequence: int
    samples: Samples
    at: float


Listener = Callable[[Heard], None]
_listeners: dict[str, tuple[Listener, ...]] = {}
_lock = threading.Lock()


def listen(topic: str, listener: Listener) -> Callable[[], None]:
    """Be called with everything that is delivered to a topic's full name; call the result to end that.

    The listener is called in the microphone's thread: it must be quick.
    """
    with _lock:
        _listeners[topic] = (*_listeners.get(topic, ()), listener)

    def end() -> None:
        with _lock:
            left = tuple(other for other in _listeners.get(topic, ()) if other is not listener)
            if left:
                _listeners[topic] = left
            else:
                _listeners.pop(topic, None)

    return end


def deliver(topic: str, heard: Heard) -> int:
    """Give audio to everybody in this process who listens; how many there are."""
    listeners = _listeners.get(topic, ())
    for listener in listeners:
        listener(heard)
    return len(listeners)
