//! An import of a large file.

use std::time::Instant;

use rollcall_proto::identity::{
    ImportOptions, ImportUsersRequest, import_service_client::ImportServiceClient,
    import_users_request::Part, import_users_response::Event,
};
use rollcall_serve::channel;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{Error, report, target::Target};

/// Rows of one piece of the file.
const PIECE: usize = 5_000;

/// A person of the file.
fn writeln_row(piece: &mut String, number: usize) {
    use std::fmt::Write as _;

    // Writing to a text does not fail.
    let _ = writeln!(
        piece,
        "i{number:07}@example.com,Given{number},Family{number},i{number:07}@example.com,Sales,9{number:09}"
    );
}

pub(crate) async fn run(server: &Target, size: usize) -> Result<(), Error> {
    let (sender, requests) = mpsc::channel(2);
    let feeding = tokio::spawn(async move {
        let part = Part::Options(ImportOptions::default());
        let first = ImportUsersRequest { parent: "accounts/default".to_owned(), part: Some(part) };
        sender.send(first).await?;
        let mut piece = "userName,givenName,familyName,email,department,cardNumber\n".to_owned();
        for number in 0..size {
            writeln_row(&mut piece, number);
            if number % PIECE == PIECE - 1 || number == size - 1 {
                let data = std::mem::take(&mut piece).into_bytes();
                sender
                    .send(ImportUsersRequest { parent: String::new(), part: Some(Part::Data(data)) })
                    .await?;
            }
        }
        Ok::<_, mpsc::error::SendError<ImportUsersRequest>>(())
    });
    let before = server.resident()?;
    let start = Instant::now();
    let mut imports = ImportServiceClient::new(channel::connect(server.grpc()?)?);
    let mut events = imports.import_users(ReceiverStream::new(requests)).await?.into_inner();
    let (mut told, mut result) = (0, None);
    while let Some(event) = events.message().await? {
        match event.event {
            Some(Event::Progress(_)) => told += 1,
            Some(Event::Problem(problem)) => {
                return Err(format!("line {}: {}", problem.line, problem.message).into());
            }
            Some(Event::Result(ended)) => result = ended.counts,
            _ => {}
        }
    }
    feeding.await??;
    let counts = result.ok_or("the import ended without a result")?;
    if usize::try_from(counts.created) != Ok(size) || counts.failed != 0 {
        return Err(format!("{} of {size} created", counts.created).into());
    }
    let seconds = start.elapsed().as_secs_f64();
    report(&format!(
        "import of {size} people with a card each: {seconds:.0} s, {:.0} rows/s, progress told {told} times",
        size as f64 / seconds
    ));
    report(&format!(
        "  memory of the process: {} MiB before, {} MiB at most",
        before / 1024,
        server.peak()? / 1024
    ));
    Ok(())
}
