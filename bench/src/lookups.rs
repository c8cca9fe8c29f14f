//! Look-ups of print components over gRPC, beside what the way to them costs alone.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rollcall_db::{Address, Database};
use rollcall_identity_service::Service;
use rollcall_key::Keys;
use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchLookupCardsRequest, BatchLookupUsersRequest, CreateUserRequest,
    MembershipCheck, PrintCard, PrintUser, User, UserKey, UserView,
    lookup_service_client::LookupServiceClient, user_key::Key, user_service_client::UserServiceClient,
};
use rollcall_serve::{Channel, channel};

use crate::{Error, client::Client, limits::echo::Echo, report, statistics::middle, target::Target};

/// Callers at once, for the rate.
const CALLERS: usize = 16;
/// Cards of the service in this process.
const NEAR: usize = 1000;
/// Look-ups of one caller, for the median.
const TURNS: usize = 2000;
const PARENT: &str = "accounts/default";

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Card,
    UserName,
    Membership,
}

/// Who can be asked for.
#[derive(Clone, Debug, Default)]
struct Known {
    size: usize,
    ids: Vec<String>,
    group: String,
}

/// Look-ups beside an echo; per-round ratios and medians.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    /// Rates by card, by user name, of membership; and of the echo with the same answers.
    pub(crate) rates: [[Vec<f64>; 2]; 3],
    /// Medians of one caller in microseconds: over loopback and its echo, in process and its echo.
    pub(crate) medians: [Vec<f64>; 4],
}

impl Lookups {
    /// The part of the echo's rate that look-ups of a kind reach.
    pub(crate) fn part(&self, ask: Ask) -> f64 {
        let [own, echo] = &self.rates[ask as usize];
        middle(own.iter().zip(echo).map(|(own, echo)| own / echo).collect())
    }
}

/// Fills the directory with card holders, and asks for them.
pub(crate) async fn measure(
    client: &Client,
    target: &Target,
    directory: &Path,
    size: usize,
    rounds: usize,
    span: Duration,
) -> Result<Lookups, Error> {
    let ids = client.fill_cards("c", size, "7").await?;
    let members = ids.get(..NEAR.min(ids.len())).unwrap_or_default().to_vec();
    let group = client.group("Looked up", &members).await?.trim_start_matches("/Groups/").to_owned();
    let known = Known { size, ids: members, group };
    let remote = LookupServiceClient::new(channel::connect(target.grpc()?)?);
    let sample = Echo {
        cards: remote.clone().batch_lookup_cards(card(0)).await?.into_inner(),
        users: remote.clone().batch_lookup_users(user_name(0)).await?.into_inner(),
        memberships: remote.clone().batch_check_memberships(membership(&known, 0)).await?.into_inner(),
    };
    let home = tempfile::tempdir_in(directory)?;
    let echo_near = LookupServiceClient::new(channel::in_process(sample.clone().routes()));
    let (_process, address) = sample.start(home.path())?;
    let echo = LookupServiceClient::new(channel::connect(&address)?);
    let near = near(home.path()).await?;
    let few = Known { size: NEAR, ..known.clone() };

    let mut all = Lookups::default();
    for _ in 0..rounds {
        for (ask, rates) in [Ask::Card, Ask::UserName, Ask::Membership].into_iter().zip(&mut all.rates) {
            for (lookups, rates) in [&remote, &echo].into_iter().zip(rates) {
                rates.push(rate(lookups, ask, &known, span).await?);
            }
        }
        let callers = [(&remote, &known), (&echo, &few), (&near, &few), (&echo_near, &few)];
        for (medians, (lookups, among)) in all.medians.iter_mut().zip(callers) {
            medians.push(median_of_one(lookups, among).await?);
        }
    }
    Ok(all)
}

/// The scenario by itself.
pub(crate) async fn run(
    client: &Client,
    target: &Target,
    directory: &Path,
    size: usize,
) -> Result<(), Error> {
    let found = measure(client, target, directory, size, 5, Duration::from_secs(2)).await?;
    for ask in [Ask::Card, Ask::UserName, Ask::Membership] {
        let [own, echo] = found.rates[ask as usize].clone().map(middle);
        report(&format!(
            "look-up by {ask:?} over loopback, {CALLERS} callers, {size} cards: {own:.0}/s; a bare echo beside it {echo:.0}/s; ratio {:.2}",
            found.part(ask)
        ));
    }
    let [one, echo, near, echo_near] = found.medians.map(middle);
    report(&format!(
        "by card, one caller, median: over loopback {one:.0} µs, echo {echo:.0} µs; in process {near:.0} µs, echo {echo_near:.0} µs"
    ));
    Ok(())
}

