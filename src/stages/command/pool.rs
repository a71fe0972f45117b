//! The processes of one program: lent to a thread for a batch of rows, kept open from batch to batch, ended when the last
//! stage that uses them is gone.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};

use super::process::{Launch, Process};

/// Processes of one program.
pub struct Pool {
    launch: Launch,
    /// How many there may be.
    most: usize,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Process>,
    lent: usize,
}

/// Pools in use.
static POOLS: Mutex<Vec<Weak<Pool>>> = Mutex::new(Vec::new());

impl Pool {
    /// The pool of a program; the same for all who start it in the same way at the same time.
    pub fn of(launch: Launch, most: usize) -> Arc<Pool> {
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        let same = |pool: &Arc<Pool>| pool.launch == launch && pool.most == most;
        if let Some(pool) = pools.iter().filter_map(Weak::upgrade).find(same) {
            return pool;
        }
        let pool = Arc::new(Pool { launch, most, state: Mutex::default(), given_back: Condvar::new() });
        pools.push(Arc::downgrade(&pool));
        pool
    }

    /// Lends a process; waits where as many as there may be are lent.
    ///
    /// # Errors
    /// What the system says of starting one.
    pub fn lend(&self) -> io::Result<Lent<'_>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.lent >= self.most {
            state = self.given_back.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.lent += 1;
        let idle = state.idle.pop();
        drop(state);
        // From here on the place is given back, whatever happens.
        let mut lent = Lent { pool: self, process: None };
        lent.process = Some(match idle {
            Some(process) => process,
            None => self.launch.start()?,
        });
        Ok(lent)
    }
}

/// A process that is lent. Where it is not given back, it is ended.
pub struct Lent<'p> {
    pool: &'p Pool,
    process: Option<Process>,
}

impl Lent<'_> {
    /// The process.
    ///
    /// # Errors
    /// There is none, since it could not be started again.
    pub fn process(&mut self) -> io::Result<&mut Process> {
        self.process.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Ends it, and starts another one in its place.
    ///
    /// # Errors
    /// What the system says of starting one.
    pub fn restart(&mut self) -> io::Result<()> {
        if let Some(old) = self.process.take() {
            old.kill();
        }
        self.process = Some(self.pool.launch.start()?);
        Ok(())
    }

    /// Gives it back for the next batch.
    pub fn give_back(mut self) {
        let process = self.process.take();
        let mut state = self.pool.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.extend(process);
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
        self.pool.state.lock().unwrap_or_else(PoisonError::into_inner).lent -= 1;
        self.pool.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn launch(script: &str) -> Launch {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        Launch { command, folder: std::env::temp_dir(), patience: Duration::from_secs(20) }
    }

    fn ask(pool: &Pool) -> String {
        let mut lent = pool.lend().unwrap();
        lent.process().unwrap().send(b"x\n".to_vec());
        let answer = lent.process().unwrap().answer().unwrap();
        lent.give_back();
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn a_process_is_kept_and_ends_with_its_pool() {
        let script = "while read line; do echo $$; done";
        let pool = Pool::of(launch(script), usize::MAX);
        let first = ask(&pool);
        assert_eq!(ask(&Pool::of(launch(script), usize::MAX)), first, "another process was started");
        let mut lent = pool.lend().unwrap();
        lent.restart().unwrap();
        lent.give_back();
        assert_ne!(ask(&pool), first);
        let last = ask(&pool);
        drop(pool);
        assert!(!std::path::Path::new("/proc").join(last.trim()).exists(), "it goes on");
    }

    #[test]
    fn no_more_than_there_may_be() {
        let pool = Pool::of(launch("while read line; do sleep 0.01; echo $$; done"), 1);
        let answers: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| ask(&pool))).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
}
