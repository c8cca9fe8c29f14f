//! What a station's request is about: the account, and the station that it speaks for.

use prost::Message;
use rollcall_proto::identity::{
    AcknowledgeChangesRequest, BatchCheckMembershipsRequest, BatchListUserGroupsRequest,
    BatchLookupCardsRequest, BatchLookupUsersRequest, ChangeSecretRequest, ListChangesRequest,
    RegisterCardRequest, VerifySecretRequest, WatchChangesRequest,
};

/// The account's resource name, and the station; `None` where a request of its kind names none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) parent: String,
    pub(crate) station: Option<String>,
}

/// Reads the request of an rpc that stations may call. `None` for one that cannot be read, and for every other rpc.
pub(crate) fn about(path: &str, message: &[u8]) -> Option<About> {
    let (_, rpc) = path.strip_prefix("/rollcall.identity.v1.")?.split_once("Service/")?;
    Some(match rpc {
        "BatchLookupCards" => {
            let it = read::<BatchLookupCardsRequest>(message)?;
            About { parent: it.parent, station: Some(it.station) }
        }
        "BatchLookupUsers" => parent(read::<BatchLookupUsersRequest>(message)?.parent),
        "BatchListUserGroups" => parent(read::<BatchListUserGroupsRequest>(message)?.parent),
        "BatchCheckMemberships" => parent(read::<BatchCheckMembershipsRequest>(message)?.parent),
        "ListChanges" => parent(read::<ListChangesRequest>(message)?.parent),
        "WatchChanges" => {
            let it = read::<WatchChangesRequest>(message)?;
            About { parent: it.parent, station: Some(it.station) }
        }
        "AcknowledgeChanges" => {
            let it = read::<AcknowledgeChangesRequest>(message)?;
            About { parent: it.parent, station: Some(it.station) }
        }
        "RegisterCard" => {
            let it = read::<RegisterCardRequest>(message)?;
            About { parent: it.parent, station: Some(it.station) }
        }
        "VerifySecret" => {
            let it = read::<VerifySecretRequest>(message)?;
            About { parent: it.parent, station: Some(it.station) }
        }
        "ChangeSecret" => {
            let it = read::<ChangeSecretRequest>(message)?;
            About {
                parent: it.user.split('/').take(2).collect::<Vec<_>>().join("/"),
                station: Some(it.station),
            }
        }
        _ => return None,
    })
}

fn read<M: Message + Default>(message: &[u8]) -> Option<M> {
    M::decode(message).ok()
}

fn parent(parent: String) -> About {
    About { parent, station: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{role::Role, rules::RULES};

    #[test]
    fn every_rpc_of_stations_says_what_it_is_about() {
        // Field 1 of each is the account.
        let message =
            WatchChangesRequest { parent: "accounts/a".to_owned(), ..WatchChangesRequest::default() };
        for (rpc, who) in RULES {
            let about = about(&format!("/{rpc}"), &message.encode_to_vec());
            let known = about.is_some_and(|about| about.parent == "accounts/a");
            assert_eq!(known, who.contains(&Role::Station), "{rpc}");
        }
        assert_eq!(about("/rollcall.identity.v1.ChangeService/WatchChanges", b"\xff\xff"), None);
    }
}
