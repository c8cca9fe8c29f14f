"""Whatever one account asks, it learns nothing of another and changes nothing there: every route and every rpc, with every kind of id."""

import http.client
import json

import grpc
import yaml
from case import Failed, case
from fleet import ROOT
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from providers import GROUP, PRINT, USER, Caller, stub_modules

# In whatever the other account has, and in nothing else.
MARK = "zq7other"
MINE, OTHER = "mallory", "acme"
# Rpcs that have no id of a thing but only the account itself, and would take it away.
LEFT_OUT = {"EraseAccount", "EraseDirectory"}


def fill(trial):
    """Gives the other account one of everything; its ids by kind."""
    fleet = trial.fleet
    for account in (MINE, OTHER):
        fleet.make_account(account)
    secrets = {account: fleet.new_token(account) for account in (MINE, OTHER)}
    other = Caller(fleet.ports["gateway"], secrets[OTHER], OTHER)
    mine = Caller(fleet.ports["gateway"], secrets[MINE], MINE)
    person = {"schemas": [USER, PRINT], "userName": f"{MARK}-anna", "displayName": MARK, "externalId": f"{MARK}-1", PRINT: {"cardNumber": "4711", "pin": "739105"}}
    user = other.send("POST", "/Users", person)[1]["id"]
    group = other.send("POST", "/Groups", {"schemas": [GROUP], "displayName": f"{MARK} staff", "members": [{"value": user}]})[1]["id"]
    other.send("POST", "/Users", {"schemas": [USER], "userName": f"{MARK}-anna"})
    mine.send("POST", "/Users", {"schemas": [USER], "userName": "mallory"})
    fleet.command("notice", "set", OTHER, "--email", f"{MARK}@example.com")
    listed = {
        "cards": ("card", "list", OTHER),
        "tokens": ("token", "list", OTHER),
        "auditEntries": ("account", "audit", OTHER),
    }
    ids = {"users": user, "groups": group, "stations": "lobby"}
    for kind, command in listed.items():
        ids[kind] = json.loads(fleet.command(*command, "--json"))[0]["name"].rsplit("/", 1)[1]
    return ids, secrets


def state(fleet):
    """All that is known of the other account, as it is taken out; without what changes by itself."""
    lines = [json.loads(line) for line in fleet.command("account", "export", OTHER).splitlines()]
    quiet = [line for line in lines if line["kind"] not in ("export", "end", "syncEntry", "auditEntry", "connection", "token", "account")]
    return {json.dumps(line, sort_keys=True) for line in quiet}


def routes(trial, ids, secret):
    """Every route of the HTTP interface, at the tenant that the token is for and at the other's."""
    described = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    asked = 0
    for path, item in described["paths"].items():
        for method in [name for name in item if name in ("get", "post", "put", "patch", "delete")]:
            for one in ids.values():
                for account in (MINE, OTHER):
                    address = path.replace("{account}", account)
                    while "{" in address:
                        before, _, rest = address.partition("{")
                        address = f"{before}{one}{rest.partition('}')[2]}"
                    if not address.startswith(f"/{account}"):
                        address = f"/{account}/scim/v2{address}"
                    status, text = send(trial, method.upper(), address, secret, one)
                    asked += 1
                    trial.must(MARK not in text, f"{method} {address}: {status} tells of the other account: {text[:200]}")
                    trial.must(account == MINE or status in (401, 404, 405), f"{method} {address}: {status} with a token of another account")
    return asked


