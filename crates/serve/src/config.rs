//! Where options come from: the command line, the environment, files of single values, a configuration file, or their defaults.
//!
//! clap's definitions are the only source of truth. A value out of a file is handed to clap as if it had been typed, where nobody typed it
//! and the environment has none, so that clap itself decides what is valid and what goes with what.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use clap::{
    Arg, ArgMatches, Command, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};
use serde::{Deserialize as _, de::IntoDeserializer as _};
use toml::{
    Spanned, Value,
    de::{DeTable, DeValue},
};

/// The option that names the configuration file.
const OPTION: &str = "config";
/// Its environment variable.
const VARIABLE: &str = "ROLLCALL_CONFIG";

/// The programs that may have a table of their own in a configuration file. What stands above all tables is for each program that reads it.
pub const PROGRAMS: [&str; 5] =
    ["rollcall", "identity-service", "token-service", "scim-gateway", "rollcall-edge"];

/// What is wrong with what was set: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line, or a value wherever it came from.
    #[error(transparent)]
    Clap(#[from] clap::Error),
    /// A value out of a file that the option cannot have.
    #[error("{origin}: {}", said(error))]
    Value {
        /// Where it stands.
        origin: Origin,
        /// What clap says.
        error: clap::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {} ({by}): {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What named it.
        by: String,
        /// What the system said.
        source: io::Error,
    },
    /// A value and a file for it.
    #[error("{0} and {0}_FILE are both set; keep one")]
    Both(String),
    /// The configuration file is not TOML.
    #[error("{}: {problem}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        problem: String,
    },
    /// A key that no program of Rollcall has.
    #[error("{}, line {line}: there is no option `{key}`{}", path.display(), hint.as_ref().map(|hint| format!("; did you mean `{hint}`?")).unwrap_or_default())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: usize,
        /// The key.
        key: String,
        /// One that is like it.
        hint: Option<String>,
    },
    /// A table that is no program's.
    #[error("{}, line {line}: there is no program `{table}`; there are {}", path.display(), PROGRAMS.join(", "))]
    Table {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: usize,
        /// The table's name.
        table: String,
    },
    /// A value that no option can have.
    #[error("{}, line {line}: `{key}` must be a text, a number, true or false, or a list of texts", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: usize,
        /// The key.
        key: String,
    },
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag,
    /// An environment variable.
    Environment(String),
    /// The file that an environment variable names.
    File(PathBuf),
    /// A line of the configuration file.
    Config(PathBuf, usize),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => write!(f, "flag"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Config(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Default => write!(f, "default"),
        }
    }
}

/// What clap says, on one line, without the usage that follows.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value out of a file.
struct Found {
    values: Vec<String>,
    origin: Origin,
}

/// The options of `T` out of this process's command line, environment and files. Ends the process with a sentence on standard error
/// where they cannot be used, and with help where that was asked for.
pub fn parse<T: CommandFactory + FromArgMatches>() -> T {
    match try_parse::<T>(std::env::args_os()) {
        Ok(parsed) => parsed.options,
        Err(ConfigError::Clap(error)) => error.exit(),
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            let _ = io::Write::write_all(&mut io::stderr(), format!("error: {error}\n").as_bytes());
            std::process::exit(2);
        }
    }
}

/// The options, and how they came about.
pub struct Parsed<T> {
    /// The options.
    pub options: T,
    /// What clap matched.
    pub matches: ArgMatches,
    /// Which values came out of files, by the option's name.
    pub files: BTreeMap<String, Origin>,
}

/// The same for a command line.
///
/// # Errors
/// [`ConfigError`].
pub fn try_parse<T: CommandFactory + FromArgMatches>(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Parsed<T>, ConfigError> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = T::command();
    let found = match found(&command, &arguments) {
        Ok(found) => found,
        // Whoever asks for help gets it, whatever is in the files.
        Err(wrong) => {
            return Err(match with_config(command).try_get_matches_from(arguments) {
                Err(help) if matches!(help.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                    ConfigError::Clap(help)
                }
                _ => wrong,
            });
        }
    };
    let (arguments, files) = typed(&command, arguments, &found);
    let secrets = secrets(&command);
    let result = with_config(command).try_get_matches_from(arguments).and_then(|matches| {
        let options = T::from_arg_matches(&matches)?;
        Ok((options, matches))
    });
    match result {
        Ok((options, matches)) => Ok(Parsed { options, matches, files }),
        Err(error) => Err(blamed(error, &files, &secrets)),
    }
}

