# SPDX-License-Identifier: Apache-2.0
"""From intent to motion inside every limit: kinematics, path checks, gate."""
