"""Bulk changes: staff choose any number of leads, and the same is written to each of them."""
