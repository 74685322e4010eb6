"""The last update of a crisis is its office's: what others decide about it makes no silent office look fresh."""

from datetime import timedelta

import pytest
from django.conf import settings

from crises import services
from crises.dashboard import rows
from crises.models import Crisis, Gap, UpdateRequest

pytestmark = pytest.mark.django_db
