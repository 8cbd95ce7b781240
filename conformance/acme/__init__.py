"""Any ACME server seen from outside: by every client that people use, and clause by clause of the RFCs."""
