"""What integrators do in a day with the clients that are generated for Python; those for Java are in ``../java``."""
