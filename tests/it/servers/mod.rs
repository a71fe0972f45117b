//! Servers of our own on loopback that speak what the fetched hosts speak, with faults on demand.
//!
//! `http` is the ground: sockets, threads and bytes, nothing between a test and what goes over the wire. Above it stand
//! the hosts: a Hugging Face hub with its CDN, ModelScope, Wikimedia's dumps, OPUS, a plain file server with Google
//! Drive's warning page, and an object store. Every server keeps a log of what it was asked and how much it sent.

pub mod archive;
mod content;
mod fault;
mod http;
pub mod hub;
pub mod modelscope;
pub mod opus;
pub mod plain;
pub mod s3;
mod send;
pub mod serve;
mod tests;
pub mod wikimedia;

pub use content::Content;
pub use fault::Fault;
pub use http::{Answer, Request, Server};
