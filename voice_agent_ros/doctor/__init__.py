# SPDX-License-Identifier: Apache-2.0
"""voice-agent doctor: what the agent will miss on this computer, with the evidence and the fix."""
