//! Groups larger than memory should hold, from a service that has nothing but members.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use clap::Parser as _;
use http_body_util::BodyExt as _;
use rollcall_proto::identity::{
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, GroupView, ListGroupsRequest,
    ListGroupsResponse, ListMembersResponse, MemberType, PatchGroupRequest, ReplaceGroupRequest,
    SetGroupSourceRequest,
    group_service_server::{GroupService, GroupServiceServer},
};
use rollcall_serve::{channel, http as server, listener};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait, service::Routes};
use tower::ServiceExt as _;

use super::*;
use crate::{
    clients::{Clients, Gateway},
    config::Config,
    router::build,
};

const GROUP: &str = "0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

/// Groups of so many members, of which those from `broken` on cannot be read.
#[derive(Clone)]
struct Crowd {
    members: usize,
    broken: usize,
    pages: Arc<AtomicUsize>,
}

impl Crowd {
    fn page(&self, start: usize, size: usize) -> Result<(Vec<Member>, String), Status> {
        let end = self.members.min(start + size);
        if end > self.broken {
            return Err(Status::unavailable("broken"));
        }
        let member = |number: usize| Member {
            id: format!("{number:08}"),
            r#type: MemberType::User.into(),
            display_name: format!("User {number}"),
        };
        let next = if end < self.members { end.to_string() } else { String::new() };
        Ok(((start..end).map(member).collect(), next))
    }

    /// A group with the first `size` of its members.
    fn group(&self, view: GroupView, size: usize) -> Result<Group, Status> {
        let (members, members_next_page_token) =
            if view == GroupView::Basic { (vec![], String::new()) } else { self.page(0, size)? };
        let name = format!("accounts/acme/groups/{GROUP}");
        let display_name = "crowd".to_owned();
        Ok(Group { name, display_name, members, members_next_page_token, ..Group::default() })
    }
}

#[async_trait]
impl GroupService for Crowd {
    async fn get_group(&self, request: Request<GetGroupRequest>) -> Result<Response<Group>, Status> {
        Ok(Response::new(self.group(request.get_ref().view(), 1000)?))
    }

    async fn list_groups(
        &self,
        request: Request<ListGroupsRequest>,
    ) -> Result<Response<ListGroupsResponse>, Status> {
        let view = request.get_ref().view();
        let groups = vec![self.group(view, 1000)?, self.group(view, 0)?, self.group(view, 0)?];
        Ok(Response::new(ListGroupsResponse { groups, total_size: 3, next_page_token: String::new() }))
    }

    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<ListMembersResponse>, Status> {
        self.pages.fetch_add(1, Ordering::Relaxed);
        let start = request.get_ref().page_token.parse().map_err(|_| Status::invalid_argument("token"))?;
        let (members, next_page_token) = self.page(start, 5000)?;
        Ok(Response::new(ListMembersResponse { members, next_page_token }))
    }

