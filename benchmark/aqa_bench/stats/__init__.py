"""Metrics, thresholds, floors and the statistics that put an uncertainty on them."""
