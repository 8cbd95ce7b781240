"""What a certification authority decides. Nothing in here knows HTTP or SQL."""
