//! `hand`: what only a person can fetch. The card says how; `--from` then imports it.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Listing, Lists, Request};
use crate::fetch::client::Client;
use crate::fetch::problem::{Kind, Problem};

/// The way.
pub const LISTS: Hand = Hand;

/// A person.
pub struct Hand;

impl Lists for Hand {
    fn prefixes(&self) -> &'static [&'static str] {
        &["hand"]
    }

    fn list<'a>(&'a self, _: &'a Client, _: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>> {
        async move { Err(Problem::last(Kind::Gated, "this must be fetched by hand")) }.boxed()
    }

    fn plan(&self, _: &Client, _: &Request) -> String {
        "by hand, then `--from FILE_OR_FOLDER`".into()
    }
}
