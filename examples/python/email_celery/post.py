"""Takes in an e-mail, as a mail server would deliver it: `python post.py < mail.eml`."""

from __future__ import annotations

import email
import email.policy
import sys
from email.message import EmailMessage

from broker import app


def fields(mail: EmailMessage) -> dict[str, str]:
    """What the task needs of an e-mail. A thread is named by its first e-mail, which all later ones refer to."""
    message_id = mail["Message-ID"]
    references = (mail["References"] or mail["In-Reply-To"] or message_id).split()
    body = mail.get_body(("plain",))
    return {
        "message_id": message_id,
        "thread_id": references[0],
        "sender": mail["From"],
        "recipient": mail["To"],
        "subject": mail["Subject"] or "",
        "text": body.get_content().strip() if body else "",
    }


if __name__ == "__main__":
    parsed = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
    if parsed.get("Auto-Submitted", "no") == "no":  # two robots would go on for ever
        app.send_task("tasks.answer", [fields(parsed)])
