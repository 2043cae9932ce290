"""Reading telegrams of the Japan Meteorological Agency (気象庁防災情報XML). No database, no HTTP here."""
