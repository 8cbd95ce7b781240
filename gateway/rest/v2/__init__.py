"""Version 2 of the RA API as it was published: generated clients refuse whatever its document does not name."""
