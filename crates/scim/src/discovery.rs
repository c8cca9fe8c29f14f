//! `/Schemas` and `/ResourceTypes`, printed from the tables (RFC 7643 sections 6 and 7).

use serde_json::{Map, Value, json};

use crate::schema::{Attribute, Kind, Mutability, ResourceType, Returned, Schema, Uniqueness};

/// A schema as `/Schemas/{urn}` answers it. `base` is the address of the account, such as
/// `https://host/account/scim/v2`; when empty, `meta.location` is left out.
pub fn schema_json(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute_json).collect::<Vec<_>>(),
        "meta": meta("Schema", base, &format!("/Schemas/{}", schema.id)),
    })
}

/// A resource type as `/ResourceTypes/{name}` answers it. `base` as for [`schema_json`].
pub fn resource_type_json(resource_type: ResourceType, base: &str) -> Value {
    let extension = |schema: &&Schema| json!({ "schema": schema.id, "required": false });
    let mut object = Map::new();
    let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
    set("schemas", json!(["urn:ietf:params:scim:schemas:core:2.0:ResourceType"]));
    set("id", resource_type.name().into());
    set("name", resource_type.name().into());
    set("endpoint", resource_type.endpoint().into());
    set("description", resource_type.core().description.into());
    set("schema", resource_type.core().id.into());
    if !resource_type.extensions().is_empty() {
        set("schemaExtensions", resource_type.extensions().iter().map(extension).collect());
    }
    set("meta", meta("ResourceType", base, &format!("/ResourceTypes/{}", resource_type.name())));
    Value::Object(object)
}

fn meta(resource_type: &str, base: &str, path: &str) -> Value {
    match base {
        "" => json!({ "resourceType": resource_type }),
        _ => json!({ "resourceType": resource_type, "location": format!("{base}{path}") }),
    }
}

/// Characteristics that mean nothing for the kind of value are left out.
fn attribute_json(attribute: &Attribute) -> Value {
    let mut object = Map::new();
    let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
    set("name", attribute.name.into());
    set("type", kind(attribute.kind).into());
    if !attribute.sub_attributes.is_empty() {
        set("subAttributes", attribute.sub_attributes.iter().map(attribute_json).collect());
    }
    set("multiValued", attribute.multi_valued.into());
    set("description", attribute.description.into());
    set("required", attribute.required.into());
    if !attribute.canonical_values.is_empty() {
        set("canonicalValues", json!(attribute.canonical_values));
    }
    if matches!(attribute.kind, Kind::String | Kind::Reference | Kind::Binary) {
        set("caseExact", attribute.case_exact.into());
    }
    set("mutability", mutability(attribute.mutability).into());
    set("returned", returned(attribute.returned).into());
    set("uniqueness", uniqueness(attribute.uniqueness).into());
    if !attribute.reference_types.is_empty() {
        set("referenceTypes", json!(attribute.reference_types));
    }
    Value::Object(object)
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Boolean => "boolean",
        Kind::DateTime => "dateTime",
        Kind::Reference => "reference",
        Kind::Binary => "binary",
        Kind::Complex => "complex",
    }
}

fn mutability(mutability: Mutability) -> &'static str {
    match mutability {
        Mutability::ReadOnly => "readOnly",
        Mutability::ReadWrite => "readWrite",
        Mutability::Immutable => "immutable",
        Mutability::WriteOnly => "writeOnly",
    }
}

fn returned(returned: Returned) -> &'static str {
    match returned {
        Returned::Always => "always",
        Returned::Never => "never",
        Returned::Default => "default",
        Returned::Request => "request",
    }
}

fn uniqueness(uniqueness: Uniqueness) -> &'static str {
    match uniqueness {
        Uniqueness::None => "none",
        Uniqueness::Server => "server",
        Uniqueness::Global => "global",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{ENTERPRISE_USER, GROUP, USER};

    const BASE: &str = "https://scim.example/acme/scim/v2";

    #[test]
    fn the_schemas() {
        insta::assert_json_snapshot!("user", schema_json(&USER, BASE));
        insta::assert_json_snapshot!("enterprise_user", schema_json(&ENTERPRISE_USER, BASE));
        insta::assert_json_snapshot!("group", schema_json(&GROUP, ""));
    }

    #[test]
    fn the_resource_types() {
        insta::assert_json_snapshot!("resource_type_user", resource_type_json(ResourceType::User, BASE));
        insta::assert_json_snapshot!("resource_type_group", resource_type_json(ResourceType::Group, ""));
    }
}
