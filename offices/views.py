"""Pages about who and where: signing in, the account, the offices; and the theme, which needs no account."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from offices import demo, rights
from offices.forms import ChangePasswordForm, SignInForm
from offices.models import Office, Role, Token, User

sign_in = LoginView.as_view(
    authentication_form=SignInForm,
    redirect_authenticated_user=True,
    extra_context={"demo_accounts": demo.accounts, "demo_password": demo.PASSWORD},
)


@login_required
def account(request):
    """Who I am, what I see and why, what I may do, and who grants more."""
    grants = request.user.memberships.select_related("office__parent")
    administrators = User.objects.filter(is_active=True, memberships__role=Role.ADMINISTRATOR).distinct()
    return render(
        request,
        "offices/account.html",
        {
            "grants": grants,
            "sees": rights.sees(request.user, grants),
            "may": rights.may(request.user, grants),
            "administrators": administrators if grants else [],
            "audits": any(grant.role in (Role.AUDITOR, Role.HQ) for grant in grants),
        },
    )


@sensitive_post_parameters()
@never_cache
@login_required
def change_password(request):
    form = ChangePasswordForm(request.user, request.POST or None)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("Your password is changed. Other browsers you signed in with are signed out."))
        if Token.objects.working().filter(user=request.user).exists():
            messages.info(request, _("Your API tokens still work. Revoke any that somebody else may have seen."))
        return redirect("account")
    return render(request, "registration/password.html", {"form": form})


@login_required
def office_list(request):
    """The tree of offices and the people in them, for staff."""
    if not request.user.memberships.exists():
        raise PermissionDenied(_("Only people with a role in an office see the offices and who works there."))
    return render(request, "offices/list.html", {"offices": Office.objects.with_people().as_tree()})


@require_POST
def theme(request):
    """Keep the reader's choice of light, dark or as on the device, for a year, and go back to the page."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = reverse("home")
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("theme")
    response.set_cookie(
        "theme",
        chosen if chosen in ("light", "dark") else "auto",
        max_age=365 * 24 * 60 * 60,
        samesite="Lax",
        secure=settings.HTTPS,
        httponly=True,
    )
    return response
