"""Version 3 of the RA API: resources, RFC 9457 problems, and every operation that there is."""
