"""Addresses of pages about what leaves and enters: tokens, webhooks, imports."""

from django.urls import path

from exchange.views import imports, tokens

urlpatterns = [
    path("import/", imports.import_start, name="import-start"),
    path("import/<slug:holds>.<slug:kind>", imports.import_template, name="import-template"),
    path("import/columns/<slug:holds>.csv", imports.import_columns, name="import-columns"),
    path("import/<uuid:uid>/", imports.import_detail, name="import"),
    path("import/<uuid:uid>/report.csv", imports.import_report, name="import-report"),
    path("account/tokens/", tokens.token_list, name="token-list"),
    path("account/tokens/new/", tokens.token_new, name="token-new"),
    path("account/tokens/<int:number>/revoke/", tokens.token_revoke, name="token-revoke"),
]
