//! `rollcall.identity.v1.GroupService`.

use rollcall_proto::identity::{
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, GroupView, ListGroupsRequest,
    ListGroupsResponse, ListMembersRequest, ListMembersResponse, PatchGroupRequest, ReplaceGroupRequest,
    SetGroupSourceRequest, UserSource, group_service_server,
};
use rollcall_scim::schema::ResourceType;
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name,
    store::{
        error::Error,
        groups::{self, Update},
        members,
        page::List,
    },
    user_service::{operation_count, required, settable_source, source},
};

/// The members on a page where the request does not say, and the most.
const MEMBERS: (usize, usize) = (1000, 5000);

/// Groups over gRPC.
pub struct GroupService(pub(crate) Directory);

#[tonic::async_trait]
impl group_service_server::GroupService for GroupService {
    async fn create_group(&self, request: Request<CreateGroupRequest>) -> Result<Response<Group>, Status> {
        let CreateGroupRequest { parent, group, source: from } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let group = group.ok_or_else(|| Error::field("group", "is missing"))?;
        required("group.display_name", &group.display_name)?;
        let from = match source("source", from)? {
            UserSource::Unspecified => UserSource::Scim,
            from => from,
        };
        let group = Group { source: from.into(), ..group };
        let in_account = account.clone();
        let created = self.0.write(&account, move |c| groups::create(c, &in_account, &group)).await?;
        Ok(Response::new(created))
    }

    async fn get_group(&self, request: Request<GetGroupRequest>) -> Result<Response<Group>, Status> {
        let view = request.get_ref().view();
        let (account, id) = name::resource("name", "groups", &request.get_ref().name)?;
        Ok(Response::new(self.0.read(move |c| groups::get(c, &account, &id, view)).await?))
    }

    async fn list_groups(
        &self,
        request: Request<ListGroupsRequest>,
    ) -> Result<Response<ListGroupsResponse>, Status> {
        let view = request.get_ref().view();
        let ListGroupsRequest { parent, page_size, page_token, filter, order_by, skip, view: _ } =
            request.into_inner();
        let account = name::account("parent", &parent)?;
        let list =
            List::new(&account, ResourceType::Group, (&filter, &order_by), (page_size, &page_token, skip))?
                .with(self.0.places());
        let page = move |c: &mut rollcall_db::Connection| -> Result<_, Error> {
            let page = groups::list(c, &account, &list, view)?;
            let total_size = i32::try_from(page.total).unwrap_or(i32::MAX);
            Ok(ListGroupsResponse { groups: page.items, next_page_token: page.next_token, total_size })
        };
        Ok(Response::new(self.0.read(page).await?))
    }

    async fn replace_group(&self, request: Request<ReplaceGroupRequest>) -> Result<Response<Group>, Status> {
        let view = request.get_ref().view();
        let ReplaceGroupRequest { group, etags, view: _, writer } = request.into_inner();
        let writer = source("writer", writer)?;
        let group = group.ok_or_else(|| Error::field("group", "is missing"))?;
        let (account, id) = name::resource("group.name", "groups", &group.name)?;
        required("group.display_name", &group.display_name)?;
        self.update(account, id, Update::Replace(Box::new(group)), (etags, writer), view).await
    }

    async fn patch_group(&self, request: Request<PatchGroupRequest>) -> Result<Response<Group>, Status> {
        let view = request.get_ref().view();
        let PatchGroupRequest { name, operations, etags, view: _, writer } = request.into_inner();
        let writer = source("writer", writer)?;
        let (account, id) = name::resource("name", "groups", &name)?;
        operation_count(operations.len())?;
        self.update(account, id, Update::Patch(operations), (etags, writer), view).await
    }

    async fn delete_group(&self, request: Request<DeleteGroupRequest>) -> Result<Response<()>, Status> {
        let DeleteGroupRequest { name, etags, writer } = request.into_inner();
        let writer = source("writer", writer)?;
        let (account, id) = name::resource("name", "groups", &name)?;
        let in_account = account.clone();
        self.0.write(&account, move |c| groups::delete(c, &in_account, &id, (&etags, writer))).await?;
        Ok(Response::new(()))
    }

    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<ListMembersResponse>, Status> {
        let ListMembersRequest { parent, page_size, page_token } = request.into_inner();
        let (account, id) = name::resource("parent", "groups", &parent)?;
        let after = groups::members_after(&page_token)?.to_owned();
        let limit = match usize::try_from(page_size).unwrap_or_default() {
            0 => MEMBERS.0,
            size => size.min(MEMBERS.1),
        };
        let page = move |c: &mut rollcall_db::Connection| -> Result<_, Error> {
            groups::get(c, &account, &id, GroupView::Basic)?;
            let (members, more) = members::page(c, (&account, &id), &after, limit)?;
            let next_page_token = match members.last() {
                Some(last) if more => groups::next_members_token(&last.id),
                _ => String::new(),
            };
            Ok(ListMembersResponse { members, next_page_token })
        };
        Ok(Response::new(self.0.read(page).await?))
    }

    async fn set_group_source(
        &self,
        request: Request<SetGroupSourceRequest>,
    ) -> Result<Response<Group>, Status> {
        let SetGroupSourceRequest { name, source } = request.into_inner();
        let (account, id) = name::resource("name", "groups", &name)?;
        let source = settable_source(source)?;
        let in_account = account.clone();
        let set = self.0.write(&account, move |c| groups::set_source(c, &in_account, &id, source)).await?;
        Ok(Response::new(set))
    }
}

impl GroupService {
    async fn update(
        &self,
        account: String,
        id: String,
        update: Update,
        (etags, writer): (Vec<String>, UserSource),
        view: GroupView,
    ) -> Result<Response<Group>, Status> {
        let in_account = account.clone();
        let work = move |c: &mut rollcall_db::Connection| {
            groups::update(c, (&in_account, &id), update, (&etags, writer), view)
        };
        Ok(Response::new(self.0.write(&account, work).await?))
    }
}
