"""Addresses of the framework's pages. Those of one sector, system or cluster, and those on which an
edition is written, are in crises/urls.py."""

from django.urls import path

from sectors import views

urlpatterns = [
    path("matrix/", views.matrix, name="matrix"),
    path("matrix.csv", views.matrix_file, {"kind": "csv"}, name="matrix-csv"),
    path("matrix.xlsx", views.matrix_file, {"kind": "xlsx"}, name="matrix-xlsx"),
    path("matrix.json", views.matrix_json, name="matrix-json"),
    path("matrix/editions/", views.edition_list, name="edition-list"),
    path("matrix/editions/compare/", views.compare_editions, name="edition-compare"),
    path("matrix/editions/<slug:framework>/<int:number>/", views.edition, name="edition"),
    path("sectors/", views.sector_list, name="sector-list"),
    path("systems/", views.system_list, name="system-list"),
]