/// The command with the option that names the configuration file.
pub fn with_config(command: Command) -> Command {
    let config = Arg::new(OPTION)
        .long(OPTION)
        .env(VARIABLE)
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .global(true)
        .help(
            "Configuration file, TOML, such as `scim-listen = \"0.0.0.0:7400\"`. A flag counts before the environment, ROLLCALL_X before \
             the file that ROLLCALL_X_FILE names, and all of them before this file",
        );
    command.arg(config)
}

/// The options whose values are not to be shown.
fn secrets(command: &Command) -> Vec<String> {
    let hidden = all(command).into_iter().filter(|option| option.is_hide_env_values_set());
    hidden.filter_map(Arg::get_long).map(str::to_owned).collect()
}

/// The option that an error is about, without dashes.
fn about(error: &clap::Error) -> String {
    let named = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let long = named.strip_prefix("--").and_then(|rest| rest.split([' ', '=']).next());
    long.unwrap_or_default().to_owned()
}

/// Takes the value out of an error where it is a secret.
fn masked(mut error: clap::Error, is_secret: bool) -> clap::Error {
    if is_secret && error.get(ContextKind::InvalidValue).is_some() {
        error.insert(ContextKind::InvalidValue, ContextValue::String("***".to_owned()));
    }
    error
}

/// Says of a value that came out of a file where it stands.
fn blamed(error: clap::Error, files: &BTreeMap<String, Origin>, secrets: &[String]) -> ConfigError {
    let long = about(&error);
    let error = masked(error, secrets.contains(&long));
    match files.get(&long) {
        Some(origin) => ConfigError::Value { origin: origin.clone(), error },
        None => ConfigError::Clap(error),
    }
}

/// The values out of files, by the option's name.
fn found(command: &Command, arguments: &[OsString]) -> Result<BTreeMap<String, Found>, ConfigError> {
    let mut found = BTreeMap::new();
    if let Some(path) = file(arguments) {
        read_config(&path, command, &mut found)?;
    }
    for argument in all(command) {
        if let Some(value) = read_file_variable(argument)? {
            found.insert(argument.get_long().unwrap_or_default().to_owned(), value);
        }
    }
    Ok(found)
}

