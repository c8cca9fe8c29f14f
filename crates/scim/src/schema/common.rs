//! The attributes that every resource has (RFC 7643 section 3.1).

use super::Attribute;

/// `schemas`, `id`, `externalId` and `meta`. They belong to no schema; look-ups find them in every resource type.
pub static COMMON: &[Attribute] = &[
    Attribute::reference("schemas", "The URNs of the schemas that the resource uses.", &["uri"])
        .many()
        .required()
        .always(),
    Attribute::string("id", "The key of the resource, chosen by the service and never reused.")
        .case_exact()
        .unique()
        .read_only()
        .always(),
    Attribute::string("externalId", "The key of the resource in the identity provider.")
        .case_exact()
        .at_most(255),
    Attribute::complex("meta", "What the service knows about the resource itself.", META).read_only(),
];

const META: &[Attribute] = &[
    Attribute::string("resourceType", "The name of the resource type.").case_exact().read_only(),
    Attribute::date_time("created", "When the resource was created.").read_only(),
    Attribute::date_time("lastModified", "When the resource last changed.").read_only(),
    Attribute::reference("location", "The address of the resource.", &["uri"]).read_only(),
    Attribute::string("version", "The version of the resource, a weak entity tag.").case_exact().read_only(),
];
