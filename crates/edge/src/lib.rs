//! A station's copy of the directory of one account, which answers when the centre is gone.
//!
//! An [`Edge`] keeps a SQLite file in step with `ChangeService.WatchChanges`: a snapshot first, then every change within
//! a second, resumed by revision after whatever happens, and each change acknowledged once it is on the disk. Look-ups are answered
//! from the file alone; each answer says how old the copy is, and past a maximum age there is none.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use rollcall_edge::{Edge, Options};
//!
//! let edge = Edge::open(Options::new("copy.db", "acme", "lobby", "http://identity:7401"))?;
//! let stop = rollcall_serve::CancellationToken::new();
//! let following = tokio::spawn(edge.clone().follow(stop.clone()));
//! match edge.lookup_card("04A1B2C3").await {
//!     Ok(answer) => println!("{} may print ({} s old)", answer.user.user_name, answer.age.as_secs()),
//!     Err(refusal) => println!("no: {refusal}"),
//! }
//! # stop.cancel(); following.await?; Ok(()) }
//! ```
//!
//! What the file holds: people with their names and addresses, groups, and for each card a tag by a key of this station alone.
//! Card numbers, PINs and passcodes are not in it: who types a secret needs the centre. Keep the file as safe as a list of
//! staff, and the key in it as safe as the station: it is of no use against another one.

mod clock;
mod edge;
mod follow;
mod lookup;
mod service;
mod store;

pub use edge::{Edge, Error, Options, State};
pub use lookup::{Answer, Refusal};
pub use service::Lookups;
