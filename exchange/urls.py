"""Addresses of pages about what leaves and enters: keys, webhooks, imports."""

urlpatterns = []