    async fn create_group(&self, _: Request<CreateGroupRequest>) -> Result<Response<Group>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn replace_group(&self, _: Request<ReplaceGroupRequest>) -> Result<Response<Group>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn patch_group(&self, _: Request<PatchGroupRequest>) -> Result<Response<Group>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn delete_group(&self, _: Request<DeleteGroupRequest>) -> Result<Response<()>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn set_group_source(&self, _: Request<SetGroupSourceRequest>) -> Result<Response<Group>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

fn crowd(members: usize, broken: usize) -> (axum::Router, Arc<AtomicUsize>) {
    let pages = Arc::new(AtomicUsize::new(0));
    let crowd = Crowd { members, broken, pages: Arc::clone(&pages) };
    let identity = channel::in_process(Routes::new(GroupServiceServer::new(crowd)));
    let clients = Clients::new(identity, channel::connect("http://127.0.0.1:1").unwrap());
    let flags = ["x", "--public-url", "https://s.example", "--scim-token-cache-ms", "40000"];
    let gateway = Gateway::new(clients, Flags::try_parse_from(flags).unwrap().config);
    gateway.tokens.trust("acme", "good", Duration::ZERO);
    (build(gateway), pages)
}

fn get(path: &str) -> http::Request<Body> {
    let request = http::Request::builder().uri(format!("/acme/scim/v2{path}"));
    request.header("authorization", "Bearer good").body(Body::empty()).unwrap()
}

async fn read(members: usize, path: &str) -> Value {
    let answer = crowd(members, usize::MAX).0.oneshot(get(path)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/scim+json");
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test]
async fn a_group_of_any_size_is_shown_whole() {
    for members in [0, 1, 1000, 1001, 6000, 6001, 23_456] {
        let shown = |group: &Value, attributes: &[&str]| {
            let all = group["members"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert_eq!(all.len(), members);
            for (number, member) in all.iter().enumerate() {
                if attributes.contains(&"value") {
                    assert_eq!(member["value"], format!("{number:08}"));
                }
                assert_eq!(member.as_object().unwrap().keys().collect::<Vec<_>>(), attributes);
            }
            assert!(members > 0 || group.get("members").is_none());
        };
        let path = format!("/Groups/{GROUP}");
        let group = read(members, &path).await;
        shown(&group, &["value", "$ref", "type"]);
        assert_eq!(group["meta"]["location"], format!("https://s.example/acme/scim/v2{path}"));
        shown(&read(members, &format!("{path}?attributes=members.value,meta")).await, &["value"]);
        shown(&read(members, &format!("{path}?attributes=members.display")).await, &["display"]);
        shown(
            &read(members, &format!("{path}?excludedAttributes=members.display,displayName")).await,
            &["value", "$ref", "type"],
        );
        for nothing in ["attributes=displayName", "attributes=members.nope", "excludedAttributes=members"] {
            let group = read(members, &format!("{path}?{nothing}")).await;
            assert_eq!(group.get("members"), None, "{nothing}");
        }
        let list = read(members, "/Groups").await;
        assert_eq!(
            (&list["totalResults"], &list["itemsPerPage"], &list["startIndex"]),
            (&json!(3), &json!(3), &json!(1))
        );
        for group in list["Resources"].as_array().unwrap() {
            shown(group, &["value", "$ref", "type"]);
        }
    }
}

#[tokio::test]
async fn members_are_read_as_they_are_sent() {
    let (router, pages) = crowd(100_000, usize::MAX);
    let answer = router.oneshot(get(&format!("/Groups/{GROUP}"))).await.unwrap();
    assert_eq!(pages.load(Ordering::Relaxed), 0);
    let mut body = answer.into_body();
    let mut largest = 0;
    for read in 0_usize.. {
        let Some(frame) = body.frame().await else { break };
        largest = largest.max(frame.unwrap().into_data().unwrap().len());
        assert!(pages.load(Ordering::Relaxed) <= read);
    }
    assert_eq!(pages.load(Ordering::Relaxed), 20);
    assert!(largest < 1 << 20, "{largest}");
}

#[tokio::test]
async fn a_failure_on_the_way_breaks_the_connection() {
    let (router, _) = crowd(20_000, 10_000);
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let served = tokio::spawn(server::serve(listener, router, server::Limits::default(), shutdown.clone()));
    for path in [format!("/Groups/{GROUP}"), "/Groups".to_owned()] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET /acme/scim/v2{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The server closes it, in order or not.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("00005999"), "{answer:.300}");
        assert!(answer.to_lowercase().contains("transfer-encoding: chunked\r\n"), "{answer:.300}");
        assert!(!answer.ends_with("0\r\n\r\n"), "the end of a whole body");
    }
    shutdown.cancel();
    served.await.unwrap();
}

#[tokio::test]
async fn a_failure_before_the_first_byte_is_an_answer() {
    for path in [format!("/Groups/{GROUP}"), "/Groups".to_owned()] {
        let answer = crowd(20_000, 500).0.oneshot(get(&path)).await.unwrap();
        assert_eq!(answer.status(), 503);
    }
}
