//! Killed at any moment, a fetch goes on where it was: hardly a byte is fetched twice.

use std::time::Duration;

use super::Client;
use crate::servers::hub::{Access, Hub};
use crate::servers::plain::Plain;
use crate::servers::{Content, Server};

/// What a kill may cost on each connection: what is on its way through the kernel's and the program's buffers.
const BUFFER: u64 = 1 << 20;
const KILLS: u64 = 12;
const CONNECTIONS: u64 = 8;

/// Starts the command, kills it when so many bytes were sent, and again, then lets it end; the bytes sent in all.
fn killed(client: &Client, name: &str, server: &Server, size: u64) -> u64 {
    let mut state = 5u64;
    let mut kills = 0;
    for round in 0..KILLS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = 0.3 + 0.7 * ((state >> 33) as f64 / (1u64 << 31) as f64);
        let until = server.sent() + (size as f64 / (KILLS + 1) as f64 * share) as u64;
        let mut child = client.start(&[name]);
        let ended = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if server.sent() >= until {
                break false;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        if ended {
            assert!(round > KILLS / 2, "it ended after {round} kills");
            break;
        }
        kills += 1;
        child.kill().unwrap();
        child.wait().unwrap();
        client.has_not("some.bin");
    }
    client.fetch(&[name]).done();
    println!("{kills} kills, {} bytes for {size}", server.sent());
    server.sent()
}

fn check(sent: u64, size: u64) {
    let most = size + (size / 20).max(KILLS * CONNECTIONS * BUFFER / 4);
    assert!(sent < most, "{sent} bytes were sent for a file of {size}");
}

const SIZE: u64 = 64 << 20;

#[test]
fn a_plain_file() {
    let plain = Plain::start();
    let content = Content::noise(50, SIZE);
    plain.put("/some.bin", content.clone());
    // Slower than the client, so that what it has not read is not what the server has sent.
    plain.server.pace(24 << 20);
    let client = Client::new();
    let sent = killed(&client, &plain.url("/some.bin"), &plain.server, SIZE);
    client.has("some.bin", &content);
    check(sent, SIZE);
}

#[test]
fn a_file_of_the_hub() {
    let hub = Hub::start();
    let content = Content::noise(51, SIZE);
    hub.commit("some/set", Access::Open, &[("some.bin", content.clone(), true)]);
    hub.cdn.pace(24 << 20);
    let client = Client::new().with("HF_ENDPOINT", hub.url());
    let sent = killed(&client, "hf:some/set", &hub.cdn, SIZE);
    client.has("some.bin", &content);
    check(sent, SIZE);
}

/// Two at once on one store do not spoil each other: either one waits, or both end well.
#[test]
fn two_at_once() {
    let plain = Plain::start();
    let content = Content::noise(52, 6 << 20);
    plain.put("/some.bin", content.clone());
    plain.server.pace(6 << 20);
    let client = Client::new();
    let mut first = client.start(&[&plain.url("/some.bin")]);
    let second = client.fetch(&[&plain.url("/some.bin")]);
    let first = first.wait().unwrap();
    assert!(first.success() || second.code == 0, "{}", second.stderr);
    client.fetch(&[&plain.url("/some.bin")]).done();
    client.has("some.bin", &content);
}

#[cfg(unix)]
#[test]
fn interrupted() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        ended_by(signal);
    }
}

fn ended_by(signal: rustix::process::Signal) {
    let plain = Plain::start();
    let content = Content::noise(53, 8 << 20);
    plain.put("/some.bin", content.clone());
    plain.server.pace(4 << 20);
    let client = Client::new();
    let mut child = client.start(&[&plain.url("/some.bin")]);
    while plain.server.sent() < 2 << 20 {
        assert!(child.try_wait().unwrap().is_none(), "the fetch ended before it was stopped");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, signal).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{status:?}");
    client.has_not("some.bin");
    plain.server.pace(0);
    client.fetch(&[&plain.url("/some.bin")]).done();
    client.has("some.bin", &content);
    assert!(plain.server.sent() < content.len() + 8 * BUFFER, "{} for {}", plain.server.sent(), content.len());
}
