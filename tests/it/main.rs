//! The one integration binary: everything through the real command line, or through plans as they are run.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod bad_input;
mod determinism;
mod generated;
mod harness;
mod house;
mod kill;
mod plans;
mod recipes;
mod shared_data;
