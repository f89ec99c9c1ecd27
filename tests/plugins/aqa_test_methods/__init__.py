"""Methods for the tests, installed by an entry point as a third party's would be."""
