# SPDX-License-Identifier: Apache-2.0
"""Whether another robot's bridge beats on our topics: then it hears our people, and we hear its people."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from voice_agent_ros.msg import BridgeState
from voice_agent_ros.nodes import qos

STAYS_S = 2.0  # so long after its last heartbeat it is taken to be still there
WHAT = "another bridge is heard: give each robot its own namespace or ROS_DOMAIN_ID"


class Company:
    """Listens to `bridge/state`.

    Args:
        on_heard: called with each heartbeat of another.

    Attributes:
        own_id: what our own heartbeats carry.
    """

    def __init__(self, node: Any, on_heard: Callable[[], None]) -> None:
        self.own_id = str(uuid.uuid4())
        self._on_heard, self._heard_at = on_heard, float("-inf")
        node.create_subscription(BridgeState, "bridge/state", self._on_beat, qos.EVENTS)

    @property
    def is_there(self) -> bool:
        """One was heard lately."""
        return time.monotonic() - self._heard_at < STAYS_S

    def _on_beat(self, message: BridgeState) -> None:
        if message.bridge_id not in ("", self.own_id):
            self._heard_at = time.monotonic()
            self._on_heard()
