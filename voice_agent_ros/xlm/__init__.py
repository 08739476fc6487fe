# SPDX-License-Identifier: Apache-2.0
"""The vendor's console LLM as an OpenAI-compatible server. Needs no ROS."""
