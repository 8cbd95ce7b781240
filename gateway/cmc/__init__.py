"""The CMC front end (RFC 10002-10004): Certificate Management over CMS, for mail gateways, appliances and scripts."""
