"""Who and where: regions, countries, offices, people, what they may do, partners. Nothing here knows of a crisis."""

from collections import defaultdict
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import OperationalError, models
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken, AuthTokenManager
from knox.settings import CONSTANTS

from .prepared import Prepared


class RegionManager(models.Manager):
    def get_by_natural_key(self, code):
        return self.get(code=code)


class Region(models.Model):
    """A geographical region of the United Nations (M49); sub-regions name the region they are part of."""

    code = models.CharField(_("M49 code"), max_length=3, unique=True)
    name = models.CharField(max_length=60)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")

    objects = RegionManager()

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.code,)


class CountryManager(models.Manager):
    def get_by_natural_key(self, iso3):
        return self.get(iso3=iso3)


class Country(models.Model):
    """A country or area of the United Nations' M49 list."""

    iso3 = models.CharField(_("ISO3"), max_length=3, primary_key=True)
    iso2 = models.CharField(_("ISO2"), max_length=2, unique=True)
    m49 = models.CharField("M49", max_length=3, unique=True)
    name = models.CharField(max_length=100)
    region = models.ForeignKey(Region, models.PROTECT, related_name="countries", null=True, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)  # of the middle of its largest land
    longitude = models.FloatField(_("longitude"), null=True, blank=True)

    objects = CountryManager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = _("countries")
        indexes = [models.Index(fields=["name"], name="countries_by_name")]  # what is sorted by country follows it

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.iso3,)


class Role(models.TextChoices):
    """What a person does in an office. Several grants add up."""

    FIELD = "field", _("Field officer")
    LEAD = "lead", _("Office lead")
    REGIONAL = "regional", _("Regional officer")
    HQ = "hq", _("HQ reviewer")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class OfficeQuerySet(models.QuerySet):
    def reached_by(self, user, *roles):
        """Offices where the user holds one of the roles, and the offices below those. Empty for anonymous users.

        Not evaluated: meant as a subquery.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        held = Membership.objects.filter(user=user, role__in=roles).values("office")
        return self.filter(models.Q(pk__in=held) | models.Q(parent__in=held) | models.Q(parent__parent__in=held))

    def in_region_of(self, user):
        """Offices under the same regional office as the user's own offices, which see one another's shared work."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        own = Membership.objects.filter(user=user, role__in=[Role.FIELD, Role.LEAD])
        return self.filter(parent__kind=Office.Kind.REGIONAL, parent__in=own.values("office__parent"))

    def with_people(self):
        """Adds the country and, as `people`, the grants of active people, by role and name. Two queries."""
        grants = Membership.objects.filter(user__is_active=True).select_related("user")
        people = grants.order_by("role", "user__last_name", "user__username")
        return self.select_related("country").prefetch_related(Prefetch("memberships", people, to_attr="people"))

    def as_tree(self):
        """The offices as a list, each one followed by those below it. Evaluates the queryset."""
        below = defaultdict(list)
        for office in self:
            below[office.parent_id].append(office)

        def walk(parent):
            for office in below[parent]:
                yield office
                yield from walk(office.pk)

        return list(walk(None))


class Office(models.Model):
    """An office of the organisation: headquarters, a regional office below it, a country office below that."""

    class Kind(models.TextChoices):
        HQ = "hq", _("Headquarters")
        REGIONAL = "regional", _("Regional office")
        COUNTRY = "country", _("Country office")

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    country = models.ForeignKey(Country, models.PROTECT, null=True, blank=True, related_name="offices")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="below")

    objects = OfficeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="hq", parent=None) | ~models.Q(kind="hq") & models.Q(parent__isnull=False),
                name="office_below_headquarters_has_an_office_above_it",
            ),
        ]

    def __str__(self):
        return self.name

    def clean(self):
        """The tree has three floors: headquarters, regional offices, country offices."""
        above = {
            self.Kind.REGIONAL: {self.Kind.HQ},
            self.Kind.COUNTRY: {self.Kind.HQ, self.Kind.REGIONAL},
        }.get(self.kind, set())
        if self.parent and self.parent.kind not in above:
            raise ValidationError({"parent": _("Choose an office that stands above this kind of office.")})


class Partner(models.Model):
    """An organisation that reads crises of the countries agreed with it."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    countries = models.ManyToManyField(Country, related_name="partners")

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class User(AbstractUser):
    """A person who signs in: staff through memberships, a partner's reader through the partner."""

    language = models.CharField(max_length=8, blank=True)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="readers")

    # The countries that the token they came with is limited to (`Token.bearer`); None: no limit of the token.
    only_in = None
    # The countries agreed with their partner, where they have been read already: then a query need not ask again.
    agreed = None

    def __str__(self):
        return self.get_full_name() or self.username

    @cached_property
    def grants(self):
        """The (role, office) pairs this person holds, read once. One query."""
        return set(self.memberships.order_by().values_list("role", "office"))

    def know_grants(self):
        """Read the grants, if nobody has yet, where queries are made shorter by knowing them (`is_known_as`)."""
        return self.grants

    @property
    def roles(self):
        """The roles this person holds in any office."""
        return {role for role, _office in self.grants}

    def reaches(self, iso3):
        """Whether the token this person came with, if they did, lets them to a country."""
        return self.only_in is None or iso3 in self.only_in

    def is_known_as(self, role):
        """Whether the grants have been read already and this role is among them: then a query need not ask again."""
        return "grants" in self.__dict__ and role in self.roles

    def holds(self, *roles):
        """Whether the user holds one of the roles in any office. One query."""
        return self.is_active and self.memberships.filter(role__in=roles).exists()


