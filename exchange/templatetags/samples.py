"""The samples for who builds on the API, in a page."""

from django import template

from exchange.samples import samples

register = template.Library()
register.simple_tag(samples)
