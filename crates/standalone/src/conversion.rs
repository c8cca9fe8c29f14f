//! `rollcall conversion`.

mod form;

use std::path::PathBuf;

use rollcall_proto::identity::{
    CardConversion, ConversionPair, GetConversionRequest, InferConversionRequest, PreviewConversionRequest,
    UpdateConversionRequest, conversion_service_client::ConversionServiceClient,
};
use rollcall_serve::Channel;
use serde_json::json;

pub(crate) use self::form::json;
use crate::{directory::Service, error::Error, input, output};

/// The form of a conversion as JSON.
const FORM: &str = "\
A conversion is JSON with two lists of steps, `readerSteps` for what a reader gives and `steps` for every number after
that. A step is one of:
  {\"strip\": \":-\"}                            takes characters out; \"\" takes all but letters and digits
  {\"hexToDecimal\": {}}  {\"decimalToHex\": {\"digits\": 8}}  {\"reverseBytes\": {}}
  {\"splitFacility\": {\"cardBits\": 16, \"facilityBits\": 8, \"keep\": \"card\"}}      or \"both\"
  {\"leadingZeros\": 0}                         takes zeros away; 10 fills up to ten digits
  {\"substitute\": {\"pattern\": \"^0x\", \"replacement\": \"\"}}
  {\"letterCase\": \"upper\"}                     or \"lower\"
  {\"slice\": {\"skip\": 2, \"length\": 8}}

Examples:
  printf '%s\\n' C3B2A104=77705923 01EEFF04=83881473 10AA0004=67152400 | rollcall conversion infer default
  rollcall conversion preview default --file conversion.json
  rollcall conversion set default --file conversion.json";

/// `rollcall conversion`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the conversion of an account
    Show(Of),
    /// Find conversions from pairs of what a reader gives and what the directory has, `READER=DIRECTORY`, a line each on
    /// standard input; three different cards are advised
    #[command(after_long_help = FORM)]
    Infer(Of),
    /// Say what a conversion would do to the cards that there are, and change nothing
    #[command(after_long_help = FORM)]
    Preview(From),
    /// Switch a conversion on, for the cards that there are too
    #[command(after_long_help = FORM)]
    Set(From),
    /// Switch the conversion off
    Off(Of),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Of {
    /// The account id
    account: String,
    #[command(flatten)]
    service: Service,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct From {
    #[command(flatten)]
    of: Of,
    /// The file with the conversion as JSON
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

impl Service {
    fn conversions(&self) -> Result<ConversionServiceClient<Channel>, Error> {
        Ok(ConversionServiceClient::new(self.channel()?))
    }
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Show(Of { account, service }) => {
            let request = GetConversionRequest { parent: format!("accounts/{account}") };
            let found = service.answer(service.conversions()?.get_conversion(request)).await?;
            print(&found.conversion.unwrap_or_default())
        }
        Command::Infer(Of { account, service }) => infer(&account, &service).await,
        Command::Preview(From { of: Of { account, service }, file }) => {
            let conversion = Some(read(&file)?);
            let request = PreviewConversionRequest { parent: format!("accounts/{account}"), conversion };
            let seen = service.answer(service.conversions()?.preview_conversion(request)).await?;
            output::print(&format!(
                "{} cards, of which {} would have another number; {} numbers would belong to several people, and to {} cards \
                 it cannot be applied.",
                seen.cards, seen.changed, seen.collision_count, seen.failure_count
            ))?;
            for collision in &seen.collisions {
                output::print(&format!("the same number: {}", collision.user_names.join(", ")))?;
            }
            for failure in &seen.failures {
                output::print(&format!("{}: {}", failure.user_name, failure.problem))?;
            }
            Ok(())
        }
        Command::Set(From { of: Of { account, service }, file }) => {
            set(&account, &service, read(&file)?).await
        }
        Command::Off(Of { account, service }) => set(&account, &service, CardConversion::default()).await,
    }
}

async fn infer(account: &str, service: &Service) -> Result<(), Error> {
    let pair = |line: String| match line.split_once('=') {
        Some((reader, directory)) => Ok(ConversionPair {
            reader_value: reader.trim().to_owned(),
            directory_value: directory.trim().to_owned(),
        }),
        None => Err(Error::Refused("each line must be READER=DIRECTORY".to_owned())),
    };
    let pairs = input::lines("the pairs")?.into_iter().map(pair).collect::<Result<_, _>>()?;
    let request = InferConversionRequest { parent: format!("accounts/{account}"), pairs };
    let found = service.answer(service.conversions()?.infer_conversion(request)).await?;
    if service.json {
        let candidates = found.candidates.iter().map(|candidate| {
            json!({
                "explanation": candidate.explanation,
                "conversion": form::json(&candidate.conversion.clone().unwrap_or_default()),
                "results": candidate.results,
            })
        });
        return output::print_json(&candidates.collect());
    }
    if found.candidates.is_empty() {
        return Err(Error::Refused(
            "nothing that is known of readers makes these numbers the same".to_owned(),
        ));
    }
    for (at, candidate) in found.candidates.iter().enumerate() {
        output::print(&format!("{}. {}", at + 1, candidate.explanation))?;
        print(&candidate.conversion.clone().unwrap_or_default())?;
    }
    output::print("Write the one that is right into a file, and `rollcall conversion set` switches it on.")
}

async fn set(account: &str, service: &Service, conversion: CardConversion) -> Result<(), Error> {
    let request =
        UpdateConversionRequest { parent: format!("accounts/{account}"), conversion: Some(conversion) };
    let set = service.answer(service.conversions()?.update_conversion(request)).await?;
    print(&set.conversion.unwrap_or_default())
}

fn read(file: &PathBuf) -> Result<CardConversion, Error> {
    let what = || file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|source| Error::Input { what: what(), source })?;
    let wrong = |problem: String| Error::Refused(format!("{}: {problem}", what()));
    let json = serde_json::from_str(&text).map_err(|problem| wrong(format!("it is no JSON: {problem}")))?;
    form::read(&json).map_err(wrong)
}

fn print(conversion: &CardConversion) -> Result<(), Error> {
    output::print_json(&form::json(conversion))
}
