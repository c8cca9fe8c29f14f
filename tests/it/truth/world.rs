//! What the discovery documents say, and resources made up from it.

use serde_json::{Value, json};

use crate::client::Client;

/// A resource type with its schemas.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: String,
    pub(super) endpoint: String,
    pub(super) core: String,
    pub(super) schemas: Vec<Value>,
    pub(super) required_extensions: Vec<String>,
}

/// An attribute or sub-attribute in a resource type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The URN of the extension; `None` in the core schema.
    pub(super) extension: Option<&'a str>,
    pub(super) parent: Option<&'a Value>,
    pub(super) attribute: &'a Value,
}

/// Everything that is advertised.
pub(super) struct World {
    pub(super) config: Value,
    pub(super) types: Vec<Type>,
    pub(super) schemas: Vec<Value>,
}

impl World {
    pub(super) async fn discover(idp: &Client) -> Self {
        let config = idp.get("/ServiceProviderConfig").await.ok().body;
        let schemas = idp.get("/Schemas").await.list();
        let types = idp.get("/ResourceTypes").await.list();
        let find = |urn: &Value| {
            schemas
                .iter()
                .find(|schema| schema["id"] == *urn)
                .unwrap_or_else(|| panic!("no schema {urn}"))
                .clone()
        };
        let types = types
            .iter()
            .map(|kind| {
                let extensions = kind["schemaExtensions"].as_array().cloned().unwrap_or_default();
                let mut of_type = vec![find(&kind["schema"])];
                of_type.extend(extensions.iter().map(|extension| find(&extension["schema"])));
                Type {
                    name: text(&kind["name"]).to_owned(),
                    endpoint: text(&kind["endpoint"]).to_owned(),
                    core: text(&kind["schema"]).to_owned(),
                    schemas: of_type,
                    required_extensions: extensions
                        .iter()
                        .filter(|extension| extension["required"] == true)
                        .map(|extension| text(&extension["schema"]).to_owned())
                        .collect(),
                }
            })
            .collect();
        Self { config, types, schemas }
    }

    /// Whether the attribute refers to resources: then its values are ids, addresses and names of resource types.
    fn refers(&self, complex: &Value) -> Vec<&Type> {
        let subs = items(&complex["subAttributes"]);
        let target = subs.iter().find(|sub| sub["name"] == "$ref");
        let named = target.map(|sub| items(&sub["referenceTypes"])).unwrap_or_default();
        self.types.iter().filter(|kind| named.iter().any(|name| *name == json!(kind.name))).collect()
    }

    /// Whether the values are addresses of resources, made from ids by the server.
    pub(super) fn is_address(&self, place: Place<'_>) -> bool {
        let targets = items(&place.attribute["referenceTypes"]);
        self.types.iter().any(|kind| targets.contains(&json!(kind.name)))
    }

    /// A value of an attribute, another for each `seed`; an array where it is multi-valued. `None` when the client may
    /// not write it. `known` are resources that can be referred to.
    pub(super) fn value(&self, attribute: &Value, seed: usize, known: &[(String, Value)]) -> Option<Value> {
        if attribute["mutability"] == "readOnly" {
            return None;
        }
        if attribute["multiValued"] == true {
            return Some((0..2).map(|element| self.one(attribute, seed, element, known)).collect());
        }
        Some(self.one(attribute, seed, 0, known))
    }

    fn one(&self, attribute: &Value, seed: usize, element: usize, known: &[(String, Value)]) -> Value {
        if attribute["type"] != "complex" {
            return simple(attribute, seed, element);
        }
        let targets = self.refers(attribute);
        // One element refers to each kind of target in turn.
        let target = targets.get(element % targets.len().max(1)).and_then(|kind| {
            let mut of_kind =
                known.iter().filter(|(name, _)| *name == kind.name).map(|(_, resource)| resource);
            let candidates: Vec<&Value> = of_kind.by_ref().collect();
            candidates.get(seed % candidates.len().max(1)).copied()
        });
        let subs = items(&attribute["subAttributes"]);
        let pairs = subs.iter().filter(|sub| sub["mutability"] != "readOnly").map(|sub| {
            let value = match (target, text(&sub["name"])) {
                (Some(target), "value") => target["id"].clone(),
                (Some(target), "$ref") => target["meta"]["location"].clone(),
                (Some(target), "type") => target["meta"]["resourceType"].clone(),
                _ => simple(sub, seed, element),
            };
            (text(&sub["name"]).to_owned(), value)
        });
        Value::Object(pairs.collect())
    }
}

