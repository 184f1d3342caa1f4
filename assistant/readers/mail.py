"""E-mail (.eml): subject, sender, date, and the text of the message; no attachment."""

from __future__ import annotations

from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser

from assistant.readers import messages
from assistant.readers.builder import Builder
from assistant.readers.encoding import decode
from assistant.readers.html import read_html
from assistant.readers.text import unwrapped


def read_mail(raw: bytes, builder: Builder, max_bytes: int) -> str:
    """Add a message to ``builder``; its subject is the heading."""
    try:
        message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
        headers = [(name, str(message[name])) for name in ("From", "To", "Date") if message[name]]
        subject = str(message["Subject"] or "")
        body = message.get_body(("plain", "html"))
        payload = body.get_payload(decode=True) if body is not None else b""
        declared = body.get_content_charset("") if body is not None else ""
    except (MessageError, LookupError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise messages.refuse(messages.BROKEN) from error
    content = decode(payload, declared=declared) if isinstance(payload, bytes) else ""
    if not headers and not subject:
        raise messages.refuse(messages.BROKEN)
    builder.heading(subject, 1)
    for index, (name, value) in enumerate(headers):
        builder.prose(f"{name}: {value}", "\n" if index else "\n\n")
    if body is not None and body.get_content_subtype() == "html":
        read_html(content, builder)
    else:
        for block in content.replace("\r\n", "\n").split("\n\n"):
            builder.paragraph(unwrapped(block.split("\n")))
    return subject
