# SPDX-License-Identifier: Apache-2.0
"""What the arm can be asked to do: one file per skill, each with its model, its plan and its sentences."""
