"""What operators and staff see of the site at work: failed transactions, metrics, the self-check."""
