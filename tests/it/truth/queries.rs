//! Filters, orders and projections of every attribute, held against an evaluation of their own over all resources.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{
    Untrue,
    attributes::address,
    world::{Place, Type, World, items, text},
};
use crate::client::Client;

/// A value as it is compared: folded unless case counts.
fn key(place: Place<'_>, value: &Value) -> Value {
    match value {
        Value::String(text) if !place.is_case_exact() => json!(text.to_lowercase()),
        other => other.clone(),
    }
}

fn compare(place: Place<'_>, one: &Value, other: &Value) -> Ordering {
    let (one, other) = (key(place, one), key(place, other));
    match (&one, &other) {
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => one.as_f64().partial_cmp(&other.as_f64()).unwrap(),
        // Instants are written alike, so that their texts compare as they do.
        _ => text(&one).cmp(text(&other)),
    }
}

/// Whether one value of the place satisfies the operator.
fn holds(place: Place<'_>, resource: &Value, operator: &str, literal: &Value) -> bool {
    let any = |test: &dyn Fn(&Value) -> bool| place.values(resource).iter().any(test);
    let within = |test: &dyn Fn(&str, &str) -> bool| {
        let literal = key(place, literal);
        any(&|value| test(text(&key(place, value)), text(&literal)))
    };
    let ordered = |test: &dyn Fn(Ordering) -> bool| any(&|value| test(compare(place, value, literal)));
    match operator {
        "eq" => ordered(&Ordering::is_eq),
        "ne" => !ordered(&Ordering::is_eq),
        "gt" => ordered(&Ordering::is_gt),
        "ge" => ordered(&Ordering::is_ge),
        "lt" => ordered(&Ordering::is_lt),
        "le" => ordered(&Ordering::is_le),
        "co" => within(&|value, literal| value.contains(literal)),
        "sw" => within(&|value, literal| value.starts_with(literal)),
        "ew" => within(&|value, literal| value.ends_with(literal)),
        other => panic!("no operator {other}"),
    }
}

pub(super) async fn filter(
    idp: &Client,
    world: &World,
    kind: &Type,
    place: Place<'_>,
    all: &[Value],
    untrue: &mut Untrue,
) {
    if !place.is_readable() {
        return;
    }
    let path = place.path();
    if !place.is_searchable() {
        let answer = idp.query(&kind.endpoint, &[("filter", &format!("{path} pr"))]).await;
        untrue.unless(answer.status == 400 && answer["scimType"] == "invalidFilter", || {
            format!("{path} cannot be searched by: {answer}")
        });
        return;
    }
    let present = |resource: &&Value| !place.values(resource).is_empty();
    let mut cases: Vec<(String, Option<Vec<&Value>>)> =
        vec![(format!("{path} pr"), Some(all.iter().filter(present).collect()))];
    let sample = all.iter().flat_map(|resource| place.values(resource)).last();
    if let Some(sample) = sample.filter(|_| !place.is_complex()) {
        for (operator, literal, applies) in literals(place, &sample) {
            let found = all.iter().filter(|resource| holds(place, resource, operator, &literal)).collect();
            cases.push((format!("{path} {operator} {literal}"), applies.then_some(found)));
        }
        if place.is_multi_valued() && place.parent.is_some() {
            let found = all.iter().filter(|resource| holds(place, resource, "eq", &sample)).collect();
            let top = place.parent_place().path();
            cases.push((format!("{top}[{} eq {sample}]", place.name()), Some(found)));
        }
    }
    for (filter, expected) in cases {
        let answer = idp.query(&kind.endpoint, &[("filter", &filter), ("count", "100")]).await;
        let refused = answer.status == 400 && answer["scimType"] == "invalidFilter";
        // An address is made when it is shown: a filter on it is refused, never answered wrongly.
        if refused && (expected.is_none() || world.is_address(place)) {
            continue;
        }
        let ids = |resources: Vec<&Value>| {
            let mut ids: Vec<String> =
                resources.iter().map(|resource| text(&resource["id"]).to_owned()).collect();
            ids.sort();
            ids
        };
        let shown = answer.body["Resources"].as_array().map(|list| ids(list.iter().collect()));
        let wanted = expected.map(ids);
        untrue.unless(shown == wanted && answer.status == 200, || {
            format!("filter {filter}: found {shown:?} (status {}), should be {wanted:?}", answer.status)
        });
    }
}

