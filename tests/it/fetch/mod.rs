//! `corpus fetch` against servers of our own: every fault ends in the right bytes or a clear error, never in a wrong
//! file under the right name, and with the fault gone the next run is right.

mod by_hand;
mod client;
mod corpus_set;
mod faults;
mod hostile;
mod hub;
mod imports;
mod killed;
mod limits;
mod messages;
mod outages;
mod plans;
mod sources;
mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

pub use client::Client;

/// Cases at a time: most of a case is waiting.
const WORKERS: usize = 6;

/// Runs a case for each item, several at a time, and panics with all that failed.
fn in_parallel<'a, T: Sync>(
    items: &'a [T],
    case: impl Fn(&'a T) -> (String, Box<dyn FnOnce() -> Duration + 'a>) + Sync,
) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Relaxed)) {
                    let (name, run) = case(item);
                    match catch_unwind(AssertUnwindSafe(run)) {
                        Ok(took) => println!("{name}: {took:.1?}"),
                        Err(panic) => {
                            let text = panic.downcast_ref::<String>().cloned();
                            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned()));
                            wrong.lock().unwrap().push(format!("{name}\n{}", text.unwrap_or_default()));
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cases are wrong\n\n{}", wrong.len(), items.len(), wrong.join("\n\n"));
}
