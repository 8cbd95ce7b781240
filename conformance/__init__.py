"""What drives any server from outside: real clients, the demo, a loopback DNS. Imports nothing of the gateway's."""
