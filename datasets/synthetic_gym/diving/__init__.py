"""Dives by the gym's body: flown, judged and filmed by a panning camera."""
