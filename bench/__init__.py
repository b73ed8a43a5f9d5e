"""Benchmarks: each hot path beside what one would use instead. Never imported by the site."""
