# SPDX-License-Identifier: Apache-2.0
"""The simulated arm: MuJoCo physics behind stand-ins for ros2_control's controllers."""
