# SPDX-License-Identifier: Apache-2.0
"""ROS adapters, one per executable: parameters in, messages out. Everything else is plain Python."""
