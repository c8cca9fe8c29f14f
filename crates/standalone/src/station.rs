//! `rollcall station`.

use rollcall_proto::identity::{
    DeleteStationRequest, ListRemovalsRequest, ListStationsRequest, Removal, Station,
    station_service_client::StationServiceClient,
};
use rollcall_serve::Channel;
use serde_json::{Value, json};

use crate::{
    client::{human_time, id_of, json_time},
    directory::Service,
    error::Error,
    output,
};

/// `rollcall station`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the stations that keep a copy
    List {
        /// The account id
        account: String,
        #[command(flatten)]
        service: Service,
    },
    /// Forget a station, which then no longer counts among those that confirm removals
    Remove {
        /// The account id
        account: String,
        /// What the station calls itself
        station: String,
        #[command(flatten)]
        service: Service,
    },
    /// List people whose cards and PIN stopped working, and how many stations have confirmed it
    #[command(after_long_help = "\
Example:
  rollcall station removals default --user anna@example.com")]
    Removals {
        /// The account id
        account: String,
        /// Only this person's: id, user name or e-mail address, or the id of somebody who was deleted
        #[arg(long, value_name = "WHO")]
        user: Option<String>,
        #[command(flatten)]
        service: Service,
    },
}

impl Service {
    fn stations(&self) -> Result<StationServiceClient<Channel>, Error> {
        Ok(StationServiceClient::new(self.channel()?))
    }
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::List { account, service } => {
            let request = ListStationsRequest { parent: format!("accounts/{account}") };
            let found = service.answer(service.stations()?.list_stations(request)).await?;
            if service.json {
                let stations: Vec<Value> = found.stations.iter().map(station_json).collect();
                return output::print_json(
                    &json!({ "stations": stations, "headRevision": found.head_revision }),
                );
            }
            let rows = found.stations.iter().map(|station| {
                let behind = found.head_revision - station.revision;
                [
                    station.station.clone(),
                    if station.connected { "yes" } else { "no" }.to_owned(),
                    if behind == 0 { "up to date".to_owned() } else { format!("{behind} behind") },
                    human_time(station.acknowledge_time.as_ref()),
                    human_time(station.create_time.as_ref()),
                ]
            });
            output::print_table(["STATION", "CONNECTED", "CHANGES", "LAST HEARD", "SINCE"], rows.collect())
        }
        Command::Remove { account, station, service } => {
            let request = DeleteStationRequest { name: format!("accounts/{account}/stations/{station}") };
            service.answer(service.stations()?.delete_station(request)).await?;
            service.done(&format!("The station {station} is forgotten."))
        }
        Command::Removals { account, user, service } => {
            let user = match user {
                None => String::new(),
                // Somebody who was deleted is nobody's name any more.
                Some(who) => match service.person(&account, &who).await {
                    Ok(name) => name,
                    Err(_) => format!("accounts/{account}/users/{who}"),
                },
            };
            let request = ListRemovalsRequest { parent: format!("accounts/{account}"), user, page_size: 100 };
            let found = service.answer(service.stations()?.list_removals(request)).await?;
            if service.json {
                return output::print_json(&found.removals.iter().map(json_of).collect());
            }
            let rows = found.removals.iter().map(|removal| {
                [
                    id_of(&removal.user).to_owned(),
                    if removal.deleted { "deleted" } else { "deactivated" }.to_owned(),
                    human_time(removal.time.as_ref()),
                    confirmed(removal),
                    removal.waiting.join(", "),
                ]
            });
            output::print_table(["USER", "WHAT", "WHEN", "CONFIRMED", "WAITING FOR"], rows.collect())
        }
    }
}

/// How many stations have confirmed, and how fast.
pub(crate) fn confirmed(removal: &Removal) -> String {
    let Removal { stations, confirmed, .. } = removal;
    let of = format!("by {confirmed} of {stations} stations");
    match &removal.confirmed_after {
        Some(after) if confirmed == stations => {
            let millis = after.seconds * 1000 + i64::from(after.nanos) / 1_000_000;
            format!("{of} in {}.{} s", millis / 1000, millis % 1000 / 100)
        }
        _ => of,
    }
}

pub(crate) fn station_json(station: &Station) -> Value {
    json!({
        "name": station.name,
        "station": station.station,
        "connected": station.connected,
        "revision": station.revision,
        "acknowledgeTime": json_time(station.acknowledge_time.as_ref()),
        "createTime": json_time(station.create_time.as_ref()),
    })
}

pub(crate) fn json_of(removal: &Removal) -> Value {
    let after = removal.confirmed_after.as_ref();
    json!({
        "user": removal.user,
        "time": json_time(removal.time.as_ref()),
        "revision": removal.revision,
        "deleted": removal.deleted,
        "stations": removal.stations,
        "confirmed": removal.confirmed,
        "confirmedAfterMs": after.map(|after| after.seconds * 1000 + i64::from(after.nanos) / 1_000_000),
        "waiting": removal.waiting,
    })
}
