"""Turns what botocore raises into the errors in `exit_codes.py`, each with what to do about it."""

from __future__ import annotations

import datetime
import email.utils
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..exit_codes import AwsTrouble, BadInput, CommandError, NoAccess, Refused, Throttled, Unreachable

# AWS says each of these of credentials that have ended, and some of a request that was signed by a wrong clock.
EXPIRED = {
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "AuthFailure"),
    *("UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException"),
    *("RequestTimeTooSkewed", "RequestInTheFuture"),
}
SKEWED = ("Signature expired", "Signature not yet current", "RequestTimeTooSkewed", "RequestInTheFuture")
# AWS takes what was signed within five minutes of its own time. Source: AWS IAM User Guide, "Troubleshoot Signature
# Version 4 requests for AWS APIs".
TOLERATED = datetime.timedelta(minutes=4)
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess"}
THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
NO_ANSWER = "NoAnswerOfAws"
SIGN_IN = "Sign in again (for example: aws sso login), then run the same command: it continues"
LOOK = "See what is configured, and by what: aws configure list"
SET_CLOCK = "Set the clock (for example: sudo timedatectl set-ntp true), then run the same command"


@contextmanager
def explained(service: str, method: str) -> Iterator[None]:
    """Raise one of the errors in `exit_codes.py` for what goes wrong inside, where only botocore may be called.

    What is not botocore's own error comes from what it was given to read: the configuration, the answer of a
    credential process, a token file.
    """
    import botocore.exceptions as errors
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (CommandError, ImportError):
        raise
    except (ResponseParserError, KeyError) as error:  # a page that is XML by chance lacks what botocore looks for
        raise not_aws(service) from error
    except errors.ClientError as error:
        raise _from_answer(error.response, f"{service}:{method}") from error
    except errors.ProfileNotFound as error:
        raise BadInput(str(error), "See the profiles there are: aws configure list-profiles") from error
    except (errors.NoCredentialsError, errors.PartialCredentialsError, errors.CredentialRetrievalError) as error:
        raise NoAccess(f"no AWS credentials: {error}", SIGN_IN) from error
    except (errors.TokenRetrievalError, errors.SSOError, errors.UnauthorizedSSOTokenError) as error:
        raise NoAccess(f"the sign-in has ended: {error}", SIGN_IN) from error
    except (errors.HTTPClientError, errors.ConnectionError) as error:
        raise Unreachable(f"AWS cannot be reached: {error}", "Check the network, then run the same command") from error
    except errors.BotoCoreError as error:
        raise AwsTrouble(f"{service}:{method}: {error}", LOOK) from error
    except Exception as error:
        what = f"no JSON ({error})" if isinstance(error, json.JSONDecodeError) else f"broken: {error}"
        raise NoAccess(f"the AWS configuration, or what it takes credentials from, is {what}", LOOK) from error


def _from_answer(response: Mapping[str, Any], action: str) -> CommandError:
    answer = response.get("Error", {})
    code, message = answer.get("Code", ""), answer.get("Message", "")
    if code in EXPIRED:
        skew = _skew(response)
        if skew or any(word in f"{code} {message}" for word in SKEWED):
            return NoAccess(f"this machine's clock is wrong{skew}: {message}", SET_CLOCK, code=code)
        return NoAccess(f"AWS does not accept the credentials: {message}", SIGN_IN, code=code)
    if code in DENIED:
        advice = "Ask for the permission, or use a profile that has it (--profile)"
        return NoAccess(f"not allowed: {message}", advice, code=code)
    if code in THROTTLED:
        return Throttled(f"AWS asks to slow down ({action})", "Wait a minute, then run the same command", code=code)
    if code.isdigit() or code in ("InternalFailure", "ServiceUnavailable"):
        return Unreachable(f"AWS has trouble answering {action}: {message}", "Run the same command again", code=code)
    if code == "ValidationError" and "_IN_PROGRESS state" in message:
        return Refused(f"someone else is changing the stack: {message}", "Wait, or use --wait")
    return AwsTrouble(f"{action}: {message}", code=code)


def _skew(response: Mapping[str, Any]) -> str:
    """Say how far this machine's clock is from that of the server that answered; nothing where they agree."""
    date = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        theirs = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return ""
    ours = datetime.datetime.now(datetime.UTC)
    if theirs.tzinfo is None or abs(theirs - ours) <= TOLERATED:
        return ""
    return f", it says {ours:%H:%M} UTC when AWS says {theirs:%H:%M}"


def not_aws(service: str) -> Unreachable:
    """Return the error for a response that is none of AWS: a proxy's page, or nothing at all."""
    return Unreachable(
        f"what answered for {service} is not AWS: a proxy's or a sign-in page, perhaps",
        "Check the network (a VPN, HTTPS_PROXY), then run the same command",
        code=NO_ANSWER,
    )


def require_answer(service: str, answer: Any) -> None:
    """Raise Unreachable for what botocore takes for an answer and AWS never sends: a page, or a body of nothing."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}) if isinstance(answer, Mapping) else {}
    signed = any(name.replace("-", "").endswith("requestid") for name in headers)
    if not signed and (headers.get("content-type", "").startswith("text/html") or headers.get("content-length") == "0"):
        raise not_aws(service)


def says_gone(error: AwsTrouble) -> bool:
    """Tell whether an error means that what was asked for does not exist."""
    return "NotFound" in error.code or (error.code == "ValidationError" and "does not exist" in str(error))
