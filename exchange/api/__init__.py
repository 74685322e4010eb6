"""What leaves and enters, in the API: the feed of changes, webhooks, whole tables as files."""
