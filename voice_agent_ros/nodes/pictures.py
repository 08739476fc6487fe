# SPDX-License-Identifier: Apache-2.0
"""Pictures for the action `chat`: the next one of a camera's topic; from files and addresses in the client's thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future as OtherFuture
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.llm.images import Image, ImageError, image_of
from voice_agent_ros.llm.picture_sources import PictureRules, Place, picture_of, topic_of
from voice_agent_ros.nodes.parameters import Parameter

PARAMETERS = (
    Parameter("image_hosts", [""], "Hosts from which `chat` may fetch pictures, as NAME or NAME:PORT."),
    Parameter("image_directory", "", "Directory of which `chat` may send pictures; empty: of none."),
    Parameter(
        "image_topics", [""], "Topics (sensor_msgs/CompressedImage) whose next picture `chat` may send."
    ),
)
TIMEOUT_S = 8.0  # for a camera's next picture; files and addresses have deadlines of their own

Run = Callable[[Coroutine[Any, Any, Image]], "OtherFuture[Image]"]


def rules_of(values: Any) -> PictureRules:
    """What the parameters allow."""
    hosts, topics = (
        tuple(filter(None, map(str.strip, names))) for names in (values.image_hosts, values.image_topics)
    )
    directory = Path(values.image_directory).expanduser() if values.image_directory else None
    return PictureRules(hosts, directory, topics)


class Pictures:
    """Fetches pictures for one goal at a time each, without holding up the node.

    Args:
        wake: lets `deliver` be called soon in the node's executor; may be called from any thread.
    """

    def __init__(self, node: Node, wake: Callable[[], None]) -> None:
        self._node, self._wake = node, wake
        self._come: deque[tuple[Future, Any]] = deque()
        self._waiting: dict[Future, tuple[float, str]] = {}  # until when, for which topic
        self.rules = PictureRules()
        self.run: Run | None = None

    def tick(self) -> None:
        """Deadlines."""
        now = time.monotonic()
        for future, (deadline, topic) in list(self._waiting.items()):
            if now > deadline and not future.done():
                future.set_result(
                    ImageError(f"No picture came on {topic}.", "Look at the camera and its topic.")
                )

    def deliver(self) -> None:
        """Pass on what has come, in the node's executor."""
        while self._come:
            future, result = self._come.popleft()
            if not future.done():
                future.set_result(result)

    def give_up(self, future: Future) -> None:
        """Whoever waits for it need not any longer."""
        if not future.done():
            future.set_result(ImageError("Given up.", "Ask again."))

    async def of(self, places: Iterable[Place], wait: Callable[[Future], None]) -> dict[Place, Image]:
        """The pictures at these places, one after the other.

        Args:
            wait: told what is waited for, so that it can be given up.

        Raises:
            ImageError: one of them cannot be had.
        """
        found = {}
        for place in places:
            topic = topic_of(place.url, self.rules)
            found[place] = await (self._next_of(topic, wait) if topic else self._fetched(place.url, wait))
        return found

    async def _next_of(self, topic: str, wait: Callable[[Future], None]) -> Image:
        future = Future(executor=self._node.executor)
        wait(future)
        self._waiting[future] = (time.monotonic() + TIMEOUT_S, topic)
        subscription = self._node.create_subscription(
            CompressedImage,
            topic,
            lambda message: future.done() or future.set_result(message),
            qos_profile_sensor_data,
        )
        try:
            message: Any = await future
        finally:
            del self._waiting[future]
            self._node.destroy_subscription(subscription)
        if isinstance(message, ImageError):
            raise message
        return image_of(bytes(message.data))

    async def _fetched(self, url: str, wait: Callable[[Future], None]) -> Image:
        if self.run is None:
            raise ImageError("Nobody fetches pictures now.", "Ask again when the node is active.")
        future = Future(executor=self._node.executor)
        wait(future)
        fetching = self.run(picture_of(url, self.rules))
        fetching.add_done_callback(partial(self._has_come, future))
        result = await future
        fetching.cancel()
        if isinstance(result, Image):
            return result
        raise (
            result
            if isinstance(result, VoiceAgentError)
            else ImageError(f"No picture: {result}.", "Ask again.")
        )

    def _has_come(self, future: Future, fetching: OtherFuture[Image]) -> None:
        """In the client's thread."""
        if fetching.cancelled():
            return
        self._come.append((future, fetching.exception() or fetching.result()))
        self._wake()