/// The service in this process, on a database of its own, with some cards.
async fn near(home: &Path) -> Result<LookupServiceClient<Channel>, Error> {
    let address = Address::Sqlite(home.join("identity.db"));
    let db =
        Database::open(&address, &rollcall_db::Options::default(), rollcall_identity_service::migrations())?;
    let channel = channel::in_process(Service::new(db, &Keys::generate()?).routes()?);
    let mut users = UserServiceClient::new(channel.clone());
    for number in 0..NEAR {
        let card = PrintCard { slot: 1, number: format!("7{number:09}"), ..PrintCard::default() };
        let user = User {
            user_name: format!("c{number:07}@example.com"),
            active: Some(true),
            print: Some(PrintUser { cards: vec![card], ..PrintUser::default() }),
            ..User::default()
        };
        let create = CreateUserRequest { parent: PARENT.to_owned(), user: Some(user), ..Default::default() };
        users.create_user(create).await?;
    }
    Ok(LookupServiceClient::new(channel))
}

fn card(number: usize) -> BatchLookupCardsRequest {
    BatchLookupCardsRequest {
        parent: PARENT.to_owned(),
        numbers: vec![format!("7{number:09}")],
        view: UserView::Basic.into(),
        ..Default::default()
    }
}

fn user_name(number: usize) -> BatchLookupUsersRequest {
    let key = UserKey { key: Some(Key::UserName(format!("c{number:07}@example.com"))) };
    BatchLookupUsersRequest {
        parent: PARENT.to_owned(),
        keys: vec![key],
        view: UserView::Basic.into(),
        ..Default::default()
    }
}

fn membership(known: &Known, number: usize) -> BatchCheckMembershipsRequest {
    let user_id = known.ids.get(number % known.ids.len().max(1)).cloned().unwrap_or_default();
    BatchCheckMembershipsRequest {
        parent: PARENT.to_owned(),
        checks: vec![MembershipCheck { user_id, group_id: known.group.clone() }],
        ..Default::default()
    }
}

/// Asks once, and looks that the answer is somebody.
async fn ask(
    lookups: &mut LookupServiceClient<Channel>,
    ask: Ask,
    known: &Known,
    number: usize,
) -> Result<(), Error> {
    let found = match ask {
        Ask::Card => {
            let answer = lookups.batch_lookup_cards(card(number)).await?.into_inner();
            matches!(answer.results.as_slice(), [one] if one.user.is_some())
        }
        Ask::UserName => {
            let answer = lookups.batch_lookup_users(user_name(number)).await?.into_inner();
            matches!(answer.results.as_slice(), [one] if one.users.len() == 1)
        }
        Ask::Membership => {
            let answer = lookups.batch_check_memberships(membership(known, number)).await?.into_inner();
            matches!(answer.results.as_slice(), [one] if one.member && one.active)
        }
    };
    if found { Ok(()) } else { Err(format!("{ask:?} {number} was not found").into()) }
}

/// Look-ups a second by all callers.
async fn rate(
    lookups: &LookupServiceClient<Channel>,
    kind: Ask,
    known: &Known,
    span: Duration,
) -> Result<f64, Error> {
    let start = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let (mut lookups, known) = (lookups.clone(), known.clone());
        tokio::spawn(async move {
            let mut count = 0_u64;
            let mut number = caller * 7919;
            while start.elapsed() < span {
                number = (number + 104_729) % known.size;
                ask(&mut lookups, kind, &known, number).await?;
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

/// The median time of a look-up by card by one caller, in microseconds.
async fn median_of_one(lookups: &LookupServiceClient<Channel>, known: &Known) -> Result<f64, Error> {
    let mut lookups = lookups.clone();
    let mut times = Vec::new();
    for turn in 0..TURNS {
        let start = Instant::now();
        ask(&mut lookups, Ask::Card, known, turn * 104_729 % known.size).await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(middle(times))
}
