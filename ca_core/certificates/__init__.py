"""What becomes a certificate, and what must not: names, CSRs, profiles, the lint, the assembled outcome."""
