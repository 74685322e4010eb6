"""How templates are rendered: what a page was made of goes as soon as it is made."""

from django.template.backends.django import DjangoTemplates, Template
from django.template.context import make_context


class Engine(DjangoTemplates):
    """Django's templates, but for the end of their context."""

    def from_string(self, template_code):
        return Page(super().from_string(template_code).template, self)

    def get_template(self, template_name):
        return Page(super().get_template(template_name).template, self)


class Page(Template):
    def render(self, context=None, request=None):
        """The page. Its context refers to itself: left to the collector, the thirty thousand things that a page across
        crises was counted from would stay until they are walked through."""
        made = make_context(context, request, autoescape=self.backend.engine.autoescape)
        try:
            return self.template.render(made)
        finally:
            made.dicts.clear()
