//! PUT and PATCH of every attribute that may be written.

use serde_json::{Value, json};

use super::{
    Untrue,
    attributes::{address, whole_one},
    world::{Place, Type, World, items, simple, text},
};
use crate::client::Client;

/// Replaces, removes and adds each attribute and sub-attribute by its path, then puts the whole.
pub(super) async fn put_and_patch(
    idp: &Client,
    world: &World,
    kind: &Type,
    known: &[(String, Value)],
    untrue: &mut Untrue,
) {
    let path = address(kind, whole_one(known, kind, 0));
    let bare = &known.iter().find(|(name, _)| *name == kind.name).unwrap().1;
    for place in kind.places().into_iter().filter(|place| place.is_writable() && place.is_readable()) {
        match place.parent {
            None => whole(idp, world, &path, place, known, untrue).await,
            Some(_) => part(idp, world, &path, place, known, untrue).await,
        }
    }
    let targets = &known[..2 * world.types.len()];
    let body = kind.whole(world, 3, targets);
    idp.put(&path, &body).await.ok();
    let read = idp.get(&path).await.ok().body;
    for place in kind.places().into_iter().filter(|place| place.is_writable() && place.is_readable()) {
        expect(untrue, "PUT", place, &read, &place.values(&body));
    }
    // What PUT leaves out is cleared (RFC 7644 section 3.5.1).
    let body = kind.bare(world, 3);
    let read = idp.put(&path, &body).await.ok().body;
    for place in kind.places().into_iter().filter(|place| place.parent.is_none() && place.is_writable()) {
        let wanted =
            if place.attribute["required"] == true { place.values(&body) } else { place.values(bare) };
        expect(untrue, "PUT without it", place, &read, &wanted);
    }
}

/// An attribute at the top: replaced, removed, added, and replaced without a path.
async fn whole(
    idp: &Client,
    world: &World,
    path: &str,
    place: Place<'_>,
    known: &[(String, Value)],
    untrue: &mut Untrue,
) {
    let value = |seed| world.value(place.attribute, seed, known).unwrap();
    // Other than what the other resources have: some of it is unique.
    let (one, two, three) = (value(5), value(6), value(7));
    let name = place.path();
    let required = place.attribute["required"] == true;
    let in_body = |value: &Value| {
        let mut body = json!({ "schemas": [] });
        place.put(&mut body, value.clone());
        body.as_object_mut().unwrap().remove("schemas");
        body
    };
    let gone = if required { two.clone() } else { Value::Null };
    let steps = [
        (json!({ "op": "replace", "path": name, "value": one }), one.clone(), false),
        (json!({ "op": "replace", "value": in_body(&two) }), two.clone(), false),
        (json!({ "op": "remove", "path": name }), gone, required),
        (json!({ "op": "add", "path": name, "value": three }), three.clone(), false),
        (json!({ "op": "replace", "path": name, "value": three }), three, false),
    ];
    for (operation, wanted, refused) in steps {
        let answer = idp.patch(path, json!([operation])).await;
        untrue.unless((answer.status == 400) == refused, || format!("{answer}"));
        let read = idp.get(path).await.ok().body;
        let mut sample = json!({ "schemas": [] });
        place.put(&mut sample, wanted);
        if place.is_complex() {
            let subs = items(&place.attribute["subAttributes"]);
            for sub in subs.iter().filter(|sub| sub["mutability"] != "readOnly") {
                let part = Place { parent: Some(place.attribute), attribute: sub, ..place };
                expect(untrue, &operation.to_string(), part, &read, &part.values(&sample));
            }
        } else {
            expect(untrue, &operation.to_string(), place, &read, &place.values(&sample));
        }
    }
}

/// A part of an attribute: of the only value, or of the element that a filter on another part selects.
async fn part(
    idp: &Client,
    world: &World,
    path: &str,
    place: Place<'_>,
    known: &[(String, Value)],
    untrue: &mut Untrue,
) {
    let sample = world.value(place.top(), 3, known).unwrap();
    let set = json!([{ "op": "replace", "path": place.parent_place().path(), "value": sample }]);
    untrue.unless(idp.patch(path, set.clone()).await.status < 300, || format!("{set}"));
    let subs = items(&place.top()["subAttributes"]);
    let selector = subs.iter().find(|sub| {
        place.is_multi_valued()
            && sub["name"] != place.attribute["name"]
            && sub["mutability"] == "readWrite"
            && ["string", "binary"].contains(&text(&sub["type"]))
    });
    let filter = selector.map(|sub| {
        let name = text(&sub["name"]);
        format!("[{name} eq {}]", sample[0][name])
    });
    let name = place.path_where(&filter.unwrap_or_default());
    // A member of a group of values that refer to a resource must stay the name of one.
    let current = if place.is_multi_valued() { &sample[0] } else { &sample };
    let fresh = match simple(place.attribute, 2, 0) {
        Value::Bool(_) => json!(current[place.name()] != true),
        other => other,
    };
    let others: Vec<Value> = sample
        .as_array()
        .into_iter()
        .flatten()
        .skip(1)
        .map(|element| place.as_read(element[place.name()].clone()))
        .collect();
    for (operation, mine) in [
        (json!({ "op": "replace", "path": name, "value": fresh }), Some(fresh.clone())),
        (json!({ "op": "remove", "path": name }), None),
        (json!({ "op": "add", "path": name, "value": fresh }), Some(fresh)),
    ] {
        let answer = idp.patch(path, json!([operation])).await;
        if mine.is_none() && place.attribute["required"] == true {
            untrue.unless(answer.status == 400, || format!("{name} is required: {answer}"));
            continue;
        }
        untrue.unless(answer.status < 300, || format!("{answer}"));
        let read = idp.get(path).await.ok().body;
        let mut wanted = others.clone();
        wanted.extend(mine.map(|value| place.as_read(value)));
        expect(untrue, &operation.to_string(), place, &read, &wanted);
    }
}

fn expect(untrue: &mut Untrue, what: &str, place: Place<'_>, read: &Value, wanted: &[Value]) {
    if place.is_complex() {
        untrue.unless(wanted.is_empty() == place.values(read).is_empty(), || {
            format!("{what}: {} is {:?}, should be {wanted:?}", place.path(), place.values(read))
        });
        return;
    }
    let found = place.values(read);
    let same = found.len() == wanted.len() && wanted.iter().all(|value| found.contains(value));
    untrue.unless(same, || format!("{what}: {} is {found:?}, should be {wanted:?}", place.path()));
}
