"""Addresses of pages about what leaves and enters: keys, webhooks, imports."""

from django.urls import path

from exchange.views import imports

urlpatterns = [
    path("import/", imports.import_start, name="import-start"),
    path("import/<slug:holds>.<slug:kind>", imports.import_template, name="import-template"),
    path("import/columns/<slug:holds>.csv", imports.import_columns, name="import-columns"),
    path("import/<uuid:uid>/", imports.import_detail, name="import"),
    path("import/<uuid:uid>/report.csv", imports.import_report, name="import-report"),
]
