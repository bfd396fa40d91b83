"""What the report and the page say, in every language: one YAML file each, read by both."""

from guardian_locales.loader import DEFAULT, locales, read
from guardian_locales.locale import Locale, tone
from guardian_locales.models import Meaning

__all__ = ["DEFAULT", "Locale", "Meaning", "locales", "read", "tone"]
