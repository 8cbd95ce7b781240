"""The RA API: version 2, frozen as it was published, and version 3, resource-oriented; on one core and one frame."""
