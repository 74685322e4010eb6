"""The API's addresses about what leaves and enters."""
