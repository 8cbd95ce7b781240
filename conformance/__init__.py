"""Suites that drive any server from outside, and what they need beside it; nothing here imports the gateway."""
