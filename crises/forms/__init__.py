"""Parse what browsers send; the rules are in the services."""
