"""The search for customers, and for rows that belong to them."""
