"""Faults of the real parts: what must hold is in invariants.py (messaging.md §6)."""
