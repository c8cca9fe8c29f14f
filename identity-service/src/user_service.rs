//! `rollcall.identity.v1.UserService`.

use rollcall_proto::identity::{
    CreateUserRequest, DeleteUserRequest, GetUserRequest, ListUsersRequest, ListUsersResponse,
    PatchOperation, PatchUserRequest, ReplaceUserRequest, SetUserSourceRequest, User, UserSource, UserView,
    user_service_server,
};
use rollcall_scim::{patch, schema::ResourceType};
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name,
    secret::Changes,
    store::{
        error::Error,
        life,
        page::List,
        users::{self, Update},
    },
};

/// Users over gRPC.
pub struct UserService(pub(crate) Directory);

#[tonic::async_trait]
impl user_service_server::UserService for UserService {
    async fn create_user(&self, request: Request<CreateUserRequest>) -> Result<Response<User>, Status> {
        let CreateUserRequest { parent, user, source } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let user = user.ok_or_else(|| Error::field("user", "is missing"))?;
        required("user.user_name", &user.user_name)?;
        let source = match self::source("source", source)? {
            UserSource::Unspecified => UserSource::Manual,
            source => source,
        };
        let secrets = self.0.prepare(&account, None, &user).await?;
        let (in_account, vault) = (account.clone(), self.0.vault());
        let work = move |c: &mut rollcall_db::Connection| {
            life::create(c, &vault, &in_account, (user, &secrets), source)
        };
        let created = self.0.write(&account, work).await?;
        Ok(Response::new(created))
    }

    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let view = request.get_ref().view();
        let (account, id) = name::resource("name", "users", &request.get_ref().name)?;
        let vault = self.0.vault();
        Ok(Response::new(self.0.read(move |c| users::get(c, &vault, &account, &id, view)).await?))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let view = request.get_ref().view();
        let ListUsersRequest { parent, page_size, page_token, filter, order_by, skip, view: _ } =
            request.into_inner();
        let account = name::account("parent", &parent)?;
        let list =
            List::new(&account, ResourceType::User, (&filter, &order_by), (page_size, &page_token, skip))?
                .with(self.0.places());
        let vault = self.0.vault();
        let page = move |c: &mut rollcall_db::Connection| -> Result<_, Error> {
            let page = users::list(c, &vault, &account, &list, view)?;
            let total_size = i32::try_from(page.total).unwrap_or(i32::MAX);
            Ok(ListUsersResponse { users: page.items, next_page_token: page.next_token, total_size })
        };
        Ok(Response::new(self.0.read(page).await?))
    }

    async fn replace_user(&self, request: Request<ReplaceUserRequest>) -> Result<Response<User>, Status> {
        let view = request.get_ref().view();
        let ReplaceUserRequest { user, etags, view: _, writer } = request.into_inner();
        let writer = source("writer", writer)?;
        let user = user.ok_or_else(|| Error::field("user", "is missing"))?;
        let (account, id) = name::resource("user.name", "users", &user.name)?;
        required("user.user_name", &user.user_name)?;
        let secrets = self.0.prepare(&account, Some(&id), &user).await?;
        let update = Update::Replace(Box::new(user));
        self.update((account, id), (update, secrets), (etags, writer), view).await
    }

    async fn patch_user(&self, request: Request<PatchUserRequest>) -> Result<Response<User>, Status> {
        let view = request.get_ref().view();
        let PatchUserRequest { name, operations, etags, view: _, writer } = request.into_inner();
        let writer = source("writer", writer)?;
        let (account, id) = name::resource("name", "users", &name)?;
        operation_count(operations.len())?;
        let secrets = self.secrets_of_patch(&account, &id, &operations).await?;
        self.update((account, id), (Update::Patch(operations), secrets), (etags, writer), view).await
    }

    async fn delete_user(&self, request: Request<DeleteUserRequest>) -> Result<Response<()>, Status> {
        let DeleteUserRequest { name, etags, writer } = request.into_inner();
        let writer = source("writer", writer)?;
        let (account, id) = name::resource("name", "users", &name)?;
        let (in_account, vault) = (account.clone(), self.0.vault());
        let work = move |c: &mut rollcall_db::Connection| {
            users::delete(c, &vault, &in_account, &id, (&etags, writer))
        };
        self.0.write(&account, work).await?;
        Ok(Response::new(()))
    }

    async fn set_user_source(
        &self,
        request: Request<SetUserSourceRequest>,
    ) -> Result<Response<User>, Status> {
        let SetUserSourceRequest { name, source } = request.into_inner();
        let (account, id) = name::resource("name", "users", &name)?;
        let source = settable_source(source)?;
        let (in_account, vault) = (account.clone(), self.0.vault());
        let work =
            move |c: &mut rollcall_db::Connection| users::set_source(c, &vault, &in_account, &id, source);
        let set = self.0.write(&account, work).await?;
        Ok(Response::new(set))
    }
}

impl UserService {
    async fn update(
        &self,
        (account, id): (String, String),
        (update, secrets): (Update, Changes),
        (etags, writer): (Vec<String>, UserSource),
        view: UserView,
    ) -> Result<Response<User>, Status> {
        let (in_account, vault) = (account.clone(), self.0.vault());
        let work = move |c: &mut rollcall_db::Connection| {
            users::update(c, &vault, (&in_account, &id), (update, &secrets), (&etags, writer), view)
        };
        Ok(Response::new(self.0.write(&account, work).await?))
    }

    /// The secrets that a PATCH sets, hashed before its transaction: the operations are carried out on a copy to find
    /// them. Most set none, and none is looked for.
    async fn secrets_of_patch(
        &self,
        account: &str,
        id: &str,
        operations: &[PatchOperation],
    ) -> Result<Changes, Error> {
        let mentions = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.contains("pin") || text.contains("registrationcode")
        };
        if !operations.iter().any(|operation| mentions(&operation.path) || mentions(&operation.value)) {
            return Ok(Changes::default());
        }
        let (in_account, user, vault) = (account.to_owned(), id.to_owned(), self.0.vault());
        let before = self.0.read(move |c| users::open(c, &vault, &in_account, &user)).await?;
        let after = patch::apply_user(&before, operations)?;
        self.0.prepare(account, Some(id), &after).await
    }
}

/// Where something comes from, or who writes it.
pub(crate) fn source(field: &'static str, number: i32) -> Result<UserSource, Error> {
    UserSource::try_from(number)
        .map_err(|_| Error::field(field, format!("{number} is not a value of its enum")))
}

/// Whose something can be said to be.
pub(crate) fn settable_source(number: i32) -> Result<UserSource, Error> {
    match source("source", number)? {
        source @ (UserSource::Scim | UserSource::Manual) => Ok(source),
        UserSource::Import | UserSource::Unspecified => {
            Err(Error::field("source", "must be USER_SOURCE_SCIM or USER_SOURCE_MANUAL"))
        }
    }
}

/// Refuses a text that is missing, or that a database could not hold.
pub(crate) fn required(field: &'static str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err(Error::field(field, "must be a text that is not empty and has no NUL"));
    }
    Ok(())
}

/// The most operations of one PATCH.
const MAX_OPERATIONS: usize = 1000;

/// Refuses too many operations. None is no change: Microsoft's validator sends it.
pub(crate) fn operation_count(count: usize) -> Result<(), Error> {
    if count <= MAX_OPERATIONS {
        return Ok(());
    }
    Err(Error::field("operations", format!("must be at most {MAX_OPERATIONS}, not {count}")))
}
