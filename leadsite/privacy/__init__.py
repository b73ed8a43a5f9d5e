"""Erases one person everywhere, exports all that is kept about one, and deletes what is older than the settings say."""
