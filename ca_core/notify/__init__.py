"""Notification: what happens is told to webhooks and by mail, from an outbox, after it has happened."""
