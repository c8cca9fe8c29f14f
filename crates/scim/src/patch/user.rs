//! PATCH of a user.

use rollcall_proto::identity::{PatchOperation, User};

use super::apply::Patch;
use crate::{convert, resource, schema::ResourceType};

/// The user as the operations make it. What only the service sets (name, groups, times, etag, source) is as it was, and so is
/// everything when no operation changes anything.
pub fn apply_user(user: &User, operations: &[PatchOperation]) -> Result<User, crate::Error> {
    let document = convert::user_to_json(user, "");
    let patch = Patch::run(ResourceType::User, document, operations)?;
    Ok(User {
        name: user.name.clone(),
        groups: user.groups.clone(),
        create_time: user.create_time,
        update_time: user.update_time,
        etag: user.etag.clone(),
        source: user.source,
        ..resource::user_from_document(patch.document)?
    })
}
