"""What staff type on the safety pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, Regexp


class AnswerForThemForm(FlaskForm):
    """A second-hand answer: what, from whom, and what was said."""

    answer = RadioField(
        _l("What do you know?"),
        [InputRequired(_l("Choose what you know"))],
        choices=[SelectChoice("safe", _l("They are safe")), SelectChoice("need_help", _l("They need help"))],
    )
    how = StringField(
        _l("How do you know?"),
        [InputRequired(_l("Write how you know, for example “spoke on the telephone”")), Length(max=80)],
        description=_l("For example: spoke on the telephone, seen at school, told by a colleague."),
    )
    note = TextAreaField(_l("Note"), [Optional(), Length(max=1000)])


class NoteForm(FlaskForm):
    """A note of the operator on a check."""

    note = TextAreaField(_l("Note"), [InputRequired(_l("Write the note")), Length(max=2000)])


class AreasForm(FlaskForm):
    """More areas for a running check; they are ticked beside it."""


class ReasonForm(FlaskForm):
    """Why a proposal is declined, or what there is to say when a check is closed."""

    note = TextAreaField(_l("Reason or note"), [Optional(), Length(max=2000)])


class StartForm(FlaskForm):
    """Step 1 of starting a check: the event. Areas are ticked beside it."""

    key = HiddenField(validators=[InputRequired(), Regexp(r"^[0-9a-f]{24}\Z")])
    """Made with the page: sending the same page twice starts one check."""
    what = SelectField(
        _l("What happened?"),
        [InputRequired(_l("Choose what happened"))],
        choices=[
            SelectChoice("", _l("Choose")),
            SelectChoice("intensity:7", _l("Earthquake, intensity 7")),
            SelectChoice("intensity:6+", _l("Earthquake, intensity 6 Upper")),
            SelectChoice("intensity:6-", _l("Earthquake, intensity 6 Lower")),
            SelectChoice("intensity:5+", _l("Earthquake, intensity 5 Upper")),
            SelectChoice("intensity:5-", _l("Earthquake, intensity 5 Lower")),
            SelectChoice("tsunami:53", _l("Major Tsunami Warning")),
            SelectChoice("tsunami:51", _l("Tsunami Warning")),
            SelectChoice("warning:33", _l("Emergency warning, heavy rain")),
            SelectChoice("volcano:15", _l("Eruption, evacuate")),
            SelectChoice("manual:", _l("Something else: the title says it")),
        ],
    )
    title_en = StringField(
        _l("Title in English"), [Optional(), Length(max=200)], description=_l("Left empty, it is made from the event.")
    )
    title_ja = StringField(_l("Title in Japanese"), [Optional(), Length(max=200)])
    drill = BooleanField(
        _l("This is a drill"),
        description=_l("Every message and page says 訓練 DRILL. Answers do not mix with real ones."),
    )
