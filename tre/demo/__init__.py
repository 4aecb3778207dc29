"""The story of `make demo`: real files, from a controller's disk to an answer."""
