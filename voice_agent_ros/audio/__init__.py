# SPDX-License-Identifier: Apache-2.0
"""Microphones, loudspeakers and their stand-ins as streams of 16-bit PCM."""
