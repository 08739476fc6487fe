# SPDX-License-Identifier: Apache-2.0
"""Recordings to text with times: files of any container and length, from the command line, HTTP and ROS."""
