"""What is kept of people who were erased, so that a late delivery does not bring them back."""
