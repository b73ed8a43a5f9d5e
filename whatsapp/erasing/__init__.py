"""Finds one person in texts, JSON and stored deliveries, and takes out what is theirs."""
