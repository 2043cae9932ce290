"""The sandbox carrier: a process that stands in for Twilio and for a mail server.

It speaks Twilio's HTTP API and SMTP, so the product reaches it through the same channel code as the real carriers.
It knows nothing of our database or web application, and nothing it accepts ever leaves the machine.
"""
