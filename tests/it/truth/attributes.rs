//! Each attribute that `/Schemas` advertises, by its characteristics: mutability, returned, required, uniqueness, type.

use serde_json::{Value, json};

use super::{
    Untrue, queries,
    world::{Place, Type, World, items, simple, text},
    writes,
};
use crate::{
    client::{Answer, Client},
    server::both,
};

/// Resources of each type: one of each that has nothing but what is required, then two that have everything.
pub(super) async fn populate(idp: &Client, world: &World) -> Vec<(String, Value)> {
    let mut known = Vec::new();
    for seed in [0, 1] {
        for kind in &world.types {
            let created = idp.post(&kind.endpoint, &kind.bare(world, 90 + seed)).await.created();
            known.push((kind.name.clone(), created.body));
        }
    }
    let targets = known.clone();
    for seed in [0, 1] {
        for kind in &world.types {
            let created = idp.post(&kind.endpoint, &kind.whole(world, seed, &targets)).await.created();
            let read = idp.get(&address(kind, &created.body)).await.ok();
            known.push((kind.name.clone(), read.body));
        }
    }
    known
}

/// The resource of this type that was made with everything from this seed.
pub(super) fn whole_one<'a>(known: &'a [(String, Value)], kind: &Type, seed: usize) -> &'a Value {
    let mut of_kind = known.iter().filter(|(name, _)| *name == kind.name);
    &of_kind.nth(2 + seed).unwrap().1
}

pub(super) fn address(kind: &Type, resource: &Value) -> String {
    format!("{}/{}", kind.endpoint, text(&resource["id"]))
}

fn is_refused(answer: &Answer, scim_types: &[&str]) -> bool {
    answer.status == 400 && scim_types.contains(&text(&answer["scimType"]))
}

#[tokio::test]
async fn what_may_be_written_is_kept_and_read_back() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let mut untrue = Untrue::default();
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let sent = kind.whole(&world, 0, &known[..2 * world.types.len()]);
            let read = whole_one(&known, kind, 0);
            for place in kind.places().into_iter().filter(|place| !place.is_complex() && place.is_readable())
            {
                let wanted = place.values(&sent);
                if !place.is_read_only() {
                    let found = place.values(read);
                    let same =
                        wanted.len() == found.len() && wanted.iter().all(|value| found.contains(value));
                    untrue.unless(same, || {
                        format!("POST of {}: sent {wanted:?}, read {found:?}", place.path())
                    });
                }
            }
            writes::put_and_patch(idp, &world, kind, &known, &mut untrue).await;
        }
        untrue.report();
    })
    .await;
}

#[tokio::test]
async fn what_may_be_read_is_found_sorted_and_projected() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let mut untrue = Untrue::default();
        populate(idp, &world).await;
        for kind in &world.types {
            let all = idp.get(&format!("{}?count=100", kind.endpoint)).await.list();
            for place in kind.places() {
                if place.is("returned", "request") {
                    // Shown to those who name it, and found by all.
                    untrue.unless(all.iter().all(|resource| place.values(resource).is_empty()), || {
                        format!("{} is shown unasked", place.path())
                    });
                    let asked = format!("{}?count=100&attributes={}", kind.endpoint, place.path());
                    let asked = idp.get(&asked).await.list();
                    untrue.unless(asked.iter().any(|resource| !place.values(resource).is_empty()), || {
                        format!("{} is not shown to those who ask", place.path())
                    });
                    queries::filter(idp, &world, kind, place, &asked, &mut untrue).await;
                    continue;
                }
                queries::filter(idp, &world, kind, place, &all, &mut untrue).await;
                queries::sort(idp, &world, kind, place, &all, &mut untrue).await;
                queries::project(idp, kind, place, &all, &mut untrue).await;
            }
        }
        untrue.report();
    })
    .await;
}

