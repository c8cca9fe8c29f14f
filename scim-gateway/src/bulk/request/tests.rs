//! From bodies to operations.

use super::*;

const ID: &str = "0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

fn read(operations: Value) -> Bulk {
    Bulk::read(json!({ "schemas": [REQUEST], "operations": operations })).unwrap()
}

#[test]
fn an_operation_that_cannot_be_done_says_why() {
    let id = format!("/Users/{ID}");
    for (operation, status, part) in [
        (json!("POST /Users"), 400, "object"),
        (json!({ "path": "/Users", "data": {} }), 400, "method"),
        (json!({ "method": "GET", "path": "/Users" }), 400, "method"),
        (json!({ "method": "POST", "bulkId": "a", "data": {} }), 400, "path"),
        (json!({ "method": "POST", "path": 1, "data": {} }), 400, "path"),
        (json!({ "method": "POST", "path": "/Users", "data": {} }), 400, "bulkId"),
        (json!({ "method": "POST", "path": "/Users", "bulkId": "", "data": {} }), 400, "bulkId"),
        (json!({ "method": "POST", "path": "/Users", "bulkId": "a" }), 400, "data"),
        (json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": [] }), 400, "data"),
        (json!({ "method": "PUT", "path": id, "data": "{}" }), 400, "data"),
        (json!({ "method": "POST", "path": "/Userz", "bulkId": "a", "data": {} }), 404, ""),
        (json!({ "method": "POST", "path": "/", "bulkId": "a", "data": {} }), 404, ""),
        (json!({ "method": "DELETE", "path": "/Users/1" }), 404, ""),
        (json!({ "method": "DELETE", "path": format!("{id}/x") }), 404, ""),
        (json!({ "method": "DELETE", "path": "/Users" }), 405, ""),
        (json!({ "method": "POST", "path": id, "bulkId": "a", "data": {} }), 405, ""),
        (json!({ "method": "DELETE", "path": id, "version": 3 }), 400, "version"),
        (json!({ "method": "DELETE", "path": id, "version": "3" }), 400, "version"),
    ] {
        let bulk = read(json!([operation]));
        let error = bulk.operations[0].action.as_ref().unwrap_err();
        assert_eq!(error.status(), status, "{operation}: {error}");
        assert!(error.to_string().contains(part), "{operation}: {error}");
    }
}

#[test]
fn an_operation_is_read_as_it_is_written() {
    let bulk = read(json!([
        { "method": "post", "path": "Users/", "bulkId": "a", "data": {}, "version": "ignored" },
        { "method": "PATCH", "path": "/Groups/bulkId:b", "data": [{ "op": "add" }], "version": "W/\"3\"" },
        { "method": "DELETE", "path": format!("/Groups/{ID}"), "data": 1, "version": null },
        { "method": "POST", "path": "/Groups", "bulkId": "b", "data": { "members": [{ "value": "bulkId:a" }] } },
    ]));
    let [post, patch, delete, _] = [0, 1, 2, 3].map(|index| bulk.operations[index].action.as_ref().unwrap());
    assert!(matches!(
        (post.method, post.kind, &post.target),
        (Method::Post, ResourceType::User, Target::New)
    ));
    assert!(matches!(&patch.target, Target::Reference(name) if name == "b"));
    assert_eq!(patch.body, json!({ "schemas": [patch::MESSAGE], "Operations": [{ "op": "add" }] }));
    assert_eq!((&*patch.etags, &*delete.etags), (&["W/\"3\"".to_owned()][..], &[][..]));
    assert!(matches!((delete.method, &delete.target), (Method::Delete, Target::Id(_))));
    assert_eq!(bulk.operations[0].method, "POST");
    assert_eq!(bulk.needs(), [vec![], vec![3], vec![], vec![0]]);
}

#[test]
fn a_request_that_means_nothing_is_refused_whole() {
    let post = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": {} });
    for (body, status, part) in [
        (json!({ "Operations": [] }), 400, "schemas"),
        (json!({ "schemas": [REQUEST] }), 400, "Operations"),
        (json!({ "schemas": [REQUEST], "Operations": {} }), 400, "Operations"),
        (json!({ "schemas": [REQUEST], "Operations": [], "failOnErrors": 0 }), 400, "failOnErrors"),
        (json!({ "schemas": [REQUEST], "Operations": [], "failOnErrors": "1" }), 400, "failOnErrors"),
        (json!({ "schemas": [REQUEST], "Operations": [post, post] }), 400, "bulkId \"a\""),
        (json!({ "schemas": [REQUEST], "Operations": vec![0; 1001] }), 413, "1000"),
    ] {
        let error = Bulk::read(body.clone()).unwrap_err();
        assert_eq!(error.status(), status, "{body:.100}: {error}");
        assert!(error.to_string().contains(part), "{body:.100}: {error}");
    }
    let most = Bulk::read(json!({ "schemas": [REQUEST], "Operations": vec![0; 1000], "failOnErrors": 2 }));
    assert_eq!(most.unwrap().fail_on_errors, Some(2));
}
