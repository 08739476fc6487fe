# SPDX-License-Identifier: Apache-2.0
"""From audio to words: voice activity, endpoints, recognizers, stop phrases."""
