//! Groups (RFC 7643 section 4.2).

use super::{Attribute, Schema};

/// `urn:ietf:params:scim:schemas:core:2.0:Group`.
///
/// `displayName` is required by the text of section 4.2, and unique here because Microsoft Entra ID relies on 409.
pub static GROUP: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "A group of users and groups.",
    attributes: &[
        Attribute::string("displayName", "The name of the group, unique in the account in any case.")
            .required()
            .unique(),
        Attribute::complex("members", "The users and groups in the group.", MEMBERS).many(),
    ],
};

const MEMBERS: &[Attribute] = &[
    Attribute::string("value", "The id of the member.").immutable(),
    Attribute::reference("$ref", "The address of the member.", &["User", "Group"]).immutable(),
    Attribute::string("type", "Whether the member is a user or a group.")
        .immutable()
        .one_of(&["User", "Group"]),
    Attribute::string("display", "The name of the member.").read_only().on_request(),
];
