//! `rollcall diagnose`.

use rollcall_proto::identity::{
    DiagnoseUserRequest, DiagnoseUserResponse, diagnosis_service_client::DiagnosisServiceClient,
};
use serde_json::json;

use crate::{card::json_of, directory::Service, error::Error, input, output, pin, station};

/// Say why somebody cannot print: the first thing that is wrong, in one sentence
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_long_help = "\
Examples:
  rollcall diagnose default anna@example.com
  echo 04A1B2C3 | rollcall diagnose default -")]
pub(crate) struct Options {
    /// The account id
    account: String,
    /// A user name, e-mail address, id, card number, or the beginning of a user name; `-` reads it from standard input
    query: String,
    #[command(flatten)]
    service: Service,
}

pub(crate) async fn run(options: Options) -> Result<(), Error> {
    let Options { account, query, service } = options;
    let query = input::argument(query, "whom to look for")?;
    let request = DiagnoseUserRequest { parent: format!("accounts/{account}"), query };
    let mut diagnosis = DiagnosisServiceClient::new(service.channel()?);
    let found = service.answer(diagnosis.diagnose_user(request)).await?;
    if service.json {
        return print_json(&found);
    }
    output::print(&found.finding)?;
    let rows = found.checks.iter().map(|check| {
        [if check.wrong { "!" } else { "ok" }.to_owned(), check.name.clone(), check.finding.clone()]
    });
    output::print_table(["", "CHECK", "FINDING"], rows.collect())?;
    if let Some(removal) = found.removals.first() {
        output::print(&format!("The last removal was confirmed {}.", station::confirmed(removal)))?;
    }
    if !found.others.is_empty() {
        let names: Vec<&str> = found.others.iter().map(|user| user.user_name.as_str()).collect();
        output::print(&format!("Did you mean {}?", names.join(", ")))?;
    }
    Ok(())
}

fn print_json(found: &DiagnoseUserResponse) -> Result<(), Error> {
    let checks = found
        .checks
        .iter()
        .map(|check| json!({ "name": check.name, "finding": check.finding, "wrong": check.wrong }));
    output::print_json(&json!({
        "finding": found.finding,
        "wrong": found.wrong,
        "user": found.user.as_ref().map(|user| &user.name),
        "userName": found.user.as_ref().map(|user| &user.user_name),
        "others": found.others.iter().map(|user| &user.name).collect::<Vec<_>>(),
        "checks": checks.collect::<Vec<_>>(),
        "cards": found.cards.iter().map(json_of).collect::<Vec<_>>(),
        "secrets": found.secrets.iter().map(pin::json_of).collect::<Vec<_>>(),
        "removals": found.removals.iter().map(station::json_of).collect::<Vec<_>>(),
        "headRevision": found.head_revision,
        "userRevision": found.user_revision,
    }))
}