class Membership(models.Model):
    """A grant: this person, this role, this office and those below it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    office = models.ForeignKey(Office, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=13, choices=Role.choices)
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["office__name", "role"]
        constraints = [
            models.UniqueConstraint(fields=["user", "office", "role"], name="role_granted_once_per_office"),
        ]

    def __str__(self):
        return f"{self.user}, {self.get_role_display()}, {self.office}"

    def clean(self):
        """A partner's reader holds no role: what partners see must never widen by a grant."""
        if self.user.partner_id:
            raise ValidationError(_("A partner's reader holds no role. Remove the partner or the role."))


class TokenQuerySet(models.QuerySet):
    def working(self, at=None):
        """The tokens that open something at a moment, now unless told: not revoked or expired, of an active person."""
        lasting = models.Q(expiry=None) | models.Q(expiry__gt=at or timezone.now())
        return self.filter(lasting, revoked_at=None, user__is_active=True)

    def note_use(self, token, at=None):
        """Say when a token was last used, to within TOKEN_USE_NOTED_MINUTES: so often it is written and not oftener,
        in however many processes it is used. No query in between. Reading goes on where it cannot be written.
        """
        at, every = at or timezone.now(), timedelta(minutes=settings.TOKEN_USE_NOTED_MINUTES)
        if token.used_at and at - token.used_at < every:
            return
        due = models.Q(used_at=None) | models.Q(used_at__lte=at - every)
        with suppress(OperationalError):
            self.filter(due, pk=token.pk).order_by().update(used_at=at)


class Token(AbstractAuthToken):
    """A person's key to the API, or a partner's: kept as a hash, with an end. It is revoked and never deleted."""

    SHORTEST, LONGEST = timedelta(days=1), timedelta(days=365)  # how long it may work

    # knox makes the hash the primary key, which would show it in the addresses of the admin.
    digest = models.CharField(max_length=CONSTANTS.DIGEST_LENGTH, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80, blank=True)
    may_write = models.BooleanField(
        _("may change"),
        default=False,
        help_text=_("The token changes what its owner may change. Without this it only reads."),
    )
    countries = models.JSONField(
        _("limited to countries"), null=True, blank=True, help_text=_("ISO3 codes. Null: wherever its owner may look.")
    )
    made_by = models.ForeignKey(User, models.RESTRICT, null=True, related_name="+", editable=False)
    form_key = models.UUIDField(null=True, editable=False)  # of the form that made it, so that it is made once
    used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_by = models.ForeignKey(User, models.RESTRICT, null=True, related_name="+", editable=False)

    objects = AuthTokenManager.from_queryset(TokenQuerySet)()

    class Meta:
        ordering = ["user__username", "-created"]
        constraints = [
            models.UniqueConstraint(fields=["user", "form_key"], name="token_made_once_by_a_form"),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoked_by=None) | models.Q(revoked_at__isnull=False),
                name="revoked_token_says_when",
            ),
        ]

    def __str__(self):
        return f"{self.name or _('Unnamed')}, {self.user}"

    @staticmethod
    def with_key(key):
        """The tokens that begin like this, with their owners: not revoked, of active people. One query."""
        return WITH_KEY.rows(key)

    @property
    def writes(self):
        """Whether it changes anything: a partner's never does, whatever it was made for."""
        return self.may_write and not self.user.partner_id

    @property
    def works(self):
        return self.revoked_at is None and (self.expiry is None or self.expiry > timezone.now())

    @property
    def bearer(self):
        """Its owner as the token lets them in: never to more than they may see and do by themselves."""
        self.user.only_in = None if self.countries is None else frozenset(self.countries)
        return self.user

    def clean(self):
        """A partner's token reads. A limit names countries, for a partner those of the agreement."""
        wrong = {}
        if self.may_write and self.user_id and self.user.partner_id:
            wrong["may_write"] = _("Partners only read. Leave this out.")
        if self.countries is not None and (said := self._wrong_countries()):
            wrong["countries"] = said
        if wrong:
            raise ValidationError(wrong)

    def _wrong_countries(self):
        codes = self.countries
        if not isinstance(codes, list) or not codes or not all(isinstance(code, str) for code in codes):
            return _("Name at least one country by its ISO3 code, or set no limit.")
        allowed = Country.objects.filter(pk__in=codes)
        if self.user_id and self.user.partner_id:
            allowed = allowed.filter(partners=self.user.partner_id)
        if beyond := sorted({*codes} - {*allowed.values_list("pk", flat=True)}):
            return _("%(codes)s: not among the countries you may choose.") % {"codes": ", ".join(beyond)}
        return None


def _with_key(key: str):
    return Token.objects.filter(token_key=key, revoked_at=None, user__is_active=True).select_related("user").order_by()


WITH_KEY = Prepared(_with_key)
