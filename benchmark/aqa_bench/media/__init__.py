"""Media: what samples look like once read from disk."""
