//! Look-ups by card, beside what the way to them costs alone.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use rollcall_db::{Address, Database};
use rollcall_identity_service::Service;
use rollcall_key::Keys;
use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchCheckMembershipsResponse, BatchListUserGroupsRequest,
    BatchListUserGroupsResponse, BatchLookupCardsRequest, BatchLookupCardsResponse, BatchLookupUsersRequest,
    BatchLookupUsersResponse, CardLookup, CreateUserRequest, PrintCard, PrintUser, User, UserView,
    lookup_service_client::LookupServiceClient,
    lookup_service_server::{LookupService, LookupServiceServer},
    user_service_client::UserServiceClient,
};
use rollcall_serve::{CancellationToken, Channel, Routes, channel, grpc, listener};
use tonic::{Request, Response, Status};

use crate::{Error, client::Client, report, server::Server};

/// Callers at once, for the rate.
const CALLERS: usize = 16;
/// How long each is measured, and how often in turn.
const SPAN: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

/// Answers every look-up with the same message.
struct Echo(BatchLookupCardsResponse);

#[tonic::async_trait]
impl LookupService for Echo {
    async fn batch_lookup_cards(
        &self,
        _: Request<BatchLookupCardsRequest>,
    ) -> Result<Response<BatchLookupCardsResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }

    async fn batch_lookup_users(
        &self,
        _: Request<BatchLookupUsersRequest>,
    ) -> Result<Response<BatchLookupUsersResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn batch_list_user_groups(
        &self,
        _: Request<BatchListUserGroupsRequest>,
    ) -> Result<Response<BatchListUserGroupsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn batch_check_memberships(
        &self,
        _: Request<BatchCheckMembershipsRequest>,
    ) -> Result<Response<BatchCheckMembershipsResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

fn request(number: usize) -> BatchLookupCardsRequest {
    BatchLookupCardsRequest {
        min_revision: 0,
        parent: "accounts/default".to_owned(),
        numbers: vec![format!("7{number:09}")],
        station: String::new(),
        view: UserView::Basic.into(),
    }
}

pub(crate) async fn run(client: &Client, server: &Server, size: usize) -> Result<(), Error> {
    client.fill_cards("c", size, "7").await?;
    let remote = LookupServiceClient::new(channel::connect(&server.identity)?);
    let sample = remote.clone().batch_lookup_cards(request(0)).await?.into_inner();
    if sample.results.first().and_then(|found| found.user.as_ref()).is_none() {
        return Err("the card was not found".into());
    }
    // An echo in this process, over loopback and without it.
    let routes = || Routes::new(LookupServiceServer::new(Echo(sample.clone())));
    let echo_listener = listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let echo_url = format!("http://{}", echo_listener.local_addr()?);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(grpc::serve(echo_listener, routes(), stop.clone()));
    let echo = LookupServiceClient::new(channel::connect(&echo_url)?);
    let echo_near = LookupServiceClient::new(channel::in_process(routes()));
    // The service in this process, on a database of its own.
    let home = tempfile::tempdir()?;
    let address = Address::Sqlite(home.path().join("identity.db"));
    let db =
        Database::open(&address, &rollcall_db::Options::default(), rollcall_identity_service::migrations())?;
    let near_channel = channel::in_process(Service::new(db, &Keys::generate()?).routes()?);
    let mut users = UserServiceClient::new(near_channel.clone());
    for number in 0..1000 {
        let card = PrintCard { slot: 1, number: format!("7{number:09}"), ..PrintCard::default() };
        let user = User {
            user_name: format!("c{number}"),
            active: Some(true),
            print: Some(PrintUser { cards: vec![card], ..PrintUser::default() }),
            ..User::default()
        };
        let create = CreateUserRequest {
            parent: "accounts/default".to_owned(),
            user: Some(user),
            ..Default::default()
        };
        users.create_user(create).await?;
    }
    let near = LookupServiceClient::new(near_channel);

    let mut rates: [Vec<f64>; 2] = Default::default();
    let mut medians: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        rates[0].push(rate(&echo, 1000).await?);
        rates[1].push(rate(&remote, size).await?);
        for (into, (lookups, among)) in
            medians.iter_mut().zip([(&echo, 1000), (&remote, size), (&echo_near, 1000), (&near, 1000)])
        {
            into.push(median_of_one(lookups, among).await?);
        }
    }
    stop.cancel();
    serving.await??;
    let [echo_rate, card_rate] = rates.map(middle);
    report(&format!(
        "look-up by card over loopback, {CALLERS} callers, {size} cards: {card_rate:.0}/s; a bare echo beside it {echo_rate:.0}/s; ratio {:.2}",
        card_rate / echo_rate
    ));
    let [echo_one, card_one, echo_near, near] = medians.map(middle);
    report(&format!(
        "one caller, median: over loopback {card_one:.0} µs, echo {echo_one:.0} µs; in process {near:.0} µs, echo {echo_near:.0} µs"
    ));
    Ok(())
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Look-ups a second by all callers.
async fn rate(lookups: &LookupServiceClient<Channel>, among: usize) -> Result<f64, Error> {
    let start = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let mut lookups = lookups.clone();
        tokio::spawn(async move {
            let mut count = 0_u64;
            let mut number = caller * 7919;
            while start.elapsed() < SPAN {
                number = (number + 104_729) % among;
                found(&lookups.batch_lookup_cards(request(number)).await?.into_inner())?;
                count += 1;
            }
            Ok::<_, Error>(count)
        })
    });
    let mut all = 0;
    for caller in callers.collect::<Vec<_>>() {
        all += caller.await??;
    }
    Ok(all as f64 / start.elapsed().as_secs_f64())
}

/// The median time of a look-up by one caller, in microseconds.
async fn median_of_one(lookups: &LookupServiceClient<Channel>, among: usize) -> Result<f64, Error> {
    let mut lookups = lookups.clone();
    let mut times = Vec::new();
    for turn in 0..2000_usize {
        let start = Instant::now();
        let answer = lookups.batch_lookup_cards(request(turn * 104_729 % among)).await?.into_inner();
        times.push(start.elapsed().as_secs_f64() * 1e6);
        found(&answer)?;
    }
    Ok(middle(times))
}

fn found(answer: &BatchLookupCardsResponse) -> Result<(), Error> {
    match answer.results.as_slice() {
        [CardLookup { user: Some(_), .. }] => Ok(()),
        _ => Err("a card was not found".into()),
    }
}
