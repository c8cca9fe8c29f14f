"""Whoever is told that a token is about to end is told each time once: by the real program, over real SMTP (STARTTLS, with a
password) and HTTPS, with its clock set forward (libfaketime), through restarts, and on PostgreSQL by three replicas at
once.
"""

import base64
import datetime
import email.policy
import email.utils
import glob
import hashlib
import hmac
import http.server
import json
import logging
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import server

TOKEN_SERVICE = server.BINARY.with_name("token-service")
DAY = 86400
THRESHOLDS = (90, 30, 14, 7, 1, 0)
SENDER, RECEIVERS = "Rollcall <rollcall@corp.example>", ["it@corp.example", "print@corp.example"]
PASSWORD = "not/so@secret %41"
# Several rounds of a sender: what comes twice comes within it.
SETTLED = 2.5


class Mailbox:
    """A mail server that keeps what it gets, from those who encrypt and know the password."""

    def __init__(self, certificate):
        self.mails = []
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            tls_context=certificate,
            require_starttls=True,
            authenticator=lambda _server, _session, _envelope, _mechanism, login: AuthResult(
                success=(login.login, login.password) == (b"rollcall", PASSWORD.encode()), handled=False
            ),
            auth_required=True,
        )
        self.controller.start()
        self.url = f"smtp://rollcall@localhost:{self.controller.port}?tls=required"

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 taken"


