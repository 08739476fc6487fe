# SPDX-License-Identifier: Apache-2.0
"""A lifecycle node that outlives a transition which it cannot make."""

from __future__ import annotations

from lifecycle_msgs.srv import ChangeState
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode


class ManagedNode(LifecycleNode):
    """Answers a wrong request for a transition with "no".

    rclpy raises in the callback of `~/change_state` when, for example, an active node is asked to configure, and the
    executor dies of it: anybody's second `ros2 lifecycle set` would end the node.
    """

    def _LifecycleNodeMixin__on_change_state(  # rclpy's own private name
        self, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        try:
            return super()._LifecycleNodeMixin__on_change_state(request, response)  # type: ignore[misc]
        except rclpy_implementation.RCLError as error:
            self.get_logger().warning(f"A transition was refused: {error}")
            response.success = False
            return response