def send(trial, method, address, secret, one):
    body = None
    if method in ("POST", "PUT", "PATCH"):
        body = json.dumps(
            {
                "schemas": [USER, GROUP, "urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "userName": f"by-mallory-{one}",
                "displayName": f"by-mallory-{one}",
                "members": [{"value": one}],
                "Operations": [{"op": "replace", "path": "displayName", "value": "by-mallory"}],
            }
        )
    connection = http.client.HTTPConnection("127.0.0.1", trial.fleet.ports["gateway"], timeout=30)
    try:
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/scim+json"}
        connection.request(method, address, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def requests(method, ids, secret):
    """Requests of an rpc for the account that asks, with each id of the other in each of its fields."""
    for kind, one in ids.items():
        for user in (f"accounts/{OTHER}/users/{ids['users']}", f"accounts/{MINE}/users/{ids['users']}"):
            message = GetMessageClass(method.input_type)()
            put(message, {"kind": kind, "one": one, "user": user, "secret": secret}, 3, scoped=False)
            yield message


def put(message, values, depth, scoped):
    """Fills in every field. The first that names an account says for which a request is, and is the account's own: that it may ask for
    it is decided before. All others name the other account, or have an id of it."""
    kind, one = values["kind"], values["one"]
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof and field.containing_oneof.fields[0] is not field:
            continue
        repeated = field.is_repeated
        if field.type == FieldDescriptor.TYPE_STRING:
            if field.name in ("page_token", "order_by", "filter", "etag", "etags") or field.name.endswith("_name"):
                continue
            own, other = f"accounts/{MINE}", f"accounts/{OTHER}"
            value = {
                "parent": other if scoped else own,
                "account": other if scoped else own,
                "name": f"{other if scoped else own}/{kind}/{one}",
                "user": values["user"] if scoped else f"{own}/users/{one}",
                "secret": values["secret"],
            }.get(field.name, one)
            scoped = scoped or field.name in ("parent", "account", "name", "user")
            if repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and depth and not field.message_type.full_name.startswith("google."):
            if field.message_type.GetOptions().map_entry:
                continue
            inner = getattr(message, field.name).add() if repeated else getattr(message, field.name)
            put(inner, values, depth - 1, scoped)
            scoped = scoped or not repeated and bool(inner.ByteSize())


def rpcs(trial, ids, secret):
    fleet, asked = trial.fleet, {}
    for module in stub_modules():
        for service in module.DESCRIPTOR.services_by_name.values():
            where = "token" if service.full_name.startswith("rollcall.token") else "identity"
            with grpc.insecure_channel(f"127.0.0.1:{fleet.ports[where]}") as channel:
                for method in service.methods:
                    if method.name in LEFT_OUT:
                        continue
                    asked[f"{service.name}/{method.name}"] = ask(trial, channel, service, method, ids, secret)
    return asked


def ask(trial, channel, service, method, ids, secret):
    path, answer_of = f"/{service.full_name}/{method.name}", GetMessageClass(method.output_type)
    kind = ("stream" if method.client_streaming else "unary") + "_" + ("stream" if method.server_streaming else "unary")
    call = getattr(channel, kind)(path, request_serializer=lambda message: message.SerializeToString(), response_deserializer=answer_of.FromString)
    count = 0
    for message in requests(method, ids, secret):
        count += 1
        try:
            answer = call(iter([message]) if method.client_streaming else message, timeout=0.5 if method.server_streaming else 10)
            answers = list(answer) if method.server_streaming else [answer]
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNIMPLEMENTED):
                trial.wrong.append(f"{path}: {error.code()} {error.details()} upon {str(message)[:200]}")
            continue
        told = [text for text in map(str, answers) if MARK in text]
        if told:
            trial.wrong.append(f"{path}: tells of the other account upon {str(message)[:200]}: {told[0][:200]}")
    return count


@case("sqlite", "postgres")
def isolation(trial):
    """Every route and every rpc, with every kind of id of another account."""
    ids, secrets = fill(trial)
    before = state(trial.fleet)
    asked = routes(trial, ids, secrets[MINE])
    called = rpcs(trial, ids, secrets[MINE])
    if len(called) < 60:
        raise Failed(f"only {len(called)} rpcs were found")
    after = state(trial.fleet)
    trial.must(after == before, f"the other account is not as it was: {after - before}, {before - after}")
    trial.measured(f"{asked} requests over HTTP, {sum(called.values())} of {len(called)} rpcs")
