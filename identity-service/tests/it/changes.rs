use rollcall_proto::identity::{ChangeAction, DeleteUserRequest, ListChangesRequest, PatchOp};
use serde_json::json;

use crate::service::{ACCOUNT, both, group, id, op, user};

#[test]
fn the_log_has_every_change_in_order_without_gaps() {
    both(async |mut service| {
        let anna = service.create(user("anna")).await.unwrap();
        let ben = service.create(user("ben")).await.unwrap();
        service.create(user("anna")).await.unwrap_err();
        let staff = service.create_group(group("Staff", &[&anna])).await.unwrap();
        let swap = vec![
            op(PatchOp::Add, "members", json!([{"value": id(&ben.name)}])),
            op(PatchOp::Remove, "members", json!([{"value": id(&anna.name)}])),
        ];
        service.patch_group(&staff.name, swap).await.unwrap();
        let nothing = op(PatchOp::Replace, "displayName", json!("Staff"));
        service.patch_group(&staff.name, vec![nothing]).await.unwrap();
        service
            .users
            .delete_user(DeleteUserRequest { name: ben.name.clone(), etags: vec![], writer: 0 })
            .await
            .unwrap();

        let request = ListChangesRequest { parent: ACCOUNT.to_owned(), after_revision: 0, page_size: 0 };
        let log = service.changes.list_changes(request).await.unwrap().into_inner();
        let seen: Vec<_> = log
            .changes
            .iter()
            .map(|c| {
                (c.revision, c.action(), c.resource.as_str(), c.members_added.len(), c.members_removed.len())
            })
            .collect();
        assert_eq!(
            seen,
            [
                (1, ChangeAction::Created, anna.name.as_str(), 0, 0),
                (2, ChangeAction::Created, ben.name.as_str(), 0, 0),
                (3, ChangeAction::Created, staff.name.as_str(), 1, 0),
                (4, ChangeAction::Updated, staff.name.as_str(), 1, 1),
                (5, ChangeAction::Updated, staff.name.as_str(), 0, 1),
                (6, ChangeAction::Deleted, ben.name.as_str(), 0, 0),
            ]
        );
        assert_eq!(log.head_revision, 6);
        let rest = ListChangesRequest { parent: ACCOUNT.to_owned(), after_revision: 4, page_size: 1 };
        let rest = service.changes.list_changes(rest).await.unwrap().into_inner();
        assert_eq!((rest.changes.len(), rest.changes[0].revision, rest.head_revision), (1, 5, 6));
    });
}
