"""The exceptions the application raises on purpose.

NotejamError
├── SettingsError        a variable of the environment is missing or wrong; the start stops
├── DatabaseUnavailable  no connection within the time a visitor can be asked to wait; answered with 503
├── Overloaded           too much of one expensive thing at a time; answered with 503
└── InsecureTransport    a mail server would read a password in the clear; the mail is not sent (accounts/mail.py)
"""

from __future__ import annotations


class NotejamError(Exception):
    """The root of what this package raises."""


class SettingsError(NotejamError):
    """A setting is missing or wrong; the message names the variable, the value got and what is allowed."""


class DatabaseUnavailable(NotejamError):
    """The database cannot be reached now and may be later."""


class Overloaded(NotejamError):
    """The process is busy with as many expensive operations as it can afford."""
