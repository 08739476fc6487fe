# SPDX-License-Identifier: Apache-2.0
"""Quality of service of each kind of topic, in one place so that publishers and subscribers agree."""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

AUDIO_IN = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=50,  # one second of 20 ms chunks
    reliability=ReliabilityPolicy.BEST_EFFORT,
)
AUDIO_OUT = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100, reliability=ReliabilityPolicy.RELIABLE)
EVENTS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=50, reliability=ReliabilityPolicy.RELIABLE)
STATE = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
