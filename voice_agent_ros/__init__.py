# SPDX-License-Identifier: Apache-2.0
"""Drive a robot arm by talking to it: speech recognition, reasoning, speech synthesis and safe motion for ROS 2."""

__version__ = "0.1.0"