/// A read-only attribute is ignored in a body (RFC 7644 sections 3.3 and 3.5.1), and no target of an operation.
#[tokio::test]
async fn what_is_read_only_is_ignored_in_bodies_and_refused_in_paths() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let mut untrue = Untrue::default();
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let mut tried = 0;
            for place in kind.places().into_iter().filter(|place| place.is_read_only()) {
                tried += 1;
                let before = whole_one(&known, kind, 0);
                let path = address(kind, before);
                let forged = if place.is_complex() {
                    json!([{ "value": "x" }])
                } else {
                    simple(place.attribute, 77, 0)
                };
                if !place.is_complex() {
                    let mut body = before.clone();
                    let mut element = place.whole(before).get(0).cloned().unwrap_or(json!({}));
                    element[place.name()] = forged.clone();
                    place.put(
                        &mut body,
                        if place.parent.is_none() { forged.clone() } else { json!([element]) },
                    );
                    idp.put(&path, &body).await.ok();
                    let read = idp.get(&path).await.ok().body;
                    let values = place.values(&read);
                    untrue
                        .unless(!values.contains(&forged) || place.values(before).contains(&forged), || {
                            format!("PUT of {}, which is read-only, was taken", place.path())
                        });
                    idp.put(&path, before).await.ok();
                }
                for op in ["add", "replace", "remove"] {
                    let operation = json!([{ "op": op, "path": place.path(), "value": forged }]);
                    let answer = idp.patch(&path, operation).await;
                    untrue.unless(is_refused(&answer, &["mutability"]), || {
                        format!("{op} of {}, which is read-only: {answer}", place.path())
                    });
                }
            }
            let read = idp.get(&address(kind, whole_one(&known, kind, 0))).await.ok().body;
            let unchanged = kind.places().into_iter().all(|place| {
                let (before, after) = (place.values(whole_one(&known, kind, 0)), place.values(&read));
                before.len() == after.len() && before.iter().all(|value| after.contains(value))
            });
            untrue.unless(unchanged, || format!("{} changed: {read}", kind.name));
            eprintln!("{}: {tried} read-only attributes", kind.name);
        }
        untrue.report();
    })
    .await;
}

/// An immutable part of an element comes and goes with the element, and cannot be changed in it.
#[tokio::test]
async fn what_is_immutable_cannot_be_changed_in_place() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let mut untrue = Untrue::default();
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let resource = whole_one(&known, kind, 0);
            for place in kind.places().into_iter().filter(|place| place.is("mutability", "immutable")) {
                let current = place.parent_place().values(resource);
                let filter = format!("[value eq {}]", current[0]["value"]);
                let path = if place.parent.is_some() { place.path_where(&filter) } else { place.path() };
                let other = match items(&place.attribute["canonicalValues"]).as_slice() {
                    [] => simple(place.attribute, 3, 0),
                    values => {
                        values.iter().find(|value| **value != current[0][place.name()]).unwrap().clone()
                    }
                };
                let operation = json!([{ "op": "replace", "path": path, "value": other }]);
                let answer = idp.patch(&address(kind, resource), operation).await;
                untrue.unless(is_refused(&answer, &["mutability"]), || {
                    format!("replace of {path}, which is immutable: {answer}")
                });
            }
        }
        untrue.report();
    })
    .await;
}

