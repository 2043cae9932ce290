"""What is recorded and who may see it. Importing the package maps every table."""

from models import account, audit, disaster, message, organisation, participant, place

__all__ = ["account", "audit", "disaster", "message", "organisation", "participant", "place"]