impl Type {
    pub(super) fn places(&self) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for (index, schema) in self.schemas.iter().enumerate() {
            let extension = (index > 0).then(|| text(&schema["id"]));
            for attribute in schema["attributes"].as_array().unwrap() {
                places.push(Place { extension, parent: None, attribute });
                let subs = attribute["subAttributes"].as_array().map(Vec::as_slice).unwrap_or_default();
                places.extend(subs.iter().map(|sub| Place {
                    extension,
                    parent: Some(attribute),
                    attribute: sub,
                }));
            }
        }
        places
    }

    /// A body with what is required and nothing else.
    pub(super) fn bare(&self, world: &World, seed: usize) -> Value {
        self.body(world, seed, &[], |attribute| attribute["required"] == true)
    }

    /// A body with every attribute that a client may write.
    pub(super) fn whole(&self, world: &World, seed: usize, known: &[(String, Value)]) -> Value {
        self.body(world, seed, known, |_| true)
    }

    fn body(
        &self,
        world: &World,
        seed: usize,
        known: &[(String, Value)],
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut body = json!({ "schemas": [self.core] });
        for place in
            self.places().into_iter().filter(|place| place.parent.is_none() && wanted(place.attribute))
        {
            if let Some(value) = world.value(place.attribute, seed, known) {
                place.put(&mut body, value);
            }
        }
        body
    }
}

impl<'a> Place<'a> {
    pub(super) fn name(self) -> &'a str {
        text(&self.attribute["name"])
    }

    /// The attribute at the top: itself, or the one that it is a part of.
    pub(super) fn top(self) -> &'a Value {
        self.parent.unwrap_or(self.attribute)
    }

    fn top_name(self) -> &'a str {
        text(&self.top()["name"])
    }

    pub(super) fn parent_place(self) -> Self {
        Self { parent: None, attribute: self.top(), ..self }
    }

    /// The path of the attribute, with a filter on the elements if there is one.
    pub(super) fn path_where(self, filter: &str) -> String {
        let urn = self.extension.map(|urn| format!("{urn}:")).unwrap_or_default();
        let sub = self.parent.map(|_| format!(".{}", self.name())).unwrap_or_default();
        format!("{urn}{}{filter}{sub}", self.top_name())
    }

    pub(super) fn path(self) -> String {
        self.path_where("")
    }

    pub(super) fn is(self, characteristic: &str, value: &str) -> bool {
        self.attribute[characteristic] == value
    }

    pub(super) fn is_multi_valued(self) -> bool {
        self.top()["multiValued"] == true
    }

    pub(super) fn is_complex(self) -> bool {
        self.is("type", "complex")
    }

    /// Whether clients may change it: neither it nor what it is a part of is the server's.
    pub(super) fn is_writable(self) -> bool {
        let writes = |attribute: &Value| ["readWrite", "writeOnly"].contains(&text(&attribute["mutability"]));
        writes(self.attribute) && writes(self.top())
    }

    pub(super) fn is_read_only(self) -> bool {
        self.is("mutability", "readOnly") || self.top()["mutability"] == "readOnly"
    }

    pub(super) fn is_readable(self) -> bool {
        !self.is("returned", "never") && self.top()["returned"] != "never"
    }

    /// Whether case counts; where it does not apply, nothing else can be.
    pub(super) fn is_case_exact(self) -> bool {
        self.attribute["caseExact"] != false
    }

    /// The object that holds the attribute.
    fn holder(self, resource: &Value) -> &Value {
        self.extension.map_or(resource, |urn| &resource[urn])
    }

    /// The attribute as a body holds it, at the top.
    pub(super) fn whole(self, resource: &Value) -> &Value {
        &self.holder(resource)[self.top_name()]
    }

    /// Every value there is, the preferred one of several first.
    pub(super) fn values(self, resource: &Value) -> Vec<Value> {
        let whole = self.whole(resource);
        let mut elements: Vec<&Value> = match whole {
            Value::Null => Vec::new(),
            Value::Array(elements) => elements.iter().collect(),
            one => vec![one],
        };
        elements.sort_by_key(|element| element["primary"] != true);
        let part = |element: &Value| match self.parent {
            Some(_) => element[self.name()].clone(),
            None => element.clone(),
        };
        elements
            .into_iter()
            .map(part)
            .filter(|value| !value.is_null())
            .map(|value| self.as_read(value))
            .collect()
    }

    /// A value as it is read.
    pub(super) fn as_read(self, value: Value) -> Value {
        match value {
            Value::String(number) if self.is_masked() => Value::String(masked(&number)),
            other => other,
        }
    }

    /// Whether only the end of a value is read, as its description says.
    fn is_masked(self) -> bool {
        text(&self.attribute["description"]).contains("Read, it is masked")
    }

    /// Whether resources are found and sorted by it, unless its description says otherwise.
    pub(super) fn is_searchable(self) -> bool {
        !text(&self.top()["description"]).contains("cannot be searched by")
    }

    /// A value of another type: a number may be the digits of a text.
    pub(super) fn wrong(self) -> Value {
        if self.is("type", "boolean") { json!(7) } else { json!(true) }
    }

    /// Puts a value of the top attribute into a body.
    pub(super) fn put(self, body: &mut Value, value: Value) {
        let holder = match self.extension {
            Some(urn) => {
                let schemas = body["schemas"].as_array_mut().unwrap();
                if !schemas.contains(&json!(urn)) {
                    schemas.push(json!(urn));
                }
                &mut body[urn]
            }
            None => body,
        };
        holder[self.top_name()] = value;
    }

    /// A value of the wrong type, at this place.
    pub(super) fn put_wrong(self, body: &mut Value) {
        let wrong = self.wrong();
        let element = json!({ self.name(): wrong });
        let value = match (self.parent, self.is_multi_valued()) {
            (None, _) => wrong,
            (Some(_), true) => json!([element]),
            (Some(_), false) => element,
        };
        self.put(body, value);
    }
}

