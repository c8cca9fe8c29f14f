//! Users and groups sorted by an attribute that both have.

use std::cmp::Ordering;

use rollcall_proto::identity::Group;
use rollcall_scim::{
    convert::{group_to_json, user_to_json},
    filter::Path,
    fold,
    schema::Kind,
};
use serde_json::Value;

use super::{Half, Resource};
use crate::{
    error::Error,
    list::Page,
    query::{MAX_COUNT, Query, Start},
};

/// How far into the sorted list of both a page may reach: up to its end both lists have to be read from the start.
const MAX_REACH: i32 = 10_000;

/// A page of both lists, which are sorted, as one that is.
pub(super) async fn page(
    query: &Query,
    [left, right]: [&Half<'_>; 2],
    path: Path,
    descending: bool,
) -> Result<Page<Resource>, Error> {
    if matches!(query.start(), Start::Cursor(_)) {
        let detail = "users and groups sorted by what both have cannot be paged by cursor; use startIndex";
        return Err(Error::Value(detail.to_owned()));
    }
    let reach = query.skip().saturating_add(query.count());
    if query.count() > 0 && reach > MAX_REACH {
        return Err(Error::TooMany(format!(
            "users and groups sorted by what both have can be paged up to {MAX_REACH}; filter by meta.resourceType"
        )));
    }
    let reach = if query.count() == 0 { 0 } else { reach };
    let (left, left_total) = first(left, reach).await?;
    let (right, right_total) = first(right, reach).await?;
    let keyed = |resource: Resource| (key(&resource, path), resource);
    let mut left = left.into_iter().map(keyed).peekable();
    let mut right = right.into_iter().map(keyed).peekable();
    let merged = std::iter::from_fn(|| {
        let from_left = match (left.peek(), right.peek()) {
            (Some((one, _)), Some((other, _))) => {
                compare(one.as_deref(), other.as_deref(), descending).is_le()
            }
            (one, _) => one.is_some(),
        };
        if from_left { left.next() } else { right.next() }
    });
    let skip = usize::try_from(query.skip()).unwrap_or(usize::MAX);
    let count = usize::try_from(query.count()).unwrap_or_default();
    Ok(Page {
        items: merged.map(|(_, resource)| resource).skip(skip).take(count).collect(),
        total: left_total.saturating_add(right_total),
        next: String::new(),
    })
}

/// The first resources of a list, and how many it has.
async fn first(half: &Half<'_>, mut count: i32) -> Result<(Vec<Resource>, i32), Error> {
    let mut page = half.page(count.min(MAX_COUNT), "", 0).await?;
    let mut items = std::mem::take(&mut page.items);
    while !page.next.is_empty() {
        count -= MAX_COUNT;
        if count <= 0 {
            break;
        }
        page = half.page(count.min(MAX_COUNT), &page.next, 0).await?;
        items.append(&mut page.items);
    }
    Ok((items, page.total))
}

/// Missing values come last, and first when descending (RFC 7644 section 3.4.2.3).
fn compare(one: Option<&str>, other: Option<&str>, descending: bool) -> Ordering {
    let ascending = (one.is_none(), one).cmp(&(other.is_none(), other));
    if descending { ascending.reverse() } else { ascending }
}

/// What a resource is sorted by, as the services compare it.
fn key(resource: &Resource, path: Path) -> Option<String> {
    let json = match resource {
        Resource::User(user) => user_to_json(user, ""),
        Resource::Group(group) => group_to_json(&Group { members: vec![], ..(**group).clone() }, ""),
    };
    let value = json.get(path.attribute.name)?;
    let value = match path.sub {
        Some(sub) => value.get(sub.name)?,
        None => value,
    };
    let value = if let Value::Array(all) = value { all.first()? } else { value };
    let text = value.as_str()?;
    let leaf = path.leaf();
    let folds = leaf.kind == Kind::String && !leaf.case_exact;
    Some(if folds { fold(text).into_owned() } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_the_last_or_descending_the_first() {
        for (one, other, ascending) in [
            (Some("a"), Some("b"), Ordering::Less),
            (Some("a"), Some("a"), Ordering::Equal),
            (Some("\u{ffff}"), None, Ordering::Less),
            (None, Some(""), Ordering::Greater),
            (None, None, Ordering::Equal),
        ] {
            assert_eq!(compare(one, other, false), ascending, "{one:?} {other:?}");
            assert_eq!(compare(one, other, true), ascending.reverse(), "{one:?} {other:?}");
        }
    }
}
