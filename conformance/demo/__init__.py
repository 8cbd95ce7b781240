"""The demo: a new CA on loopback, and a certificate over each of the roads that lead to it."""