/// Operators with a literal, and whether the type of the attribute has the operator (RFC 7644 section 3.4.2.2).
fn literals(place: Place<'_>, sample: &Value) -> Vec<(&'static str, Value, bool)> {
    let mut cases = Vec::new();
    match text(&place.attribute["type"]) {
        "boolean" => {
            for value in [json!(true), json!(false)] {
                cases.extend([
                    ("eq", value.clone(), true),
                    ("ne", value.clone(), true),
                    ("gt", value, false),
                ]);
            }
            cases.push(("eq", json!("neither"), false));
        }
        "string" | "reference" => {
            let whole = text(sample);
            let swapped: String = whole
                .chars()
                .flat_map(|c| {
                    if c.is_lowercase() {
                        c.to_uppercase().collect::<Vec<_>>()
                    } else {
                        c.to_lowercase().collect()
                    }
                })
                .collect();
            let chars: Vec<char> = whole.chars().collect();
            let cut = |from: usize, to: usize| {
                json!(chars[from.min(chars.len())..to.min(chars.len())].iter().collect::<String>())
            };
            let half = chars.len() / 2;
            for literal in [json!(whole), json!(swapped), json!("no such value"), cut(0, half)] {
                cases.extend(
                    ["eq", "ne", "gt", "ge", "lt", "le"].map(|operator| (operator, literal.clone(), true)),
                );
            }
            for (operator, literal) in
                [("sw", cut(0, half)), ("co", cut(1, half)), ("ew", cut(half, chars.len()))]
            {
                let upper = json!(text(&literal).to_uppercase());
                cases.extend([(operator, literal, true), (operator, upper, true)]);
            }
            cases.push(("eq", json!(true), false));
        }
        "binary" => {
            let swapped = json!(text(sample).to_lowercase());
            for literal in [sample.clone(), swapped] {
                cases.extend([
                    ("eq", literal.clone(), true),
                    ("ne", literal.clone(), true),
                    ("gt", literal, false),
                ]);
            }
        }
        "dateTime" | "integer" | "decimal" => {
            cases.extend(
                ["eq", "ne", "gt", "ge", "lt", "le"].map(|operator| (operator, sample.clone(), true)),
            );
            cases.push(("eq", json!("neither"), false));
        }
        other => panic!("the type {other} has no filters: add some"),
    }
    cases
}

/// Ascending and descending: those without a value last, then first (RFC 7644 section 3.4.2.3).
pub(super) async fn sort(
    idp: &Client,
    world: &World,
    kind: &Type,
    place: Place<'_>,
    all: &[Value],
    untrue: &mut Untrue,
) {
    if place.is_complex() || !place.is_readable() || world.config["sort"]["supported"] != true {
        return;
    }
    let path = place.path();
    // Which of 100,000 members is the first of a group? It is said that there is no such order.
    if path.starts_with("members") || !place.is_searchable() {
        let answer = idp.query(&kind.endpoint, &[("sortBy", path.as_str())]).await;
        untrue.unless(answer.status == 400, || format!("{answer}"));
        return;
    }
    let first = |resource: &Value| place.values(resource).into_iter().next();
    for order in ["ascending", "descending"] {
        let parameters = [("sortBy", path.as_str()), ("sortOrder", order), ("count", "100")];
        let answer = idp.query(&kind.endpoint, &parameters).await;
        if answer.status == 400 && world.is_address(place) {
            continue;
        }
        untrue.unless(answer.status == 200, || format!("{answer}"));
        let resources = answer.body["Resources"].as_array().cloned().unwrap_or_default();
        let mut keys: Vec<Option<Value>> = resources.iter().map(first).collect();
        if order == "descending" {
            keys.reverse();
        }
        let in_order = keys.windows(2).all(|pair| match (&pair[0], &pair[1]) {
            (Some(one), Some(other)) => compare(place, one, other).is_le(),
            (None, Some(_)) => false,
            (_, None) => true,
        });
        untrue.unless(in_order && resources.len() == all.len(), || {
            format!("sortBy {path} {order}: {keys:?}, {} of {}", resources.len(), all.len())
        });
    }
}

/// `attributes` shows it and what is always shown; `excludedAttributes` hides it unless it is always shown.
pub(super) async fn project(idp: &Client, kind: &Type, place: Place<'_>, all: &[Value], untrue: &mut Untrue) {
    let Some(resource) = all.iter().find(|resource| !place.values(resource).is_empty()) else { return };
    let path = place.path();
    let address = address(kind, resource);
    let holder = place.extension.map_or_else(|| text(&place.top()["name"]).to_owned(), str::to_owned);
    let by_id = |answer: &crate::client::Answer| {
        let listed = items(&answer["Resources"]);
        listed.into_iter().find(|other| other["id"] == resource["id"]).unwrap_or_default()
    };
    let one = idp.query(&address, &[("attributes", &path)]).await.ok();
    let listed = idp.query(&kind.endpoint, &[("attributes", &path), ("count", "100")]).await;
    untrue
        .unless(by_id(&listed) == one.body, || format!("attributes={path}: {one} but in the list {listed}"));
    untrue.unless(place.values(&one.body) == place.values(resource), || format!("attributes={path}: {one}"));
    let others = one
        .body
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| **name != holder && !["id", "schemas"].contains(&name.as_str()));
    untrue.unless(others.count() == 0, || format!("attributes={path} shows more: {one}"));
    if let (Some(parent), false) = (place.parent, place.is_complex()) {
        for sub in items(&parent["subAttributes"]).iter().filter(|sub| sub["returned"] == "default") {
            let sibling = Place { attribute: sub, ..place };
            let hidden = sub["name"] == place.attribute["name"] || sibling.values(&one.body).is_empty();
            untrue.unless(hidden, || format!("attributes={path} shows {}: {one}", sibling.path()));
        }
    }
    let without = idp.query(&address, &[("excludedAttributes", &path)]).await.ok();
    let hidden = place.values(&without.body).is_empty();
    untrue
        .unless(hidden != place.is("returned", "always"), || format!("excludedAttributes={path}: {without}"));
    let others =
        kind.places().into_iter().filter(|other| other.parent.is_none() && other.top() != place.top());
    for other in others {
        untrue.unless(other.values(&without.body) == other.values(resource), || {
            format!("excludedAttributes={path} hides {}: {without}", other.path())
        });
    }
}
