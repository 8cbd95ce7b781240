"""Signing in and out: a link, the identity provider or a passkey shows who somebody is, and a session begins."""
