# SPDX-License-Identifier: Apache-2.0
"""Trains the spotter of a spoken stop, and makes the recordings that it is measured with, from synthetic voices.

Nothing is downloaded here: programs, packages and weights must be there. See docs/ears.md.
"""
