# SPDX-License-Identifier: Apache-2.0
"""Drive a robot arm by talking to it: hearing, reasoning, speaking and safe motion for ROS 2."""

__version__ = "0.1.0"
