"""Addresses of people and places."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from offices import views

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", views.account, name="account"),
    path("account/password/", views.change_password, name="password"),
    path("offices/", views.office_list, name="office-list"),
    path("theme/", views.theme, name="theme"),
]
