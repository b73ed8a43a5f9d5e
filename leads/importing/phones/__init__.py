"""Phone numbers in files: which numbers a cell has, and which country they are of."""
