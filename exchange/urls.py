"""Addresses of pages about what leaves and enters: tokens, webhooks, imports."""

from django.urls import path

from exchange.views import imports, tokens, webhooks

urlpatterns = [
    path("import/", imports.import_start, name="import-start"),
    path("import/<slug:holds>.<slug:kind>", imports.import_template, name="import-template"),
    path("import/columns/<slug:holds>.csv", imports.import_columns, name="import-columns"),
    path("import/<uuid:uid>/", imports.import_detail, name="import"),
    path("import/<uuid:uid>/report.csv", imports.import_report, name="import-report"),
    path("account/webhooks/", webhooks.webhook_list, name="webhook-list"),
    path("account/webhooks/new/", webhooks.webhook_new, name="webhook-new"),
    path("account/webhooks/<uuid:webhook>/", webhooks.webhook, name="webhook"),
    path("account/webhooks/<uuid:webhook>/change/", webhooks.webhook_change, name="webhook-change"),
    path("account/webhooks/<uuid:webhook>/remove/", webhooks.webhook_remove, name="webhook-remove"),
    path("account/webhooks/<uuid:webhook>/secret/", webhooks.webhook_secret, name="webhook-secret"),
    path("account/webhooks/<uuid:webhook>/one-secret/", webhooks.webhook_one_secret, name="webhook-one-secret"),
    path("account/webhooks/<uuid:webhook>/test/", webhooks.webhook_test, name="webhook-test"),
    path("account/webhooks/<uuid:webhook>/pause/", webhooks.webhook_pause, name="webhook-pause"),
    path("account/webhooks/<uuid:webhook>/resume/", webhooks.webhook_resume, name="webhook-resume"),
    path("account/webhooks/<uuid:webhook>/<uuid:delivery>/replay/", webhooks.webhook_replay, name="webhook-replay"),
    path("account/tokens/", tokens.token_list, name="token-list"),
    path("account/tokens/new/", tokens.token_new, name="token-new"),
    path("account/tokens/<int:number>/revoke/", tokens.token_revoke, name="token-revoke"),
]
