"""Pages about crises: thin doors on the services and the reading modules."""
