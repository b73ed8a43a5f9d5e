"""Benchmarks of the hot paths, compared with alternatives. Never imported by the site."""
