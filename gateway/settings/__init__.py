"""The settings of an installation: what they are, what they say, and how they are written."""
