"""What the database layer says when something goes wrong."""

import pytest
import sqlalchemy as sa
from flask import Flask

from models.db import db


def test_errors_show_no_values(app: Flask) -> None:
    with pytest.raises(sa.exc.DBAPIError) as raised:
        db.session.connection().execute(sa.text("SELECT 1 FROM nowhere WHERE token = :token"), {"token": "K7Q2M9XDa4w"})
    assert "nowhere" in str(raised.value)
    assert "K7Q2M9XDa4w" not in str(raised.value)
