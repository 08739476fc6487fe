# SPDX-License-Identifier: Apache-2.0
"""From words to audio: segmentation, synthesizers, what was heard."""