/// The command line with what was found added to it, where it is not there and the environment has it not.
fn typed(
    command: &Command,
    mut arguments: Vec<OsString>,
    found: &BTreeMap<String, Found>,
) -> (Vec<OsString>, BTreeMap<String, Origin>) {
    let texts: Vec<String> = arguments.iter().map(|text| text.to_string_lossy().into_owned()).collect();
    let end = texts.iter().position(|text| text == "--").unwrap_or(texts.len());
    let options = chosen(command, texts.get(1..end).unwrap_or_default());
    let (mut added, mut files) = (Vec::new(), BTreeMap::new());
    for option in options.get_arguments() {
        let Some((long, Found { values, origin })) =
            option.get_long().and_then(|long| Some((long, found.get(long)?)))
        else {
            continue;
        };
        let flag = format!("--{long}");
        let is_typed = texts.iter().take(end).any(|text| {
            text.strip_prefix(&flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
        let is_set = option.get_env().is_some_and(|name| std::env::var_os(name).is_some());
        if is_typed || is_set {
            continue;
        }
        files.insert(long.to_owned(), origin.clone());
        match (option.get_action().takes_values(), values.as_slice()) {
            (false, [on]) if on == "true" => added.push(flag.into()),
            (false, [off]) if off == "false" => {}
            _ => added.extend(values.iter().map(|value| format!("{flag}={value}").into())),
        }
    }
    arguments.splice(end..end, added);
    (arguments, files)
}

/// The command that the arguments choose among those below.
fn chosen<'a>(command: &'a Command, arguments: &[String]) -> &'a Command {
    let (mut at, mut rest) = (command, arguments.iter());
    while let Some(argument) = rest.next() {
        if let Some(long) = argument.strip_prefix("--") {
            let option = at.get_arguments().find(|option| option.get_long() == Some(long));
            if option.is_some_and(|option| option.get_action().takes_values()) {
                // Its value is not a command.
                rest.next();
            }
        } else if let Some(below) = at.find_subcommand(argument) {
            at = below;
        }
    }
    at
}

/// Every option, of the command and those below it.
fn all(command: &Command) -> Vec<&Arg> {
    let own = command.get_arguments().filter(|argument| argument.get_long().is_some());
    let below = command.get_subcommands().flat_map(all);
    own.chain(below).collect()
}

/// The names of all options.
pub fn names(command: &Command) -> Vec<String> {
    all(command).into_iter().filter_map(Arg::get_long).map(str::to_owned).collect()
}

/// The configuration file that the command line or the environment names.
fn file(arguments: &[OsString]) -> Option<PathBuf> {
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == "--" {
            break;
        }
        if text == "--config" {
            return rest.next().map(PathBuf::from);
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Some(path.into());
        }
    }
    std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The value in the file that `ROLLCALL_X_FILE` names, for the option with the variable `ROLLCALL_X`.
fn read_file_variable(argument: &Arg) -> Result<Option<Found>, ConfigError> {
    let Some(variable) = argument.get_env().map(|name| name.to_string_lossy().into_owned()) else {
        return Ok(None);
    };
    let by = format!("{variable}_FILE");
    let Some(path) = std::env::var_os(&by).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    if variable.ends_with("_FILE") {
        return Ok(None);
    }
    if std::env::var_os(&variable).is_some() {
        return Err(ConfigError::Both(variable));
    }
    let value =
        fs::read_to_string(&path).map_err(|source| ConfigError::Read { path: path.clone(), by, source })?;
    Ok(Some(Found { values: vec![value.trim().to_owned()], origin: Origin::File(path) }))
}

fn read_config(
    path: &Path,
    command: &Command,
    found: &mut BTreeMap<String, Found>,
) -> Result<(), ConfigError> {
    let read = |source| ConfigError::Read { path: path.to_owned(), by: "--config".to_owned(), source };
    let text = fs::read_to_string(path).map_err(read)?;
    let line = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let table = DeTable::parse(&text).map_err(|error| ConfigError::Toml {
        path: path.to_owned(),
        problem: format!("line {}: {}", line(error.span().map_or(0, |span| span.start)), error.message()),
    })?;
    // First what all programs share, so that the table of this one comes before it.
    for (key, value) in table.get_ref() {
        let (at, name) = (line(key.span().start), key.get_ref().as_ref());
        match value.get_ref() {
            DeValue::Table(own) if name == command.get_name() => {
                for (key, value) in own {
                    let at = line(key.span().start);
                    let (name, one) = read_value(path, command, key.get_ref(), value, at)?;
                    found.insert(name, one);
                }
            }
            DeValue::Table(_) if PROGRAMS.contains(&name) => {}
            DeValue::Table(_) => {
                return Err(ConfigError::Table { path: path.to_owned(), line: at, table: name.to_owned() });
            }
            _ => {
                let (name, one) = read_value(path, command, name, value, at)?;
                found.entry(name).or_insert(one);
            }
        }
    }
    Ok(())
}

fn read_value(
    path: &Path,
    command: &Command,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    line: usize,
) -> Result<(String, Found), ConfigError> {
    let (path, key) = (path.to_owned(), key.to_owned());
    let known = names(command);
    if !known.contains(&key) {
        let likeness = |name: &String| strsim::jaro_winkler(name, &key);
        let hint = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let hint = hint.filter(|hint| likeness(hint) > 0.85).cloned();
        return Err(ConfigError::Unknown { path, line, key, hint });
    }
    match values(value) {
        Some(values) => Ok((key, Found { values, origin: Origin::Config(path, line) })),
        None => Err(ConfigError::Kind { path, line, key }),
    }
}

/// A value as the texts that a command line would have.
fn values(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    let scalar = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    };
    let plain = Value::deserialize(value.clone().into_deserializer()).ok()?;
    match plain {
        Value::Array(items) => items.into_iter().map(scalar).collect(),
        other => scalar(other).map(|text| vec![text]),
    }
}

