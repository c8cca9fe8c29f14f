//! What is asked of every server, as an identity provider asks it, and what a right answer is.

mod person;
mod population;

use http::Method;

pub(crate) use person::Person;
pub(crate) use population::Population;

use crate::{Error, wire::Wire};

/// Users on a page.
pub(crate) const PAGE: usize = 100;
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An operation on a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    FilterUserName,
    FilterUserNameMiss,
    FilterExternalId,
    FilterEmail,
    Get,
    PageFirst,
    PageLast,
    ListGroups,
    PatchActive,
    Put,
    GroupGrowth,
    Create,
    /// A look-up that finds nobody, a create, a patch, a read: Entra's way with a new user.
    NewUser,
    /// A look-up that finds nobody and a create: the first cycle of an identity provider.
    Provision,
    /// The same with a group: a look-up, a create, and its members.
    ProvisionGroup,
    Delete,
}

impl Operation {
    /// What it is called in `peers.toml`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::FilterUserName => "filter_user_name_hit",
            Self::FilterUserNameMiss => "filter_user_name_miss",
            Self::FilterExternalId => "filter_external_id",
            Self::FilterEmail => "filter_email",
            Self::Get => "get",
            Self::PageFirst => "page_first",
            Self::PageLast => "page_last",
            Self::ListGroups => "list_groups",
            Self::PatchActive => "patch_active",
            Self::Put => "put",
            Self::GroupGrowth => "group_growth",
            Self::Create | Self::NewUser | Self::Provision | Self::ProvisionGroup => "create",
            Self::Delete => "delete",
        }
    }

    /// Does it once. False when there is nothing left to do it to.
    pub(crate) async fn perform(self, wire: &mut Wire, people: &Population) -> Result<bool, Error> {
        match self {
            Self::FilterUserName => {
                let person = people.any();
                let filter = format!("userName%20eq%20%22{}%22", person.user_name());
                found(wire, &filter, Some(person)).await?;
            }
            Self::FilterUserNameMiss => missed(wire, &people.stranger()).await?,
            Self::FilterExternalId => {
                let person = people.any();
                let filter = format!("externalId%20eq%20%22{}%22", person.external_id());
                found(wire, &filter, Some(person)).await?;
            }
            Self::FilterEmail => {
                let person = people.any();
                let filter =
                    format!("emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22{}%22", person.email());
                found(wire, &filter, Some(person)).await?;
            }
            Self::Get => {
                let person = people.any();
                let answer = wire.send(Method::GET, &format!("/Users/{}", person.id), None).await?;
                let right = answer.status == 200
                    && answer.says("id", &person.quoted_id())
                    && answer.says("userName", &person.quoted_user_name());
                ensure(right, || answer.wrong("not the user"))?;
            }
            Self::PageFirst => page(wire, people, 1).await?,
            Self::PageLast => {
                page(wire, people, people.len() - PAGE.min(people.len()) + 1).await?;
            }
            Self::ListGroups => {
                let answer = wire.send(Method::GET, "/Groups?excludedAttributes=members", None).await?;
                let right = answer.status == 200
                    && answer.count("displayName") == people.groups()
                    && (answer.count("members") == 0 || answer.says("members", "[]"));
                ensure(right, || answer.wrong("not all groups without members"))?;
            }
            Self::PatchActive => {
                let (person, active) = people.next_to_switch();
                switch(wire, &person.id, active).await?;
                people.claim(format!("/Users/{}", person.id), 200, Some(("active", active.to_string())));
            }
            Self::Put => {
                let (person, family) = people.next_to_rename();
                let path = format!("/Users/{}", person.id);
                let answer = wire.send(Method::PUT, &path, Some(person.document(&family))).await?;
                let quoted = format!("\"{family}\"");
                let right = answer.status == 200 && answer.says("familyName", &quoted);
                ensure(right, || answer.wrong("not replaced"))?;
                people.claim(path, 200, Some(("familyName", quoted)));
            }
            Self::GroupGrowth => {
                let (path, person) = people.next_to_join()?;
                let value = format!(r#"[{{"value":{}}}]"#, person.quoted_id());
                let body = patch("add", "members", &value);
                let answer = wire.send(Method::PATCH, &path, Some(body)).await?;
                ensure(matches!(answer.status, 200 | 204), || answer.wrong("not added"))?;
            }
            Self::Create => drop(create(wire, people).await?),
            Self::NewUser => {
                let (person, path) = provision(wire, people).await?;
                switch(wire, &person.id, false).await?;
                let answer = wire.send(Method::GET, &path, None).await?;
                let right = answer.status == 200
                    && answer.says("active", "false")
                    && answer.says("userName", &person.quoted_user_name());
                ensure(right, || answer.wrong("not the user who was created"))?;
            }
            Self::Provision => drop(provision(wire, people).await?),
            Self::ProvisionGroup => {
                let (name, members) = people.next_group();
                let path =
                    format!("/Groups?filter=displayName%20eq%20%22{name}%22&excludedAttributes=members");
                let answer = wire.send(Method::GET, &path.replace("Group ", "Group%20"), None).await?;
                ensure(answer.status == 200 && answer.says("totalResults", "0"), || answer.wrong("found"))?;
                let id = create_group(wire, &name, "").await?;
                let body = patch("add", "members", &members);
                let answer = wire.send(Method::PATCH, &format!("/Groups/{id}"), Some(body)).await?;
                ensure(matches!(answer.status, 200 | 204), || answer.wrong("no members"))?;
            }
            Self::Delete => {
                let Some(person) = people.next_to_delete() else { return Ok(false) };
                let path = format!("/Users/{}", person.id);
                let answer = wire.send(Method::DELETE, &path, None).await?;
                ensure(answer.status == 204, || answer.wrong("not deleted"))?;
                people.claim(path, 404, None);
            }
        }
        Ok(true)
    }
}

