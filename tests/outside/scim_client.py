"""Rollcall as scim2-client sees it, a client that others wrote: it checks every answer against the standard by itself."""

import contextlib

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import (
    BulkOperation,
    BulkRequest,
    PatchOp,
    PatchOperation,
    SCIMException,
    SearchRequest,
)

import server


class Round:
    """What is done once, in order; each method builds on those before."""

    def __init__(self, client):
        self.client = client
        client.discover()
        self.User = client.get_resource_model("User")
        self.Group = client.get_resource_model("Group")
        self.enterprise = self.User.get_extension_model("EnterpriseUser")

    def user(self, name, **attributes):
        emails = [self.User.Emails(value=f"{name}@example.com", type="work", primary=True)]
        return self.User(user_name=name, display_name=name.title(), emails=emails, **attributes)

    def discovery(self):
        config = self.client.provider.config
        assert config.patch.supported and config.sort.supported and config.etag.supported
        assert config.bulk.supported and config.bulk.max_operations == 1000
        assert config.pagination.cursor and config.pagination.index

    def users(self):
        ann = self.user("ann")
        ann[self.enterprise] = self.enterprise(department="Press", employee_number="7")
        self.ann = self.client.create(ann)
        assert self.ann.id and self.ann.meta.location.endswith(self.ann.id)
        read = self.client.query(self.User, self.ann.id)
        assert read == self.ann, f"{read} is not {self.ann}"
        assert read[self.enterprise].department == "Press"

        stale = read.model_copy(deep=True)
        read.title = "Printer"
        self.ann = self.client.replace(read)
        assert self.ann.title == "Printer" and self.ann.meta.version != stale.meta.version
        with raises(412):
            self.client.replace(stale)

        change = PatchOp[self.User](
            operations=[
                PatchOperation(op="replace", path="active", value=False),
                PatchOperation(op="add", path="nickName", value="Annie"),
            ]
        )
        self.client.modify(self.User, self.ann.id, change)
        self.ann = self.client.query(self.User, self.ann.id)
        assert self.ann.active is False and self.ann.nick_name == "Annie"

    def refusals(self):
        # Inactive users who are created again are reactivated; active ones are a conflict.
        self.client.create(self.user("taken"))
        with raises(409):
            self.client.create(self.user("TAKEN"))
        with raises(404):
            self.client.query(self.User, "0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
        with raises(400):
            self.client.query(self.User, query_parameters=SearchRequest(filter='active gt true'))

    def lists(self):
        names = [f"user{number:02}" for number in range(25)]
        for name in names:
            self.client.create(self.user(name))
        by_index, by_cursor, found = [], [], SearchRequest(filter='userName sw "user"', sort_by="userName", count=10)
        for start in (1, 11, 21):
            page = self.client.query(self.User, query_parameters=found.model_copy(update={"start_index": start}))
            assert page.total_results == 25 and page.start_index == start
            by_index += [user.user_name for user in page.resources]
        cursor = ""
        while cursor is not None:
            request = found.model_copy(update={"cursor": cursor})
            page = self.client.search(self.User, request) if by_cursor else self.client.query(self.User, query_parameters=request)
            by_cursor += [user.user_name for user in page.resources]
            cursor = page.next_cursor
        assert by_index == by_cursor == names, f"{by_index} {by_cursor}"

    def groups(self):
        member = self.Group.Members
        team = self.Group(display_name="Team", members=[member(value=self.ann.id)])
        team = self.client.create(team)
        assert [one.value for one in team.members] == [self.ann.id]
        bob = self.client.create(self.user("bob"))
        add = PatchOp[self.Group](operations=[PatchOperation(op="add", path="members", value=[member(value=bob.id)])])
        assert self.client.modify(self.Group, team.id, add) is None
        self.team = self.client.query(self.Group, team.id)
        assert {one.value for one in self.team.members} == {self.ann.id, bob.id}
        assert [one.value for one in self.client.query(self.User, bob.id).groups] == [team.id]
        remove = PatchOp[self.Group](operations=[PatchOperation(op="remove", path=f'members[value eq "{bob.id}"]')])
        self.client.modify(self.Group, team.id, remove)
        assert [one.value for one in self.client.query(self.Group, team.id).members] == [self.ann.id]

    def everything(self):
        found = SearchRequest(filter='displayName eq "team" or userName eq "ann"')
        for answer in (self.client.search(search_request=found), self.client.query(query_parameters=found)):
            assert [type(one) for one in answer.resources] == [self.User, self.Group], answer
            assert answer.total_results == 2

    def bulk(self):
        member = self.Group.Members
        one = self.Group(display_name="one", members=[member(value="bulkId:two")])
        two = self.Group(display_name="two", members=[member(value="bulkId:one"), member(value="bulkId:cid")])
        cid = self.user("cid")
        operations = [
            BulkOperation[self.Group](method="POST", path="/Groups", bulk_id="one", data=one),
            BulkOperation[self.Group](method="POST", path="/Groups", bulk_id="two", data=two),
            BulkOperation[self.User](method="POST", path="/Users", bulk_id="cid", data=cid),
            BulkOperation[self.User](method="POST", path="/Users", bulk_id="again", data=cid),
        ]
        answer = self.client.bulk(BulkRequest[self.User | self.Group](operations=operations))
        statuses = [int(operation.status) for operation in answer.operations]
        assert statuses == [201, 201, 201, 409], answer
        ids = [operation.location.rsplit("/", 1)[1] for operation in answer.operations[:3]]
        assert [one.value for one in self.client.query(self.Group, ids[0]).members] == [ids[1]]
        assert {one.value for one in self.client.query(self.Group, ids[1]).members} == {ids[0], ids[2]}

    def ends(self):
        self.client.delete(self.Group, self.team.id)
        self.client.delete(self.User, self.ann.id)
        with raises(404):
            self.client.query(self.User, self.ann.id)
        with raises(404):
            self.client.delete(self.Group, self.team.id)


@contextlib.contextmanager
def raises(status):
    """The answer is this SCIM error."""
    try:
        yield
    except SCIMException as error:
        assert int(error.status) == status, f"{error.status}, not {status}: {error}"
    else:
        raise AssertionError(f"no error {status}")


def main():
    database = server.arguments(__doc__).database
    steps = ["discovery", "users", "refusals", "lists", "groups", "everything", "bulk", "ends"]
    with server.running(database) as rollcall:
        with httpx2.Client(base_url=rollcall.base, headers={"Authorization": f"Bearer {rollcall.secret}"}) as http:
            done = Round(SyncSCIMClient(http, raise_scim_errors=True))
            for step in steps:
                getattr(done, step)()
    print(f"scim2-client on {database}: {len(steps)} steps of the round trip")


if __name__ == "__main__":
    main()
