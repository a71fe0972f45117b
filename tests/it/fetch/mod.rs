//! `corpus fetch` against servers of our own: every fault ends in the right bytes or a clear error, never in a wrong
//! file under the right name, and with the fault gone the next run is right.

mod by_hand;
mod client;
mod faults;
mod hostile;
mod hub;
mod killed;
mod limits;
mod sources;
mod store;

pub use client::Client;
