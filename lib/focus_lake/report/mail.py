"""The board report as a mail with attachments, through Amazon SES."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from mimetypes import guess_type
from typing import Any

from focus_lake.errors import FocusLakeError, OptionsError

ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


class NotSent(FocusLakeError):
    """The mail did not leave; the next run tries again."""


def check(sender: str, people: Sequence[str]) -> None:
    """OptionsError for what is not an address, and for people without a sender."""
    for address in (*people, *filter(None, [sender])):
        if not ADDRESS.fullmatch(address):
            raise OptionsError(f"{address!r} is not an address; write name@example.com")
    if people and not sender:
        raise OptionsError("--board_to needs --board_from: an address that Amazon SES has verified")


def written(
    sender: str, people: Sequence[str], subject: str, text: str, files: Mapping[str, bytes]
) -> EmailMessage:
    """The message; files: attached under their names."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(people), subject
    message.set_content(text)
    for name, content in files.items():
        kind = guess_type(name)[0] or "application/octet-stream"
        main, sub = kind.split("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def send(message: EmailMessage, region: str, endpoint: str = "") -> str:
    """SES's id of the message; NotSent with the service's reason and what to do."""
    import boto3  # slow to load, and not needed where nobody gets a mail
    from botocore.exceptions import BotoCoreError, ClientError

    settings: dict[str, Any] = {"region_name": region or None, "endpoint_url": endpoint or None}
    people = str(message["To"]).split(", ")
    try:
        answer = boto3.client("sesv2", **settings).send_email(
            FromEmailAddress=str(message["From"]),
            Destination={"ToAddresses": people},
            Content={"Raw": {"Data": message.as_bytes()}},
        )
    except (BotoCoreError, ClientError) as error:
        raise NotSent(
            f"the board report to {len(people)} people was not sent: {error}; SES must have "
            f"verified {message['From']}, and be out of its sandbox for addresses of others"
        ) from error
    return str(answer["MessageId"])