/// A value of a simple attribute: letters of both cases, and another value for each seed and element.
pub(super) fn simple(attribute: &Value, seed: usize, element: usize) -> Value {
    if let Some(value) = items(&attribute["canonicalValues"]).first() {
        return value.clone();
    }
    let name = text(&attribute["name"]).trim_start_matches('$');
    let words = format!("{}{name} \u{c9}t\u{e9} x{seed}-{element}", ["Mm", "bB", "Zz", "aA"][seed % 4]);
    match (text(&attribute["type"]), name) {
        // It is the one text with rules.
        ("string", "pin") => json!(format!("73{}{}51", seed % 10, element % 10)),
        // What begins ends later.
        ("dateTime", "validUntil") => json!(format!("2027-01-{:02}T03:04:05.678Z", seed + 1)),
        (kind, _) => other(kind, &words, seed, element, name),
    }
}

/// A number as it is read: all but the last four characters, or two thirds, as at most eight dots.
fn masked(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    if characters.contains(&'•') {
        return number.to_owned();
    }
    let shown = (characters.len() / 3).min(4);
    let hidden = characters.len() - shown;
    "•".repeat(hidden.min(8)) + &characters[hidden..].iter().collect::<String>()
}

fn other(kind: &str, words: &str, seed: usize, element: usize, name: &str) -> Value {
    match kind {
        "string" => json!(words),
        // At most one element is the preferred one (RFC 7643 section 2.4).
        "boolean" => json!(element == 0 && seed.is_multiple_of(2)),
        "reference" => json!(format!("https://example.com/Path{seed}/{element}/{name}")),
        "dateTime" => json!(format!("2026-01-{:02}T03:04:05.678Z", seed + 1)),
        "integer" | "decimal" => json!(seed * 10 + element),
        // Base64 of six bytes.
        "binary" => json!(format!("QUJDR{}{}k", ["A", "b", "C", "d"][seed % 4], ["A", "b"][element % 2])),
        other => panic!("the type {other} has no sample: add one"),
    }
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}
