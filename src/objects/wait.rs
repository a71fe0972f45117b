//! Requests run on threads of their own; whoever made one waits for its answer, wherever that is.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::{Error, Result};

/// Two threads wait for any number of answers.
static RUNTIME: LazyLock<Result<Runtime, String>> = LazyLock::new(|| {
    let built = Builder::new_multi_thread().worker_threads(2).thread_name("objects").enable_all().build();
    built.map_err(|error| error.to_string())
});

/// How often a wait looks whether it is to end.
const TICK: Duration = Duration::from_millis(100);

/// A request that is under way.
pub(super) struct Pending<T> {
    answer: Receiver<T>,
    task: JoinHandle<()>,
}

/// Begins a request.
pub(super) fn begin<T: Send + 'static>(request: impl Future<Output = T> + Send + 'static) -> Result<Pending<T>> {
    let runtime = RUNTIME.as_ref().map_err(|error| Error::Engine(error.clone()))?;
    let (said, answer) = channel();
    let task = runtime.spawn(async move {
        // Whoever asked may have gone.
        let _ = said.send(request.await);
    });
    Ok(Pending { answer, task })
}

impl<T> Pending<T> {
    /// Waits for the answer, until `stop` is set or the moment `late` has come.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] once `stop` is set or `late` has come: what the request does then is not known.
    pub(super) fn wait(self, stop: &AtomicBool, late: Option<Instant>) -> Result<T> {
        loop {
            match self.answer.recv_timeout(TICK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Engine("a request gave no answer".into())),
                Err(RecvTimeoutError::Timeout) => {
                    if stop.load(Ordering::Relaxed) || late.is_some_and(|late| Instant::now() > late) {
                        return Err(Error::Interrupted);
                    }
                }
            }
        }
    }
}

/// What nobody waits for any more is not asked for any longer.
impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Makes a request and waits for its answer.
///
/// # Errors
///
/// As [`Pending::wait`].
pub(super) fn wait<T: Send + 'static>(
    stop: &AtomicBool,
    request: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    begin(request)?.wait(stop, None)
}
