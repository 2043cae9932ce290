"""The table of settings: true in the documents, and shown without giving secrets away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from jetapp.cli.settings import as_markdown, settings_command, type_of
from jetapp.config import SETTINGS, SettingsError, read_settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def show(**values: str) -> str:
        for name, value in values.items():
            monkeypatch.setenv(f"JETAPP_{name}", value)
        result = CliRunner().invoke(settings_command)
        assert result.exit_code == 0, result.output
        return result.output

    return show


def test_the_document_says_what_the_code_says() -> None:
    assert DOCUMENT.read_text() == as_markdown(), "write it anew: jetapp settings --markdown > docs/settings.md"


def test_every_setting_has_a_type_in_words() -> None:
    assert all(type_of(setting) for setting in SETTINGS)


def test_values_are_shown_and_secrets_are_not(shown: Callable[..., str]) -> None:
    output = shown(SECRET_KEY="very secret", PUBLIC_URL="https://jet.example")
    assert "very secret" not in output
    assert "JETAPP_SECRET_KEY  (set)" in output
    assert "JETAPP_PUBLIC_URL  = https://jet.example" in output
    assert "JETAPP_SMS_REPLY  (default)" in output


def test_a_secret_in_a_file_is_named_by_its_file(shown: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("very secret\n")
    output = shown(SECRET_KEY_FILE=str(file))
    assert "very secret" not in output
    assert f"(set) from {file}" in output


def test_wrong_values_are_marked_and_the_rest_is_shown(shown: Callable[..., str]) -> None:
    output = shown(SEND_BATCH="many", ENV="mars", SECRET_KEY_FILE="/nowhere/key")
    assert output.count("(not usable)") == 3
    assert "JETAPP_METRICS_TOKEN" in output


def test_feeds_are_read_by_default_in_production_only() -> None:
    assert read_settings({})["JMA_FEEDS"] == ()
    assert read_settings({"JETAPP_JMA_FEEDS": "http://feed.example/a.xml"})["JMA_FEEDS"] == (
        "http://feed.example/a.xml",
    )
    production = {
        "ENV": "production",
        "SECRET_KEY": "k",
        "DATABASE_URL": "postgresql://db/jetapp",
        "REDIS_URL": "redis://queue/0",
        "PUBLIC_URL": "https://jet.example",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "t",
        "TWILIO_SENDER": "+1",
        "SMTP_URL": "smtps://mail",
        "MAIL_FROM": "JET <jet@jet.example>",
    }
    values = read_settings({f"JETAPP_{name}": value for name, value in production.items()})
    assert len(values["JMA_FEEDS"]) == 2  # type: ignore[arg-type]


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        read_settings({"JETAPP_ENV": "production", "JETAPP_SEND_BATCH": "x", "JETAPP_TYPO": "1"})
    named = str(error.value)
    for name in ("SEND_BATCH", "TYPO", "SECRET_KEY", "DATABASE_URL", "SMTP_URL", "TWILIO_SENDER"):
        assert f"JETAPP_{name}" in named
