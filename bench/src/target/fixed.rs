//! A server that answers a fixed document, in a process of its own: what HTTP alone costs on this machine.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use axum::{
    Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get, serve::ListenerExt as _,
};
use bytes::Bytes;

use super::{Process, Target, announced, drain};
use crate::{Error, report, wire::Endpoint};

/// The process itself: serves the document at `/Users/{id}` and the list at `/Users`, and says where.
pub(crate) async fn serve(document: PathBuf, list: PathBuf) -> Result<(), Error> {
    let [document, list] = [document, list].map(|file| fs::read(file).map(Bytes::from));
    let (document, list) = (document?, list?);
    let answer = |body: Bytes| ([(CONTENT_TYPE, "application/scim+json")], body).into_response();
    let router = Router::new()
        .route("/Users", get(async move || answer(list.clone())))
        .route("/Users/{id}", get(async move || answer(document.clone())));
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    report(&format!("scim http://{}", listener.local_addr()?));
    // Where it cannot be set, answers come late and nothing else.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

/// Starts it with an answer of somebody else.
pub(crate) fn start(directory: &Path, document: &str, list: &str) -> Result<Target, Error> {
    let data = tempfile::tempdir_in(directory)?;
    let [user_file, list_file] = [("user.json", document), ("list.json", list)].map(|(name, text)| {
        let file = data.path().join(name);
        fs::write(&file, text).map(|()| file)
    });
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("fixed").arg(user_file?).arg(list_file?);
    let (process, mut output) = Process::start(&mut command)?;
    let endpoint = Endpoint::new(&announced(&mut output, "scim ")?, "any")?;
    drain(output);
    Ok(Target {
        name: "fixed document".to_owned(),
        store: "none".to_owned(),
        durable: false,
        endpoint,
        pids: vec![process.pid()],
        lacks: std::collections::HashMap::new(),
        identity: None,
        processes: vec![process],
        _data: Some(data),
    })
}
