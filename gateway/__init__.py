"""The gateway: front ends that speak the wire formats, and the command that makes, runs and examines one."""
