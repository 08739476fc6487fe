# SPDX-License-Identifier: Apache-2.0
"""OpenAI-protocol client, prompt, conversation."""
