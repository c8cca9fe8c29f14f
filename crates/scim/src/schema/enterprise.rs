//! The enterprise extension of users (RFC 7643 section 4.3).

use super::{Attribute, Schema};

/// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`.
pub static ENTERPRISE_USER: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "What an organisation knows about a person who works for it.",
    attributes: &[
        Attribute::string("employeeNumber", "The number or other key that the organisation gave the person."),
        Attribute::string("costCenter", "The name of the cost centre."),
        Attribute::string("organization", "The name of the organisation."),
        Attribute::string("division", "The name of the division."),
        Attribute::string("department", "The name of the department."),
        Attribute::complex("manager", "The person's manager.", MANAGER),
    ],
};

/// `displayName` is readOnly in the RFC, yet identity providers send it and read it back, so it is kept as sent.
const MANAGER: &[Attribute] = &[
    Attribute::string("value", "The id of the manager's user."),
    Attribute::reference("$ref", "The address of the manager's user.", &["User"]),
    Attribute::string("displayName", "The manager's name."),
];
