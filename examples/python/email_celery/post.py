"""Takes in an e-mail, as a mail server would deliver it: `python post.py < mail.eml`."""

from __future__ import annotations

import os
import sys

from broker import app
from reading import MOST_BYTES, read

# What customers write to. It tells which of several recipients is us, and what came from ourselves.
OWN = tuple(filter(None, (address.strip() for address in os.environ.get("MAIL_ADDRESSES", "").split(","))))
TRY_LATER = 75  # EX_TEMPFAIL: the mail server keeps the e-mail, and comes again

if __name__ == "__main__":
    mail = read(sys.stdin.buffer.read(MOST_BYTES + 1), OWN)
    if mail["robot"]:
        print(f"not answered: {mail['message_id']}, {mail['robot']}", file=sys.stderr)
        sys.exit()
    try:
        app.send_task("tasks.answer", [mail])
    except Exception as error:
        print(f"the queue cannot be reached: {error}", file=sys.stderr)
        sys.exit(TRY_LATER)
