"""Addresses of pages about what leaves and enters: tokens, webhooks, imports."""

from django.urls import path

from exchange.views import tokens

urlpatterns = [
    path("account/tokens/", tokens.token_list, name="token-list"),
    path("account/tokens/new/", tokens.token_new, name="token-new"),
    path("account/tokens/<int:number>/revoke/", tokens.token_revoke, name="token-revoke"),
]
