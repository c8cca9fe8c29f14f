//! A list as the services take and give it.

use crate::query::Query;

/// What is asked of a service: the fields of `ListUsersRequest` and `ListGroupsRequest`.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) filter: String,
    pub(crate) order_by: String,
    pub(crate) page_size: i32,
    pub(crate) page_token: String,
    pub(crate) skip: i32,
}

impl List {
    /// What a query on one resource type asks for.
    pub(crate) fn of(query: &Query) -> Self {
        Self {
            filter: query.filter(),
            order_by: query.order_by(),
            page_size: query.page_size(),
            page_token: query.page_token(),
            skip: query.skip(),
        }
    }
}

/// A page as a service gave it.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// How many there are on all pages.
    pub(crate) total: i32,
    /// The token of the next page; empty at the end.
    pub(crate) next: String,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub(crate) fn map<U>(self, make: impl Fn(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(make).collect(), total: self.total, next: self.next }
    }
}