#[tokio::test]
async fn what_is_write_only_never_comes_back() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let mut untrue = Untrue::default();
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let resource = whole_one(&known, kind, 0);
            for place in kind.places().into_iter().filter(|place| !place.is_readable()) {
                let (name, path) = (place.path(), address(kind, resource));
                let mut answers = Vec::new();
                let secret = simple(place.attribute, 2, 0);
                for op in ["add", "replace"] {
                    let change = json!([{ "op": op, "path": name, "value": secret }]);
                    answers.push(idp.patch(&format!("{path}?attributes={name}"), change).await.is(200));
                }
                let mut body = kind.whole(&world, 0, &[]);
                place.put(&mut body, secret.clone());
                answers.push(idp.put(&path, &body).await.ok());
                answers.push(idp.get(&path).await.ok());
                answers.push(idp.query(&path, &[("attributes", &name)]).await.ok());
                answers.push(idp.query(&kind.endpoint, &[("attributes", &name)]).await);
                for answer in answers {
                    untrue.unless(!answer.text.contains(text(&secret)), || {
                        format!("{name} was told: {answer}")
                    });
                    let listed = answer["Resources"].as_array().into_iter().flatten();
                    for resource in listed.chain([&answer.body]) {
                        untrue.unless(place.values(resource).is_empty(), || {
                            format!("{name} was told: {answer}")
                        });
                    }
                }
                for filter in [format!("{name} pr"), format!("{name} eq \"x\"")] {
                    let answer = idp.query(&kind.endpoint, &[("filter", &filter)]).await;
                    untrue.unless(is_refused(&answer, &["invalidFilter", "sensitive"]), || {
                        format!("a filter may guess {name}: {answer}")
                    });
                }
                let answer = idp.query(&kind.endpoint, &[("sortBy", &name)]).await;
                untrue.unless(answer.status == 400, || format!("an order may tell {name}: {answer}"));
            }
        }
        untrue.report();
    })
    .await;
}

#[tokio::test]
async fn what_is_required_must_be_there() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let mut untrue = Untrue::default();
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let resource = whole_one(&known, kind, 0);
            let path = address(kind, resource);
            let required = kind.places().into_iter().filter(|place| place.attribute["required"] == true);
            for place in required.filter(|place| place.parent.is_none() && !place.is_read_only()) {
                for nothing in [None, Some(Value::Null), Some(json!(""))] {
                    let mut body = kind.bare(&world, 50);
                    body.as_object_mut().unwrap().remove(place.name());
                    if let Some(nothing) = &nothing {
                        place.put(&mut body, nothing.clone());
                    }
                    for answer in [idp.post(&kind.endpoint, &body).await, idp.put(&path, &body).await] {
                        untrue.unless(is_refused(&answer, &["invalidValue"]), || {
                            format!("{} is required: {answer}", place.path())
                        });
                    }
                }
                for operation in [
                    json!([{ "op": "remove", "path": place.path() }]),
                    json!([{ "op": "replace", "path": place.path(), "value": null }]),
                    json!([{ "op": "replace", "value": { place.name(): null } }]),
                ] {
                    let answer = idp.patch(&path, operation).await;
                    untrue.unless(is_refused(&answer, &["invalidValue", "mutability"]), || {
                        format!("{} is required: {answer}", place.path())
                    });
                }
            }
            for urn in &kind.required_extensions {
                let mut body = kind.whole(&world, 51, &[]);
                body.as_object_mut().unwrap().remove(urn);
                let answer = idp.post(&kind.endpoint, &body).await;
                untrue.unless(answer.status == 400, || format!("the extension {urn} is required: {answer}"));
            }
        }
        untrue.report();
    })
    .await;
}

#[tokio::test]
async fn what_is_unique_is_409_the_second_time_as_its_case_says() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let mut untrue = Untrue::default();
        let known = populate(idp, &world).await;
        let mut tried = 0;
        for kind in &world.types {
            let (one, other) = (whole_one(&known, kind, 0), whole_one(&known, kind, 1));
            let unique = kind.places().into_iter().filter(|place| !place.is("uniqueness", "none"));
            for place in unique.filter(|place| place.is_writable() && place.parent.is_none()) {
                tried += 1;
                let taken = place.values(one)[0].clone();
                let path = address(kind, other);
                for (value, collides) in
                    [(taken.clone(), true), (json!(text(&taken).to_uppercase()), !place.is_case_exact())]
                {
                    let mut body = kind.bare(&world, 60);
                    place.put(&mut body, value.clone());
                    let change = json!([{ "op": "replace", "path": place.path(), "value": value }]);
                    let mut answers = vec![idp.post(&kind.endpoint, &body).await];
                    answers.push(idp.put(&path, &body).await);
                    answers.push(idp.patch(&path, change).await);
                    for answer in answers {
                        let refused = answer.status == 409 && answer["scimType"] == "uniqueness";
                        untrue
                            .unless(refused == collides, || format!("{} is unique: {answer}", place.path()));
                    }
                }
                // Its own value, spelled otherwise, is no collision.
                let own = json!(text(&place.values(other)[0]).to_lowercase());
                let change = json!([{ "op": "replace", "path": place.path(), "value": own }]);
                let answer = idp.patch(&path, change).await;
                untrue.unless(answer.status < 300, || {
                    format!("{} collides with itself: {answer}", place.path())
                });
            }
        }
        assert!(tried > 0, "nothing is advertised as unique");
        untrue.report();
    })
    .await;
}

