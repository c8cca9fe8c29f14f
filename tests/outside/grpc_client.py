"""A foreign client: Python's grpcio with stubs generated from the protos, reading after each SCIM write what was written.

It knows nothing of Rollcall but the `.proto` files, and finds the services by reflection and health first.
"""

import importlib
import pathlib
import sys
import tempfile

import grpc
import grpc_tools
import requests
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

import server

ACCOUNT = "accounts/default"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def stubs(directory):
    """Generates the stubs of every proto into a directory, and loads those of the look-ups."""
    protos = server.ROOT / "proto"
    known = pathlib.Path(grpc_tools.__file__).with_name("_proto")
    files = [str(path.relative_to(protos)) for path in sorted(protos.rglob("*.proto"))]
    flags = [f"-I{protos}", f"-I{known}", f"--python_out={directory}", f"--grpc_python_out={directory}"]
    if protoc.main(["protoc", *flags, *files]) != 0:
        sys.exit("the stubs could not be generated")
    sys.path.insert(0, directory)
    names = ("lookup_service_pb2", "lookup_service_pb2_grpc", "user_pb2")
    return [importlib.import_module(f"rollcall.identity.v1.{name}") for name in names]


class Scim:
    """The identity provider's side."""

    def __init__(self, rollcall):
        self.base, self.session = rollcall.base, requests.Session()
        self.session.headers.update(rollcall.headers)

    def send(self, method, path, status, body=None):
        response = self.session.request(method, self.base + path, json=body, timeout=30)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response.json() if response.text else None

    def patch(self, path, status, *operations):
        return self.send("PATCH", path, status, {"schemas": [PATCH], "Operations": list(operations)})


def check_services(address, service):
    """Reflection lists the services of the protos and describes them; health says that they serve."""
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        listed = set(database.get_services())
        assert service in listed, (service, listed)
        described = database.FindFileContainingSymbol(service)
        assert service.endswith(described.service[0].name), described
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", service):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING, (name, answer)
        try:
            health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error
        else:
            raise AssertionError("health knows a service that there is not")


def check_reads(rollcall, lookup_pb2, lookup_grpc, user_pb2):
    """Writes by SCIM, and after each write reads by gRPC. Returns how many reads were right."""
    scim, reads = Scim(rollcall), 0
    channel = grpc.insecure_channel(rollcall.identity.removeprefix("http://"))
    lookups = lookup_grpc.LookupServiceStub(channel)

    def find(**key):
        request = lookup_pb2.BatchLookupUsersRequest(parent=ACCOUNT, keys=[lookup_pb2.UserKey(**key)])
        return list(lookups.BatchLookupUsers(request, timeout=10).results[0].users)

    def groups(user, effective=False):
        request = lookup_pb2.BatchListUserGroupsRequest(parent=ACCOUNT, user_ids=[user], effective=effective)
        return [group.display_name for group in lookups.BatchListUserGroups(request, timeout=10).results[0].groups]

    def member(user, group, effective=False):
        pair = lookup_pb2.MembershipCheck(user_id=user, group_id=group)
        request = lookup_pb2.BatchCheckMembershipsRequest(parent=ACCOUNT, checks=[pair], effective=effective)
        result = lookups.BatchCheckMemberships(request, timeout=10).results[0]
        return result.member, result.active

    def same(found, wanted):
        nonlocal reads
        assert found == wanted, f"read {found!r}, written was {wanted!r}"
        reads += 1

    for number in range(20):
        name = f"Person{number}@example.com"
        body = {
            "schemas": [USER],
            "userName": name,
            "externalId": f"E{number}",
            "active": True,
            "displayName": f"Person {number}",
            "emails": [{"value": f"mail{number}@example.com", "type": "work", "primary": True}],
        }
        user = scim.send("POST", "/Users", 201, body)["id"]
        path = f"/Users/{user}"
        for key in (
            {"user_name": name.upper()},
            {"email": f"MAIL{number}@example.com"},
            {"external_id": f"E{number}"},
            {"id": user},
        ):
            found = find(**key)
            same([one.name for one in found], [f"{ACCOUNT}/users/{user}"])
            same((found[0].user_name, found[0].display_name, found[0].active), (name, f"Person {number}", True))
            same(found[0].emails[0], user_pb2.MultiValue(value=f"mail{number}@example.com", type="work", primary=True))
        scim.patch(path, 200, {"op": "Replace", "path": "active", "value": "False"})
        same(find(id=user)[0].active, False)
        scim.patch(path, 200, {"op": "replace", "value": {"active": True, "displayName": "Renamed"}})
        same((find(id=user)[0].active, find(id=user)[0].display_name), (True, "Renamed"))
        scim.send("PUT", path, 200, body | {"emails": [{"value": f"new{number}@example.com"}], "displayName": "Put"})
        same([one.display_name for one in find(email=f"new{number}@example.com")], ["Put"])
        same(find(email=f"mail{number}@example.com"), [])

        inner = scim.send("POST", "/Groups", 201, {"schemas": [GROUP], "displayName": f"Inner {number}"})["id"]
        outer = {"schemas": [GROUP], "displayName": f"Outer {number}", "members": [{"value": inner}]}
        outer = scim.send("POST", "/Groups", 201, outer)["id"]
        same(member(user, inner), (False, True))
        scim.patch(f"/Groups/{inner}", 204, {"op": "Add", "path": "members", "value": [{"value": user}]})
        same((member(user, inner), member(user, outer), member(user, outer, True)), ((True, True), (False, True), (True, True)))
        same((groups(user), sorted(groups(user, True))), ([f"Inner {number}"], [f"Inner {number}", f"Outer {number}"]))
        scim.patch(f"/Groups/{inner}", 204, {"op": "Replace", "path": "displayName", "value": f"In {number}"})
        same(groups(user), [f"In {number}"])
        scim.patch(f"/Groups/{inner}", 204, {"op": "Remove", "path": "members", "value": [{"value": user}]})
        same((member(user, inner), groups(user)), ((False, True), []))
        scim.send("DELETE", f"/Groups/{outer}", 204)
        scim.send("DELETE", path, 204)
        same((find(id=user), find(user_name=name), member(user, inner)), ([], [], (False, False)))
    channel.close()
    return reads


def main():
    database = server.arguments(__doc__).database
    with tempfile.TemporaryDirectory() as directory, server.running(database) as rollcall:
        modules = stubs(directory)
        for url, service in (
            (rollcall.identity, "rollcall.identity.v1.LookupService"),
            (rollcall.identity, "rollcall.identity.v1.UserService"),
            (rollcall.token, "rollcall.token.v1.TokenService"),
        ):
            check_services(url.removeprefix("http://"), service)
        reads = check_reads(rollcall, *modules)
    print(f"grpcio on {database}: reflection and health answer, {reads} reads saw what was written")


if __name__ == "__main__":
    main()
