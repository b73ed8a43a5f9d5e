"""What a user could build instead of the site: the benchmarks run beside these."""
