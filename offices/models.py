"""Who and where: regions, countries, offices, people, what they may do, partners. Nothing here knows of a crisis."""

from collections import defaultdict

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Prefetch
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken
from knox.settings import CONSTANTS


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

    def __str__(self):
        return self.get_full_name() or self.username

    @cached_property
    def grants(self):
        """The (role, office) pairs this person holds, read once. One query."""
        return set(self.memberships.values_list("role", "office"))

    @property
    def roles(self):
        """The roles this person holds in any office."""
        return {role for role, _office in self.grants}

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


class Token(AbstractAuthToken):
    """A partner's or person's key to the API: kept as a hash, with an expiry."""

    # knox makes the hash the primary key, which would show it in the addresses of the admin.
    digest = models.CharField(max_length=CONSTANTS.DIGEST_LENGTH, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80, blank=True)
    may_write = models.BooleanField(
        _("may change"),
        default=False,
        help_text=_("The key changes what its owner may change. Without this it only reads."),
    )

    class Meta:
        ordering = ["user__username", "-created"]

    def __str__(self):
        return f"{self.name or _('Unnamed')}, {self.user}"

    def clean(self):
        """A partner's key reads."""
        if self.may_write and self.user_id and self.user.partner_id:
            raise ValidationError({"may_write": _("Partners only read. Leave this out.")})
