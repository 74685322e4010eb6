"""The address book: every address of the site starts here."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("", include("crises.urls")),
    path("", include("sectors.urls")),
    path("", include("offices.urls")),
    path("", include("exchange.urls")),
    path("", include("mcof.api")),
    path("help/", TemplateView.as_view(template_name="help.html"), name="help"),
    path("accessibility/", TemplateView.as_view(template_name="accessibility.html"), name="accessibility"),
    path("admin/", admin.site.urls),
]
handler400 = "mcof.api.bad_request"
handler500 = "mcof.api.server_error"
