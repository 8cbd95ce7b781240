"""Faults on purpose: processes killed, requests raced, mutated and oversized, and what must hold after each."""
