"""Scored dives cut from recordings of whole events: what the releases of that shape have in common.

A release is a pickled dictionary of annotations by (event, dive), pickled lists of the dives in train and
test, and the events' recordings, which everyone downloads and extracts by themselves.
"""
