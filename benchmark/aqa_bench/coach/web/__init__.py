"""The coach as a web app: upload a clip, watch it being judged, look at the verdict."""
