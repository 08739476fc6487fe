# SPDX-License-Identifier: Apache-2.0
"""What a person wants: skills, sentence grammar, dialogue policy."""
