"""What is typed to sign in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from jetapp.accounts.service import LONGEST_EMAIL, LONGEST_PASSWORD


class SignInForm(FlaskForm):
    email = StringField(
        _l("E-mail address"),
        [InputRequired(_l("Enter your e-mail address")), Length(max=LONGEST_EMAIL)],
        render_kw={"type": "email", "spellcheck": "false"},
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password")), Length(max=LONGEST_PASSWORD)])
    next = HiddenField()
