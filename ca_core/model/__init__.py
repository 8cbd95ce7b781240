"""The domain types, named as the field names them: frozen, typed, and ignorant of every wire and every table."""
