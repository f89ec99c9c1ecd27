"""Executors: they schedule the jobs of a suite, and the one engine does them."""