/// An option as it would be now.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The option's name, without dashes.
    pub name: String,
    /// Its values; none where it has no default and nobody set it.
    pub values: Vec<String>,
    /// Where they came from.
    pub origin: Origin,
    /// Whether they are not to be shown.
    pub is_secret: bool,
    /// Whether it names a file.
    pub is_file: bool,
    /// What is wrong with them.
    pub problem: Option<String>,
}

/// Every option of a command, each looked at by itself, as it would be with this configuration file.
///
/// # Errors
/// [`ConfigError`], for files that cannot be read and keys that are none.
pub fn explain(command: &Command, config: Option<&Path>) -> Result<Vec<Explained>, ConfigError> {
    let mut arguments: Vec<OsString> = vec![command.get_name().into()];
    if let Some(path) = config {
        arguments.extend(["--config".into(), path.into()]);
    }
    let mut found = found(command, &arguments)?;
    let options = command.get_arguments().filter(|option| option.get_long().is_some());
    let explained = options.map(|option| {
        let name = option.get_long().unwrap_or_default().to_owned();
        let variable = option.get_env().map(|name| name.to_string_lossy().into_owned());
        let set = variable.as_deref().and_then(|name| std::env::var(name).ok());
        let (values, origin) = match (set, found.remove(&name)) {
            (Some(value), _) => (vec![value], Origin::Environment(variable.unwrap_or_default())),
            (None, Some(Found { values, origin })) => (values, origin),
            (None, None) => {
                let defaults = option.get_default_values().iter();
                (defaults.map(|value| value.to_string_lossy().into_owned()).collect(), Origin::Default)
            }
        };
        let problem = if origin == Origin::Default { None } else { wrong(command, option, &values) };
        let ends =
            |end: &str| option.get_value_names().is_some_and(|names| names.iter().any(|name| name == end));
        Explained {
            is_secret: option.is_hide_env_values_set(),
            is_file: ends("FILE") || ends("PATH"),
            name,
            values,
            origin,
            problem,
        }
    });
    Ok(explained.collect())
}

/// Whether the command takes what the environment and the files say, all together.
///
/// # Errors
/// [`ConfigError`].
pub fn prove(command: &Command, config: Option<&Path>) -> Result<(), ConfigError> {
    let mut arguments: Vec<OsString> = vec![command.get_name().into()];
    if let Some(path) = config {
        arguments.extend(["--config".into(), path.into()]);
    }
    let found = found(command, &arguments)?;
    let (arguments, files) = typed(command, arguments, &found);
    let matched = with_config(command.clone()).try_get_matches_from(arguments);
    matched.map(drop).map_err(|error| blamed(error, &files, &secrets(command)))
}

