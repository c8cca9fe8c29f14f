//! The command line.

use crate::{
    account, backup, card, check, config, console, conversion, diagnose, directory, import, key, log,
    migrate, notice, pin, serve, station, token,
};

/// Rollcall keeps a print fleet's users and groups in step with an identity provider.
///
/// The identity provider pushes people and groups over SCIM 2.0; release stations, card readers and print queues read
/// them over gRPC. Without a subcommand, `rollcall` serves: everything in one process, its data in ./data.
#[derive(Debug, clap::Parser)]
#[command(
    name = "rollcall",
    version,
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  rollcall                                  serve on 127.0.0.1, data in ./data
  rollcall token generate default           print the Tenant URL and a token
  rollcall account create acme              make another tenant
  rollcall --scim-listen 0.0.0.0:7400 --public-url https://scim.example.com
                                            serve behind a proxy that does TLS

Every option can be set by the environment variable that `--help` shows beside it."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) serve: serve::Options,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Serve(Box<serve::Options>),
    /// Generate, list and revoke the tokens of identity providers
    #[command(subcommand)]
    Token(token::Command),
    /// Create, list and set up accounts, the tenants
    #[command(subcommand)]
    Account(account::Command),
    /// List and show users, say whose they are, and keep some by hand
    #[command(subcommand)]
    User(directory::Users),
    /// List and show groups, say whose they are, and keep some by hand
    #[command(subcommand)]
    Group(directory::Groups),
    /// Give people cards, take them away, and settle who holds one
    #[command(subcommand)]
    Card(card::Command),
    /// Set the PINs and passcodes of people, and make codes to register a card with
    #[command(subcommand)]
    Pin(pin::Command),
    Import(import::Options),
    /// Say how the numbers of readers and directory become the same
    #[command(subcommand)]
    Conversion(conversion::Command),
    Diagnose(diagnose::Options),
    /// Look which stations keep a copy, and what they have confirmed
    #[command(subcommand)]
    Station(station::Command),
    /// Look after the keys by which card numbers and PINs are kept
    #[command(subcommand)]
    Key(key::Command),
    /// Say who is told when a token is about to expire, and look who was
    #[command(subcommand)]
    Notice(notice::Command),
    /// Let people in to the web console
    #[command(subcommand)]
    Console(console::Command),
    /// Look what identity providers asked, and how it went
    #[command(subcommand)]
    Log(log::Command),
    /// Look whether what was set up can be reached
    #[command(subcommand)]
    Check(check::Command),
    /// Look where options come from, and what is wrong with them
    #[command(subcommand)]
    Config(config::Command),
    Migrate(migrate::Options),
    Backup(backup::Backup),
    Restore(backup::Restore),
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_subcommand_the_options_are_those_of_serve() {
        let plain = Cli::try_parse_from(["rollcall", "--scim-listen", "127.0.0.1:1"]).unwrap();
        assert!(plain.command.is_none());
        assert_eq!(plain.serve.gateway.scim_listen.port(), 1);
        let said = Cli::try_parse_from(["rollcall", "serve", "--scim-listen", "127.0.0.1:2"]).unwrap();
        let Some(Command::Serve(options)) = said.command else { panic!("not serve") };
        assert_eq!(options.gateway.scim_listen.port(), 2);
    }

    #[test]
    fn mistakes_are_refused() {
        for arguments in [
            &["rollcall", "nope"][..],
            &["rollcall", "--scim-listen", "nowhere"],
            &["rollcall", "--token-database-url", "mysql://x"],
            &["rollcall", "--data-dir", "x", "token", "list", "default"],
            &["rollcall", "token", "generate"],
        ] {
            assert!(Cli::try_parse_from(arguments).is_err(), "{arguments:?}");
        }
    }
}
