"""What changes of numbers do to customers, decided without a database; leads/services/number_changes.py writes it."""