/// What clap says of the values of one option, whatever the others are.
fn wrong(command: &Command, option: &Arg, values: &[String]) -> Option<String> {
    if !option.get_action().takes_values() {
        let fits = matches!(values, [value] if value == "true" || value == "false");
        return (!fits).then(|| "must be true or false".to_owned());
    }
    let alone = command.clone().mut_args(|option| option.required(false).env(None::<&'static str>));
    let long = option.get_long().unwrap_or_default();
    let typed = values.iter().map(|value| format!("--{long}={value}"));
    let error = alone.try_get_matches_from(std::iter::once("x".to_owned()).chain(typed)).err()?;
    matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::TooManyValues)
        .then(|| said(&masked(error, option.is_hide_env_values_set())))
}

/// Where the value of an option came from.
pub fn origin(argument: &Arg, matches: &ArgMatches, files: &BTreeMap<String, Origin>) -> Origin {
    if let Some(origin) = argument.get_long().and_then(|long| files.get(long)) {
        return origin.clone();
    }
    match matches.value_source(argument.get_id().as_str()) {
        Some(ValueSource::CommandLine) => Origin::Flag,
        Some(ValueSource::EnvVariable) => Origin::Environment(
            argument.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        ),
        _ => Origin::Default,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "rollcall")]
    struct Options {
        #[arg(long, env = "ROLLCALL_NEVER_SET_PORT", default_value_t = 1)]
        port: u16,
        #[arg(long, requires = "key")]
        cert: Option<String>,
        #[arg(long)]
        key: Option<String>,
        #[arg(long, value_delimiter = ',')]
        proxies: Vec<String>,
        #[arg(long)]
        json: bool,
        #[arg(long, env = "ROLLCALL_NEVER_SET_PIN", hide_env_values = true)]
        pin: Option<u16>,
    }

    fn parse(config: &str, more: &[&str]) -> Result<(Options, Vec<String>), String> {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("c.toml");
        fs::write(&file, config).unwrap();
        let mut arguments: Vec<OsString> = vec!["rollcall".into(), "--config".into(), file.into()];
        arguments.extend(more.iter().map(OsString::from));
        let parsed = try_parse::<Options>(arguments).map_err(|error| error.to_string())?;
        let command = Options::command();
        let origins = command.get_arguments().map(|argument| {
            let origin = origin(argument, &parsed.matches, &parsed.files).to_string();
            format!("{} {}", argument.get_id(), origin.rsplit('/').next().unwrap())
        });
        Ok((parsed.options, origins.collect()))
    }

    #[test]
    fn a_file_counts_where_nothing_else_was_said() {
        let text = "port = 7\ncert = \"a\"\nkey = \"b\"\nproxies = [\"x\", \"y\"]\njson = true\n[identity-service]\nport = 9\n";
        let (options, origins) = parse(text, &[]).unwrap();
        assert_eq!((options.port, options.json, options.proxies.len()), (7, true, 2));
        assert_eq!((options.cert.as_deref(), options.key.as_deref()), (Some("a"), Some("b")));
        assert!(origins.contains(&"port c.toml, line 1".to_owned()), "{origins:?}");
        let (options, origins) = parse(text, &["--port=8", "--proxies", "z"]).unwrap();
        assert_eq!((options.port, options.proxies), (8, vec!["z".to_owned()]));
        assert!(origins.contains(&"port flag".to_owned()), "{origins:?}");
        let (options, _) = parse("port = 7\n[rollcall]\nport = 9\n", &[]).unwrap();
        assert_eq!(options.port, 9);
        let (options, origins) = parse("", &[]).unwrap();
        assert_eq!(options.port, 1);
        assert!(origins.contains(&"port default".to_owned()), "{origins:?}");
        // One half here, the other there.
        assert!(parse("key = \"b\"", &["--cert", "a"]).is_ok());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, problem) in [
            ("\nprot = 7", "line 2: there is no option `prot`; did you mean `port`?"),
            ("zzz = 7", "line 1: there is no option `zzz`"),
            ("port = \"x\"", "c.toml, line 1: invalid value 'x' for '--port <PORT>'"),
            ("port = 70000", "line 1: invalid value '70000'"),
            ("port = { a = 1 }", "line 1: there is no program `port`"),
            ("port = [[1]]", "line 1: `port` must be"),
            ("[identity]\nport = 1", "there is no program `identity`; there are rollcall,"),
            ("port = ", "line 1"),
            ("pin = \"hunter2\"", "line 1: invalid value '***' for '--pin"),
            ("cert = \"a\"", "--key"),
        ] {
            let message = parse(text, &[]).unwrap_err();
            assert!(message.contains(problem), "{text}: {message}");
        }
        let help = vec!["rollcall".into(), "--config=/nowhere/c.toml".into(), "--help".into()];
        let Err(ConfigError::Clap(help)) = try_parse::<Options>(help) else { panic!("no help") };
        assert_eq!(help.kind(), ErrorKind::DisplayHelp);
        let gone = vec!["rollcall".into(), "--config=/nowhere/c.toml".into()];
        let Err(error) = try_parse::<Options>(gone) else { panic!("read") };
        assert!(error.to_string().contains("cannot read /nowhere/c.toml (--config)"));
    }
}
