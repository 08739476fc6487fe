# SPDX-License-Identifier: Apache-2.0
"""Speech recognizers behind one Protocol."""