class Hooks:
    """A receiver of webhooks that keeps what it gets, and fails as often as `failures` says."""

    def __init__(self, certificate):
        self.hooks, self.failures = [], 0
        hooks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hooks.hooks.append((dict(self.headers.items()), body))
                failed = hooks.failures > 0
                hooks.failures -= failed
                self.send_response(500 if failed else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = certificate.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://localhost:{self.server.server_port}/rollcall"


class Clock:
    """The clock of every process that is started with `prefix`."""

    def __init__(self, directory):
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1") or exit("install libfaketime")
        self.file, self.ahead = pathlib.Path(directory) / "time", 0
        self.set(time.time())
        variables = {
            "LD_PRELOAD": library[0],
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            # Timers go on as they are.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.prefix = ["env", *(f"{name}={value}" for name, value in variables.items())]

    def set(self, now):
        """Sets the clock to a Unix time, from which it goes on."""
        self.ahead = round(now - time.time())
        beside = self.file.with_suffix(".new")
        beside.write_text(f"{self.ahead:+d}\n")
        beside.rename(self.file)

    def now(self):
        return time.time() + self.ahead


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def command(rollcall, *words, status=0):
    run = subprocess.run(
        [str(server.BINARY), *words, "--json"], env=rollcall.environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == status, (words, run.stdout, run.stderr)
    return json.loads(run.stdout)


class Fleet:
    """The processes that send: `rollcall`, and on PostgreSQL two `token-service` over the same database."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.rollcall, self.others = None, []
        self.start()

    def start(self):
        self.rollcall = server.Rollcall(self.store, self.clock.prefix)
        for _ in range(2 if self.store.database == "postgres" else 0):
            listen = {"ROLLCALL_TOKEN_LISTEN": f"127.0.0.1:{free_port()}"}
            process = subprocess.Popen(
                [*self.clock.prefix, str(TOKEN_SERVICE)],
                env=self.rollcall.environment | listen,
                stdout=subprocess.DEVNULL,
                stderr=self.rollcall.log,
            )
            self.others.append(process)

    def end(self, how):
        """Ends them by a signal: in order, or not."""
        for process in self.others:
            process.send_signal(how)
        for process in self.others:
            process.wait(server.PATIENCE)
        self.others = []
        if self.rollcall.process.poll() is None:
            self.rollcall.stop() if how == signal.SIGTERM else self.rollcall.kill()


def expect(mailbox, hooks, mails, posts):
    """Waits until so many mails and webhooks have come, and no more come."""
    end = time.monotonic() + server.PATIENCE
    while (found := (len(mailbox.mails), len(hooks.hooks))) != (mails, posts):
        assert time.monotonic() < end, f"there are {found} mails and webhooks, not {(mails, posts)}"
        time.sleep(0.05)
    time.sleep(SETTLED)
    found = (len(mailbox.mails), len(hooks.hooks))
    assert found == (mails, posts), f"there are {found} mails and webhooks, not {(mails, posts)}"


def check_hook(hook, secret, now):
    """Standard Webhooks, from its specification. Returns id and payload."""
    headers, body = {name.lower(): value for name, value in hook[0].items()}, hook[1]
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    assert secret.startswith("whsec_") and 24 <= len(key) <= 64
    identity, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    signed = f"{identity}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert hmac.compare_digest(headers["webhook-signature"], expected), headers
    assert abs(int(timestamp) - now) < 300, (timestamp, now)
    assert headers["content-type"] == "application/json"
    return identity, json.loads(body)


def check_mail(mail, token, days, now):
    """Reads a mail as a mail program does. Returns its Message-ID."""
    recipients, content = mail
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert recipients == RECEIVERS and message["To"] == ", ".join(RECEIVERS), (recipients, message["To"])
    assert message["From"] == SENDER and message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain" and not message.defects
    sent = email.utils.parsedate_to_datetime(message["Date"]).timestamp()
    assert abs(sent - now) < 300, (message["Date"], now)
    left = "has expired" if days == 0 else "expires in 1 day" if days == 1 else f"expires in {days} days"
    assert left in message["Subject"], message["Subject"]
    text = " ".join(message.get_content().split())
    for part in (left, token["prefix"], token["expireTime"][:10], "https://console.example/accounts/default/sync"):
        assert part in text, (part, text)
    return message["Message-ID"]


def walk(store, mailbox, hooks, clock):
    """Through all thresholds, with an end of one kind or the other after each."""
    fleet = Fleet(store, clock)
    try:
        fleet.rollcall.generate_token()
        (token,) = command(fleet.rollcall, "token", "list", "default")
        end = datetime.datetime.fromisoformat(token["expireTime"]).timestamp()
        recipients = [word for address in RECEIVERS for word in ("--email", address)]
        shown = command(fleet.rollcall, "notice", "set", "default", *recipients, "--webhook-url", hooks.url)
        assert shown["emails"] == RECEIVERS and shown["emailAvailable"] and shown["webhookAvailable"], shown
        secret = shown["webhookSecret"]

        tested = command(fleet.rollcall, "notice", "test", "default")
        assert [one["state"] for one in tested] == ["sent", "sent"], tested
        expect(mailbox, hooks, 1, 1)
        _, payload = check_hook(hooks.hooks[0], secret, clock.now())
        assert payload["type"] == "notice.test", payload

        told, posts, ids = 1, 1, set()
        for number, days in enumerate(THRESHOLDS):
            clock.set(end - days * DAY - 60)
            expect(mailbox, hooks, told, posts)
            hooks.failures = 1 if days == 14 else 0
            clock.set(end - days * DAY + 1)
            told, posts = told + 1, posts + 1
            expect(mailbox, hooks, told, posts)
            if days == 14:
                # A receiver that fails is asked again a minute later, with the same notice.
                clock.set(clock.now() + 61)
                posts += 1
                expect(mailbox, hooks, told, posts)
                first, again = (check_hook(hook, secret, clock.now()) for hook in hooks.hooks[-2:])
                assert first == again, (first, again)
            identity, payload = check_hook(hooks.hooks[-1], secret, clock.now())
            assert payload["type"] == ("token.expired" if days == 0 else "token.expiring"), payload
            assert payload["data"]["days"] == days and payload["data"]["token"] == token["name"], payload
            message_id = check_mail(mailbox.mails[-1], token, days, clock.now())
            assert not ids & {identity, message_id}, (identity, message_id)
            ids |= {identity, message_id}
            fleet.end((signal.SIGTERM, signal.SIGKILL)[number % 2])
            fleet.start()
            print(f"{days} days before the end on {store.database}: told once; processes: {1 + len(fleet.others)}")
        expect(mailbox, hooks, told, posts)

        listed = command(fleet.rollcall, "notice", "list", "default")
        assert [one["days"] for one in listed] == [days for days in reversed(THRESHOLDS) for _ in range(2)], listed
        assert {one["state"] for one in listed} == {"sent"}, listed
        rotated = command(fleet.rollcall, "notice", "rotate-webhook-secret", "default")
        assert rotated["webhookSecret"] not in ("", secret)
        fleet.end(signal.SIGTERM)
    finally:
        fleet.end(signal.SIGKILL)


def main():
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    database = server.arguments(__doc__).database
    store = server.Store(database)
    authority, certificate = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(certificate)
    mailbox, hooks, clock = Mailbox(certificate), Hooks(certificate), Clock(store.directory)
    key, password, trusted = (pathlib.Path(store.directory) / name for name in ("key", "password", "trusted"))
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    password.write_text(f"{PASSWORD}\n")
    authority.cert_pem.write_to_path(trusted)
    os.environ |= {
        "ROLLCALL_KEY_FILE": str(key),
        "ROLLCALL_SMTP_URL": mailbox.url,
        "ROLLCALL_SMTP_FROM": SENDER,
        "ROLLCALL_SMTP_PASSWORD_FILE": str(password),
        "SSL_CERT_FILE": str(trusted),
        "ROLLCALL_CONSOLE_URL": "https://console.example",
        "ROLLCALL_NOTICE_INTERVAL_SECONDS": "1",
    }
    try:
        walk(store, mailbox, hooks, clock)
    finally:
        mailbox.controller.stop()
        hooks.server.shutdown()
        store.drop()
    print(f"notices on {database}: {len(THRESHOLDS)} by e-mail and {len(THRESHOLDS)} by webhook, each once")


if __name__ == "__main__":
    main()
