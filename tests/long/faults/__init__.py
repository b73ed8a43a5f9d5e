"""Faults injected into a served site under load, with a ledger of what it acknowledged. See cases.py."""
