from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("api/", lambda r: HttpResponse(), name="api-landing")]
