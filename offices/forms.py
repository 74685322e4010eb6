"""The words of signing in and of changing a password. Django's forms decide."""

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.utils.translation import gettext_lazy as _


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _("No account has this user name and password. Check both; capital letters count."),
        "inactive": _("This account is closed. An administrator can open it again."),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["username"].error_messages["required"] = _("Enter your user name.")
        self.fields["password"].error_messages["required"] = _("Enter your password.")
        del self.fields["username"].widget.attrs["autofocus"]  # focus moves by itself only to a problem


class ChangePasswordForm(PasswordChangeForm):
    error_messages = {
        "password_incorrect": _("This is not your password now. Capital letters count."),
        "password_mismatch": _("The two new passwords differ. Type the same one twice."),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, label, missing in (
            ("old_password", _("Password now"), _("Enter the password you have now.")),
            ("new_password1", _("New password"), _("Enter a new password.")),
            ("new_password2", _("New password, again"), _("Enter the new password again.")),
        ):
            self.fields[name].label = label
            self.fields[name].error_messages["required"] = missing
            self.fields[name].widget.attrs.pop("autofocus", None)
        self.fields["new_password2"].help_text = ""
        self.fields["new_password1"].help_text = _(
            "At least 12 characters. Not a common password, and not like your name."
        )
