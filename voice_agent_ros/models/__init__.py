# SPDX-License-Identifier: Apache-2.0
"""Catalogue of model weights: where they come from, checked and cached."""