#[tokio::test]
async fn a_value_of_another_type_is_refused() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let mut untrue = Untrue::default();
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let path = address(kind, whole_one(&known, kind, 0));
            for place in kind.places().into_iter().filter(|place| !place.is_read_only()) {
                // A reference is derived from the id beside it, and what a client says of it is not read.
                if world.is_address(place) && place.is("mutability", "immutable") {
                    continue;
                }
                let mut body = kind.bare(&world, 70);
                place.put_wrong(&mut body);
                let mut answers = vec![idp.post(&kind.endpoint, &body).await, idp.put(&path, &body).await];
                if place.parent.is_none() && !place.is_multi_valued() {
                    let value = world.value(place.attribute, 0, &known).unwrap();
                    let mut body = kind.bare(&world, 71);
                    place.put(&mut body, json!([value, value]));
                    answers.push(idp.post(&kind.endpoint, &body).await);
                }
                for answer in answers {
                    untrue.unless(is_refused(&answer, &["invalidValue", "invalidSyntax"]), || {
                        format!("{} is {}: {answer}", place.path(), place.attribute["type"])
                    });
                }
                if place.is_writable() && place.parent.is_none() {
                    let change = json!([{ "op": "replace", "path": place.path(), "value": place.wrong() }]);
                    let answer = idp.patch(&path, change).await;
                    untrue.unless(is_refused(&answer, &["invalidValue"]), || {
                        format!("{} is {}: {answer}", place.path(), place.attribute["type"])
                    });
                }
            }
        }
        untrue.report();
    })
    .await;
}

/// What no schema has is not kept, not found, and no target of an operation: the schemas are whole.
#[tokio::test]
async fn what_is_not_advertised_is_not_there() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        for kind in &world.types {
            let mut body = kind.bare(&world, 0);
            body["unadvertised"] = json!("x");
            let created = idp.post(&kind.endpoint, &body).await.created();
            assert!(created["unadvertised"].is_null(), "{created}");
            let answer = idp.query(&kind.endpoint, &[("filter", "unadvertised eq \"x\"")]).await;
            answer.error(400, Some("invalidFilter"));
            let change = json!([{ "op": "add", "path": "unadvertised", "value": "x" }]);
            idp.patch(&address(kind, &created.body), change).await.error(400, Some("invalidPath"));
            // And nothing is answered that is not advertised, but what every resource has (RFC 7643 section 3.1).
            let whole = idp.post(&kind.endpoint, &kind.whole(&world, 1, &[])).await.created();
            let known: Vec<String> =
                kind.places().iter().map(|place: &Place<'_>| place.name().to_owned()).collect();
            let common = ["schemas", "id", "externalId", "meta"];
            for name in whole.body.as_object().unwrap().keys() {
                let is_extension = kind.schemas.iter().any(|schema| schema["id"] == json!(name));
                assert!(
                    known.contains(name) || common.contains(&name.as_str()) || is_extension,
                    "{name}: {whole}"
                );
            }
        }
    })
    .await;
}
