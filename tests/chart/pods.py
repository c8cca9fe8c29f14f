"""The pods of the chart as processes: the same commands, environment, files and probes, three services with certificates and
PostgreSQL. What a kubelet would do is done here, with loopback ports in place of addresses, and folders in place of mounts.

    tests/chart/pods.py        needs ROLLCALL_TEST_POSTGRES, and the binaries in target/debug
"""

import datetime
import ipaddress
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc

from helm import CHART, NAMESPACE, RELEASE, ROOT, VALUES, pods, run, template

BINARIES = ROOT / "target" / "debug"
POSTGRES = os.environ["ROLLCALL_TEST_POSTGRES"]
PATIENCE = 60
SETTINGS = ("--set", "shutdownDelaySeconds=2,consoleUrl=https://rollcall.example.com")


class Authority:
    """What cert-manager does: certificates with the names that are asked for, and `localhost`, where all of this runs."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"peers {uuid.uuid4()}")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._builder(self.name, self.key, 365).add_extension(constraints, True).sign(
            self.key, hashes.SHA256()
        )

    def _builder(self, subject, key, days):
        now = datetime.datetime.now(datetime.timezone.utc)
        begins = now - datetime.timedelta(days=max(1, 1 - days))
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=days))
        )

    def issue(self, dns=(), uris=(), days=90):
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name) for name in [*dns, "localhost"]]
        names += [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        names += [x509.UniformResourceIdentifier(uri) for uri in uris]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
        certificate = (
            self._builder(subject, key, days)
            .add_extension(x509.SubjectAlternativeName(names), False)
            .sign(self.key, hashes.SHA256())
        )
        pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return {
            "tls.crt": certificate.public_bytes(pem),
            "tls.key": key.private_bytes(pem, private, serialization.NoEncryption()),
            "ca.crt": self.certificate.public_bytes(pem),
        }


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Pod:
    """A pod of one container: its files below a folder of its own, its ports on loopback."""

    def __init__(self, name, spec, sources, home, ports):
        self.name, self.home, self.ports = name, home / name, ports
        (container,) = spec["containers"]
        self.container, self.grace = container, spec.get("terminationGracePeriodSeconds", 30)
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        self.folders = {}
        for mount in container.get("volumeMounts", []):
            folder = self.home / mount["mountPath"].strip("/")
            folder.mkdir(parents=True)
            self.folders[mount["mountPath"]] = folder
            volume = volumes[mount["name"]]
            if "emptyDir" in volume:
                content = {}
            elif "configMap" in volume:
                content = sources["ConfigMap", volume["configMap"]["name"]]
            else:
                content = sources["Secret", volume["secret"]["secretName"]]
            for file, text in content.items():
                path = folder / file
                path.write_bytes(text if isinstance(text, bytes) else self.here(text).encode())
                path.chmod(0o440)
        self.environment = {
            entry["name"]: self.here(entry["value"]) for entry in container.get("env", []) if "value" in entry
        }
        # What is written goes where the pod has a place for it, and nowhere else.
        self.environment["TMPDIR"] = str(self.folders.get("/tmp", "/nowhere"))
        if len(self.environment) - 1 != len(container.get("env", [])):
            sys.exit(f"{name}: there are sources of environment variables that are not understood here")
        self.process = None

    def here(self, text):
        """A text with the paths, ports and names of the cluster as they are here."""
        for path, folder in sorted(self.folders.items(), reverse=True):
            text = text.replace(path, str(folder))
        text = re.sub(r"/etc/rollcall/", f"{self.home}/etc/rollcall/", text)
        text = text.replace(f"{self.home}{self.home}", str(self.home))
        for port in (7400, 7403):
            text = text.replace(f"0.0.0.0:{port}", f"127.0.0.1:{self.ports[port]}")
            text = re.sub(rf"//[a-z-]+-gateway:{port}", f"//localhost:{self.ports[port]}", text)
        for port, of in ((7401, "identity"), (7402, "token")):
            text = text.replace(f"0.0.0.0:{port}", f"127.0.0.1:{self.ports[port]}")
            text = re.sub(rf"//[a-z-]+-{of}:{port}", f"//localhost:{self.ports[port]}", text)
        return text.replace("0.0.0.0:7409", f"127.0.0.1:{self.ports[self.name]}")

    def command(self, words=None):
        program, *arguments = words or self.container["command"]
        return [str(BINARIES / program), *(self.here(word) for word in arguments)]

    def start(self):
        self.log = open(self.home / "log", "wb+")
        # Nothing of this shell's own settings comes along.
        environment = {"PATH": "/nowhere", **self.environment}
        self.process = subprocess.Popen(self.command(), env=environment, cwd="/", stderr=self.log, stdout=self.log)

    def execute(self, words):
        """What `kubectl exec` does."""
        done = subprocess.run(
            self.command(words), env={**self.environment}, cwd="/", capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return done.returncode, done.stdout, done.stderr

    def probe(self, kind):
        """The probe as the kubelet makes it: over gRPC, on the port and for the service that the pod says."""
        asked = self.container[f"{kind}Probe"]["grpc"]
        assert asked["port"] == 7409
        try:
            with grpc.insecure_channel(f"127.0.0.1:{self.ports[self.name]}") as channel:
                request = health_pb2.HealthCheckRequest(service=asked["service"])
                answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=3)
            return answer.status == health_pb2.HealthCheckResponse.SERVING
        except grpc.RpcError:
            return False

    def becomes(self, kind, good=True):
        end = time.monotonic() + PATIENCE
        while self.probe(kind) != good:
            if self.process.poll() is not None or time.monotonic() > end:
                self.fail(f"its {kind} probe does not become {good}")
            time.sleep(0.1)

    def fail(self, what):
        self.log.seek(0)
        sys.exit(f"{self.name}: {what}\n{self.log.read().decode(errors='replace')}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stopped(self, since):
        try:
            code = self.process.wait(max(0.1, self.grace - (time.monotonic() - since)))
        except subprocess.TimeoutExpired:
            self.fail(f"was not gone {self.grace} s after SIGTERM")
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").splitlines()
        if code != 0 or any("panicked" in line for line in lines):
            self.fail(f"ended with {code}")
        for line in lines:
            json.loads(line)


def psql(statement):
    subprocess.run(["psql", "--no-psqlrc", "--quiet", "--dbname", POSTGRES, "--command", statement], check=True)


def call(port, method, message, credentials):
    """The code of a call, by somebody with these credentials."""
    target = f"localhost:{port}"
    channel = grpc.secure_channel(target, credentials) if credentials else grpc.insecure_channel(target)
    with channel:
        try:
            channel.unary_unary(method)(message, timeout=10)
            return "OK"
        except grpc.RpcError as error:
            return error.code().name


def of(files):
    return grpc.ssl_channel_credentials(files["ca.crt"], files["tls.key"], files["tls.crt"])


def field(number, text):
    return bytes([number << 3 | 2, len(text)]) + text.encode()


def scim(port, method, path, token, body=None):
    request = urllib.request.Request(
        f"http://localhost:{port}/acme/scim/v2{path}",
        method=method,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"},
        data=json.dumps(body).encode() if body else None,
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, json.load(answer)


def sources(objects, authority, urls):
    """What is mounted: the ConfigMaps of the chart, the secrets that the operator makes, those that cert-manager makes."""
    found = {("ConfigMap", made["metadata"]["name"]): made["data"] for made in objects if made["kind"] == "ConfigMap"}
    for made in objects:
        if made["kind"] == "Certificate" and not made["spec"].get("isCA"):
            spec = made["spec"]
            found["Secret", spec["secretName"]] = authority.issue(spec["dnsNames"], spec["uris"])
    key = subprocess.run(["openssl", "rand", "-base64", "32"], capture_output=True, check=True).stdout
    found["Secret", "rollcall-keys"] = {"key": key}
    found["Secret", "rollcall-database"] = {f"{name}-url": url.encode() for name, url in urls.items()}
    return found


def notes():
    """The commands that the chart tells its operator, by the pod in which they run."""
    values = VALUES / "minimal.yaml"
    out, error, good = run(
        "install", RELEASE, CHART, "--namespace", NAMESPACE, "--values", values, *SETTINGS, "--dry-run=client"
    )
    if not good:
        sys.exit(error)
    commands = re.findall(r"exec deploy/(\S+) -- (.*)", out)
    assert len(commands) == 3, out
    return [(pod, shlex.split(words)) for pod, words in commands]


def main():
    objects = template(VALUES / "minimal.yaml", *SETTINGS)
    base = POSTGRES.rsplit("/", 1)[0]
    databases = {name: f"rollcall_{name}_{uuid.uuid4().hex}" for name in ("identity", "token")}
    for name in databases.values():
        psql(f"CREATE DATABASE {name}")
    running = []
    try:
        with tempfile.TemporaryDirectory() as home:
            authority = Authority()
            urls = {name: f"{base}/{database}" for name, database in databases.items()}
            specs = dict(pods(objects))
            ports = {port: free_port() for port in (7400, 7401, 7402, 7403)}
            ports |= {name: free_port() for name in specs}
            mounted = sources(objects, authority, urls)
            made = {name: Pod(name, spec, mounted, pathlib.Path(home), ports) for name, spec in specs.items()}
            walk(made, authority, ports, running)
    finally:
        for pod in running:
            if pod.process.poll() is None:
                pod.process.kill()
        for name in databases.values():
            psql(f"DROP DATABASE {name} WITH (FORCE)")


def walk(made, authority, ports, running):
    services = {name: made[f"{RELEASE}-rollcall-{name}"] for name in ("gateway", "identity", "token")}
    # In any order: the services are there before the schema is, live and not ready.
    for pod in services.values():
        pod.start()
        running.append(pod)
        pod.becomes("liveness")
    services["gateway"].becomes("readiness")
    assert not services["identity"].probe("readiness") and not services["token"].probe("readiness")
    print("before the migration: live, not ready")
    migration = made[f"{RELEASE}-rollcall-migration"]
    code, out, error = migration.execute(migration.container["command"])
    assert code == 0, out + error
    print(out.strip().replace(urls_of(out), "..."))
    for pod in services.values():
        pod.becomes("readiness")
        assert pod.probe("startup") and pod.probe("liveness")
    print("after it: ready")

    token = ""
    for name, words in notes():
        code, out, error = made[name].execute(words)
        assert code == 0, f"{words}: {out}{error}"
        found = re.search(r"rollcall_scim_\w+", out)
        token = found[0] if found else token
    print("the commands of NOTES.txt work")
    test = made[f"{RELEASE}-rollcall-test"]
    code, out, error = test.execute(test.container["command"])
    assert code == 0, out + error
    print(f"helm test: {out.strip()}")

    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "anna@example.com"}
    status, _ = scim(ports[7400], "POST", "/Users", token, user)
    assert status == 201
    status, found = scim(ports[7400], "GET", "/Users?filter=userName%20eq%20%22anna@example.com%22", token)
    assert found["totalResults"] == 1
    print("one SCIM call from outside to inside: 201, and found again")
    refusals(authority, ports)

    since = time.monotonic()
    for pod in services.values():
        pod.stop()
    services["gateway"].becomes("readiness", False)
    assert services["gateway"].probe("liveness")
    status, _ = scim(ports[7400], "GET", "/Users", token)
    assert status == 200, "it serves on while it is leaving"
    for pod in services.values():
        pod.stopped(since)
    print(f"SIGTERM: not ready at once, served on, all gone after {time.monotonic() - since:.1f} s")


def urls_of(text):
    found = re.search(r"postgres\S+", text)
    return found[0] if found else "\0"


def refusals(authority, ports):
    def role(*roles, days=90, by=authority):
        return by.issue(uris=[f"spiffe://rollcall/rollcall/{role}" for role in roles], days=days)

    lookup = "/rollcall.identity.v1.LookupService/BatchLookupUsers"
    generate = "/rollcall.token.v1.TokenService/GenerateToken"
    watch = "/rollcall.identity.v1.UserService/ListUsers"
    acme = field(1, "accounts/acme")
    # keys: [{user_name: "x"}]
    looks = acme + field(2, "\x0a\x01x")
    other = field(1, "accounts/other") + field(2, "\x0a\x01x")
    stranger = {**role("print", by=Authority()), "ca.crt": role()["ca.crt"]}
    for what, port, method, message, credentials, expected in (
        ("print looks up", 7401, lookup, looks, of(role("print")), {"OK"}),
        ("a station looks up in its account", 7401, lookup, looks, of(role("station/acme/lobby")), {"OK"}),
        ("no certificate", 7401, lookup, looks, grpc.ssl_channel_credentials(role()["ca.crt"]), {"UNAVAILABLE"}),
        ("no TLS", 7401, lookup, looks, None, {"UNAVAILABLE", "INTERNAL"}),
        ("another CA", 7401, lookup, looks, of(stranger), {"UNAVAILABLE"}),
        ("expired", 7401, lookup, looks, of(role("print", days=-2)), {"UNAVAILABLE"}),
        ("no role", 7401, lookup, looks, of(role()), {"PERMISSION_DENIED"}),
        ("print lists users", 7401, watch, acme, of(role("print")), {"PERMISSION_DENIED"}),
        ("print makes a token", 7402, generate, acme, of(role("print")), {"PERMISSION_DENIED"}),
        ("the gateway makes a token", 7402, generate, acme, of(role("gateway")), {"PERMISSION_DENIED"}),
        ("a station in another account", 7401, lookup, other, of(role("station/acme/lobby")), {"PERMISSION_DENIED"}),
        ("a service calls another", 7402, generate, acme, of(role("service")), {"PERMISSION_DENIED"}),
    ):
        code = call(ports[port], method, message, credentials)
        print(f"{what}: {code}")
        if code not in expected:
            sys.exit(f"{what}: {code}, not {expected}")


main()
