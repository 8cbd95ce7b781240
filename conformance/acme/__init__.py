"""ACME clients against any ACME server: every program that people use, through everything it can do, in one table."""
