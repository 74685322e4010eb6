"""The administration: accounts, roles, offices, partners and keys. Countries and regions are the UN's: read only."""

from datetime import timedelta

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from offices import services
from offices.models import Country, Membership, Office, Partner, Region, Token, User

admin.site.unregister(Group)  # what people may do follows from their roles


class ReadOnlyAdmin(admin.ModelAdmin):
    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Region)
class RegionAdmin(ReadOnlyAdmin):
    list_display = ["name", "code", "parent"]
    list_select_related = ["parent"]
    search_fields = ["name", "code"]


@admin.register(Country)
class CountryAdmin(ReadOnlyAdmin):
    list_display = ["name", "iso3", "iso2", "m49", "region"]
    list_select_related = ["region"]
    list_filter = ["region"]
    search_fields = ["name", "iso3", "iso2", "m49"]


class MembershipInline(admin.TabularInline):
    model = Membership
    autocomplete_fields = ["office"]
    readonly_fields = ["granted_at"]
    extra = 0


@admin.register(User)
class PersonAdmin(UserAdmin):
    inlines = [MembershipInline]
    list_display = ["username", "first_name", "last_name", "partner", "is_active", "is_staff", "last_login"]
    list_select_related = ["partner"]
    list_filter = ["is_active", "is_staff", "memberships__role", "partner"]
    search_fields = ["username", "first_name", "last_name", "email", "memberships__office__name"]
    autocomplete_fields = ["partner"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "language", "partner"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser", "last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]


@admin.register(Office)
class OfficeAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "country", "parent"]
    list_select_related = ["country", "parent"]
    list_filter = ["kind", "parent"]
    search_fields = ["name", "slug", "country__name", "country__iso3"]
    autocomplete_fields = ["country", "parent"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Partner)
class PartnerAdmin(admin.ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name", "slug", "countries__name"]
    autocomplete_fields = ["countries"]
    prepopulated_fields = {"slug": ["name"]}


class TokenForm(forms.ModelForm):
    days = forms.IntegerField(
        label=_("Days it works"),
        min_value=1,
        max_value=365,
        initial=90,
        help_text=_("The token is shown once, after saving. Only its hash is kept."),
    )

    class Meta:
        model = Token
        fields = ["user", "name", "may_write"]

    def clean_user(self):
        services.require_room(self.cleaned_data["user"])
        return self.cleaned_data["user"]


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """A token is issued or revoked, never changed or deleted, and its hash is never shown."""

    form = TokenForm
    list_display = ["name", "user", "may_write", "limited_to", "created", "expiry", "used_at", "revoked_at"]
    list_select_related = ["user"]
    list_filter = ["may_write", "expiry", "revoked_at"]
    search_fields = ["name", "user__username", "user__first_name", "user__last_name"]
    autocomplete_fields = ["user"]
    actions = ["revoke"]

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_fields(self, request, obj=None):
        said = ["user", "name", "may_write"]
        told = ["limited_to", "created", "made_by", "expiry", "used_at", "revoked_at", "revoked_by"]
        return [*said, *told] if obj else [*said, "days"]

    @admin.display(description=_("limited to countries"))
    def limited_to(self, token):
        return ", ".join(token.countries) if token.countries is not None else _("No limit")

    @admin.action(permissions=["view"], description=_("Revoke the chosen tokens"))
    def revoke(self, request, queryset):
        now = sum(services.revoke_token(token=token, by=request.user) for token in queryset)
        words = ngettext("%(n)s token is revoked.", "%(n)s tokens are revoked.", now)
        messages.success(request, words % {"n": now})

    def save_model(self, request, obj, form, change):
        issued, key = services.issue_token(
            user=obj.user,
            name=obj.name,
            lasts=timedelta(days=form.cleaned_data["days"]),
            may_write=obj.may_write,
            by=request.user,
        )
        obj.pk = issued.pk  # the admin's log names the row
        messages.warning(request, _("Copy this token now, it is not shown again: %(key)s") % {"key": key})