pub(crate) fn ensure(right: bool, wrong: impl FnOnce() -> String) -> Result<(), Error> {
    if right { Ok(()) } else { Err(wrong().into()) }
}

/// A PATCH of one operation; `value` is JSON.
pub(crate) fn patch(op: &str, path: &str, value: &str) -> String {
    format!(r#"{{"schemas":["{PATCH}"],"Operations":[{{"op":"{op}","path":"{path}","value":{value}}}]}}"#)
}

/// A filter must find this person and nobody else.
async fn found(wire: &mut Wire, filter: &str, person: Option<Person>) -> Result<(), Error> {
    let answer = wire.send(Method::GET, &format!("/Users?filter={filter}"), None).await?;
    let right = answer.status == 200
        && match &person {
            Some(person) => {
                answer.says("totalResults", "1")
                    && answer.count("userName") == 1
                    && answer.says("userName", &person.quoted_user_name())
            }
            None => answer.says("totalResults", "0") && answer.count("userName") == 0,
        };
    ensure(right, || answer.wrong(&format!("not what `{filter}` finds")))
}

async fn missed(wire: &mut Wire, user_name: &str) -> Result<(), Error> {
    found(wire, &format!("userName%20eq%20%22{user_name}%22"), None).await
}

async fn create(wire: &mut Wire, people: &Population) -> Result<Person, Error> {
    let mut person = people.newcomer();
    let answer = wire.send(Method::POST, "/Users", Some(person.document("Person"))).await?;
    let right = answer.status == 201 && answer.says("userName", &person.quoted_user_name());
    ensure(right, || answer.wrong("not created"))?;
    person.id = answer.id()?;
    people.created(person.clone());
    Ok(person)
}

/// Looks a newcomer up and creates it; the path to it too.
async fn provision(wire: &mut Wire, people: &Population) -> Result<(Person, String), Error> {
    missed(wire, &people.stranger()).await?;
    let person = create(wire, people).await?;
    let path = format!("/Users/{}", person.id);
    Ok((person, path))
}

async fn switch(wire: &mut Wire, id: &str, active: bool) -> Result<(), Error> {
    let body = patch("replace", "active", &active.to_string());
    let answer = wire.send(Method::PATCH, &format!("/Users/{id}"), Some(body)).await?;
    let right = answer.status == 204 || answer.status == 200 && answer.says("active", &active.to_string());
    ensure(right, || answer.wrong("not switched"))
}

/// The page that begins there must be full, and know how many there are in all.
async fn page(wire: &mut Wire, people: &Population, start: usize) -> Result<(), Error> {
    let expected = PAGE.min(people.len());
    let answer = wire.send(Method::GET, &format!("/Users?startIndex={start}&count={PAGE}"), None).await?;
    let right = answer.status == 200
        && answer.says("totalResults", &people.len().to_string())
        && answer.count("userName") == expected;
    ensure(right, || answer.wrong(&format!("not {expected} users from {start} of {}", people.len())))
}

/// Creates a group; its id. `members` is JSON without brackets.
async fn create_group(wire: &mut Wire, name: &str, members: &str) -> Result<String, Error> {
    let members = if members.is_empty() { String::new() } else { format!(r#","members":[{members}]"#) };
    let body = format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"{name}"{members}}}"#
    );
    let answer = wire.send(Method::POST, "/Groups", Some(body)).await?;
    ensure(answer.status == 201, || answer.wrong("the group was not created"))?;
    answer.id()
}
