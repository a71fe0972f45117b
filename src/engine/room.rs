//! What a process that does parts for others gives to each: a folder, memory, and a turn where one needs more than its share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::{Error, Result};

/// What this process gives to a part that it does.
#[derive(Clone, Debug)]
pub struct Room {
    /// Where it may write what nobody else sees.
    pub scratch: PathBuf,
    /// Bytes of memory.
    pub memory: usize,
    /// Those of all parts together.
    pub whole: usize,
}

/// Set once, by a process that does parts for others.
static ROOM: OnceLock<Room> = OnceLock::new();

/// Says what this process gives to a part.
pub fn give(room: Room) {
    // The first word counts: there is one executor in a process.
    let _ = ROOM.set(room);
}

/// What parts get where nobody has said more: bytes of memory.
const LEAST: usize = 64 << 20;

/// What this process gives to a part.
pub(super) fn room() -> Room {
    let least = || Room { scratch: std::env::temp_dir(), memory: LEAST, whole: LEAST };
    ROOM.get().cloned().unwrap_or_else(least)
}

/// How often a part that waits for its turn looks whether anybody still waits for it.
const MOMENT: Duration = Duration::from_millis(100);

/// Memory that parts hold which need more than their share.
#[derive(Default)]
pub(super) struct Shares {
    held: Mutex<usize>,
    freed: Condvar,
}

/// Memory that a part holds, until this is dropped.
pub(super) struct Held<'a> {
    of: &'a Shares,
    bytes: usize,
}

impl Shares {
    /// Waits until there is room for so many bytes among `whole`, or nobody else holds any: a part that needs more than there
    /// is runs alone.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] once `stop` is set.
    pub(super) fn take(&self, bytes: usize, whole: usize, stop: &Arc<AtomicBool>) -> Result<Held<'_>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while *held > 0 && *held + bytes > whole {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            held = self.freed.wait_timeout(held, MOMENT).unwrap_or_else(PoisonError::into_inner).0;
        }
        *held += bytes;
        Ok(Held { of: self, bytes })
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.of.held.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.of.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn as_many_at_a_time_as_there_is_room_for() {
        let (shares, stop) = (Shares::default(), Arc::default());
        let most = |bytes: usize, whole: usize| {
            let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        let _held = shares.take(bytes, whole, &stop).unwrap();
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(20));
                        now.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            });
            most.into_inner()
        };
        assert_eq!((most(4, 9), most(4, 3), most(1, 9)), (2, 1, 6));
        // Nobody waits for ever for what is called off.
        let _held = shares.take(4, 4, &stop).unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(shares.take(1, 4, &stop), Err(Error::Interrupted)));
    }
}
