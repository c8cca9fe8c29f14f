//! `rollcall config`.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use clap::{Args as _, Command as Clap, CommandFactory as _};
use rollcall_key::Keys;
use rollcall_serve::{
    config::{self, Explained, Origin, PROGRAMS},
    tls::{Files, Server},
};
use serde_json::{Value, json};
use url::Url;

use crate::{error::Error, output, serve};

/// Look where the options of a program come from, and what is wrong with them.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List every option with its value, where it came from, and what is wrong with it; status 1 when something is
    ///
    /// It looks at this environment and at the configuration file, and starts nothing. Secrets are not shown.
    #[command(after_long_help = "\
Examples:
  rollcall config check
  rollcall config check identity-service --config /etc/rollcall/rollcall.toml
  rollcall config check --json")]
    Check {
        /// The program: rollcall, identity-service, token-service, scim-gateway
        #[arg(default_value = "rollcall", value_parser = PROGRAMS[..4].to_vec())]
        program: String,
        /// Print JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Print a configuration file of all options of a program, with what they mean and their defaults
    Example {
        /// The program: rollcall, identity-service, token-service, scim-gateway
        #[arg(default_value = "rollcall", value_parser = PROGRAMS[..4].to_vec())]
        program: String,
    },
}

pub(crate) async fn run(command: Command, config: Option<PathBuf>) -> Result<(), Error> {
    match command {
        Command::Check { program, json } => check(&program, config, json).await,
        Command::Example { program } => output::print(&example(&clap_of(&program))),
    }
}

fn clap_of(program: &str) -> Clap {
    match program {
        "identity-service" => rollcall_identity_service::config::Config::command(),
        "token-service" => rollcall_token_service::config::Config::command(),
        "scim-gateway" => rollcall_scim_gateway::Options::command(),
        _ => serve::Options::augment_args(Clap::new("rollcall")),
    }
}

async fn check(program: &str, config: Option<PathBuf>, as_json: bool) -> Result<(), Error> {
    let command = clap_of(program);
    let mut options = config::explain(&command, config.as_deref())?;
    look_at_files(&mut options).await;
    look_at_addresses(&mut options);
    // Said once: of the option itself, where it is about one.
    let is_said = |error: &String| {
        options.iter().filter_map(|option| option.problem.as_deref()).any(|problem| error.contains(problem))
    };
    if let Some(error) = together(&command, config).err().filter(|error| !is_said(error)) {
        note(&mut options, "", error);
    }
    let wrong = options.iter().filter(|option| option.problem.is_some()).count();
    if as_json {
        let lines: Vec<Value> = options.iter().map(as_value).collect();
        output::print_json(&json!({ "program": program, "options": lines, "wrong": wrong }))?;
    } else {
        let rows = options.iter().map(|option| {
            let problem = option.problem.clone().unwrap_or_default();
            [option.name.clone(), shown(option), option.origin.to_string(), problem]
        });
        output::print_table(["OPTION", "VALUE", "FROM", "WRONG"], rows.collect())?;
    }
    match wrong {
        0 => Ok(()),
        1 => Err(Error::Refused("one option is wrong".to_owned())),
        wrong => Err(Error::Refused(format!("{wrong} options are wrong"))),
    }
}

fn as_value(option: &Explained) -> Value {
    json!({
        "name": option.name,
        "value": shown(option),
        "from": option.origin.to_string(),
        "wrong": option.problem,
    })
}

/// The value, unless it is a secret; the password of an address never.
fn shown(option: &Explained) -> String {
    if option.values.is_empty() {
        return "-".to_owned();
    }
    let text = option.values.join(",");
    if !option.is_secret {
        return text;
    }
    match text.parse::<rollcall_db::Address>() {
        Ok(address) => address.to_string(),
        Err(_) => match Url::parse(&text) {
            Ok(url) => format!("{}://{}", url.scheme(), url.host_str().unwrap_or("***")),
            Err(_) => "***".to_owned(),
        },
    }
}

/// Adds a problem to an option, where it has none yet; to the first one for a name that there is not.
fn note(options: &mut Vec<Explained>, name: &str, problem: String) {
    match options.iter_mut().find(|option| option.name == name) {
        Some(option) => drop(option.problem.get_or_insert(problem)),
        None => options.push(Explained {
            name: "(together)".to_owned(),
            values: Vec::new(),
            origin: Origin::Default,
            is_secret: false,
            is_file: false,
            problem: Some(problem),
        }),
    }
}

/// What the whole command line is refused for, where that is not one value.
fn together(command: &Clap, config: Option<PathBuf>) -> Result<(), String> {
    config::prove(command, config.as_deref()).map_err(|error| {
        let text = error.to_string();
        let words: Vec<&str> =
            text.split("\n\nUsage").next().unwrap_or_default().split_whitespace().collect();
        words.join(" ").trim_start_matches("error: ").to_owned()
    })
}

/// Files that cannot be read, keys that are none, certificates that do not go with their key.
async fn look_at_files(options: &mut Vec<Explained>) {
    let mut files = BTreeMap::new();
    for option in options.iter_mut().filter(|option| option.is_file) {
        let Some(path) = option.values.first().map(PathBuf::from) else { continue };
        let read = tokio::fs::read(&path).await;
        if let Err(error) = read {
            option.problem.get_or_insert(format!("{error}"));
            continue;
        }
        files.insert(option.name.clone(), path);
    }
    if let Some(path) = files.get("key-file")
        && let Err(error) = Keys::read(path)
    {
        note(options, "key-file", error.to_string());
    }
    for kind in ["peer", "scim", "console"] {
        let file = |end: &str| files.get(&format!("{kind}-tls-{end}")).cloned();
        if let (Some(cert), Some(key)) = (file("cert"), file("key"))
            && let Err(error) = Server::new(Files { cert, key, ca: file("ca") }, "check")
        {
            note(options, &format!("{kind}-tls-cert"), error.to_string());
        }
    }
}

/// Two listeners at one address, and addresses that browsers or identity providers will not take.
fn look_at_addresses(options: &mut Vec<Explained>) {
    let mut taken: BTreeMap<SocketAddr, String> = BTreeMap::new();
    let mut problems = Vec::new();
    for option in options.iter().filter(|option| option.name.ends_with("-listen")) {
        let Some(address) = option.values.first().and_then(|text| text.parse::<SocketAddr>().ok()) else {
            continue;
        };
        if address.port() != 0
            && let Some(other) = taken.insert(address, option.name.clone())
        {
            problems.push((option.name.clone(), format!("--{other} has this address already")));
        }
    }
    for (name, problem) in problems {
        note(options, &name, problem);
    }
}

/// A configuration file with every option in a comment.
fn example(command: &Clap) -> String {
    let mut lines =
        vec![format!("# The options of {}. What is commented out is the default.", command.get_name())];
    for option in command.get_arguments() {
        let Some(long) = option.get_long().filter(|long| !matches!(*long, "help" | "version" | "config"))
        else {
            continue;
        };
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        lines.push(String::new());
        lines.extend(help.lines().map(|line| format!("# {line}")));
        let defaults: Vec<String> =
            option.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
        let value = match defaults.as_slice() {
            [] => "\"\"".to_owned(),
            [one] if one.parse::<f64>().is_ok() || one == "true" || one == "false" => one.clone(),
            [one] => format!("{one:?}"),
            many => format!("{many:?}"),
        };
        lines.push(format!("# {long} = {value}"));
    }
    lines.join("\n")
}
