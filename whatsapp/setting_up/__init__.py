"""Connecting a number, step by step: what is noted of it, and what the page shows."""
