"""What leaves and enters, in the API: the feed of changes and webhooks."""
