from django.http import HttpResponse
from django.urls import path

urlpatterns = [
    path("", lambda r: HttpResponse(), name="home"),
    path("dashboard/", lambda r: HttpResponse(), name="dashboard"),
    path("crises/", lambda r: HttpResponse(), name="crisis-list"),
    path("crises/new/", lambda r: HttpResponse(), name="crisis-log"),
    path("crises/<str:reference>/", lambda r: HttpResponse(), name="crisis"),
    path("crises/<str:reference>/plan/", lambda r: HttpResponse(), name="plan"),
]
