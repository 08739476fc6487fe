# SPDX-License-Identifier: Apache-2.0
"""The demonstration: launches everything, talks to it, shows each turn and reports what happened."""
