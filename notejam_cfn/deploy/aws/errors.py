"""Turns what botocore raises into the errors in `exit_codes.py`, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..exit_codes import AwsTrouble, BadInput, CommandError, NoAccess, Refused, Throttled, Unreachable

EXPIRED = {
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "AuthFailure"),
    *("UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess"}
THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
GONE = {"ValidationError": "does not exist", "ChangeSetNotFound": ""}
NO_ANSWER = "NoAnswerOfAws"
SIGN_IN = "Sign in again (for example: aws sso login), then run the same command: it continues"


@contextmanager
def explained(service: str, method: str) -> Iterator[None]:
    """Raise one of the errors in `exit_codes.py` for what goes wrong inside."""
    import botocore.exceptions as errors
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (ResponseParserError, KeyError) as error:  # a page that is XML by chance lacks what botocore looks for
        raise not_aws(service) from error
    except errors.ClientError as error:
        raise _from_answer(error.response.get("Error", {}), f"{service}:{method}") from error
    except errors.ProfileNotFound as error:
        raise BadInput(str(error), "See the profiles there are: aws configure list-profiles") from error
    except (errors.NoCredentialsError, errors.PartialCredentialsError, errors.CredentialRetrievalError) as error:
        raise NoAccess(f"no AWS credentials: {error}", SIGN_IN) from error
    except (errors.TokenRetrievalError, errors.SSOError, errors.UnauthorizedSSOTokenError) as error:
        raise NoAccess(f"the sign-in has ended: {error}", SIGN_IN) from error
    except (errors.HTTPClientError, errors.ConnectionError) as error:
        raise Unreachable(f"AWS cannot be reached: {error}", "Check the network, then run the same command") from error
    except errors.BotoCoreError as error:
        raise AwsTrouble(f"{service}:{method}: {error}") from error


def _from_answer(answer: Mapping[str, Any], action: str) -> CommandError:
    code, message = answer.get("Code", ""), answer.get("Message", "")
    if code in EXPIRED:
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
    return error.code in GONE and GONE[error.code] in str(error)
