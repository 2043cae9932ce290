"""The WSGI entry point: `gunicorn wsgi:app` or `flask --app wsgi`."""

import gc

from jetapp import create_app

app = create_app()
# What is loaded stays for good: no need to look through it for garbage between requests.
gc.collect()
gc.freeze()
