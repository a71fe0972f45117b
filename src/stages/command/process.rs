//! A program that answers line by line: started, written to, read with a time limit, and ended.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::heap;

/// How a program is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// How long it may take for an answer.
    pub patience: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The program ended, or closed its output: what the system says of it.
    Ended(String),
    /// It said nothing for as long as it may take.
    Silent,
}

/// Bytes of the longest answer: a program that writes on without an end of line does not fill the memory.
const LONGEST: u64 = 256 << 20;
/// Bytes of its stderr that are remembered, from the end.
const TAIL: usize = 4 << 10;
/// Answers that may wait to be read.
const AHEAD: usize = 256;
/// How long a program may take to end, once its input is closed.
const GRACE: Duration = Duration::from_secs(2);

/// A running program.
pub struct Process {
    child: Child,
    /// What is to be written; none once its input is to be closed.
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<Vec<u8>>,
    tail: Arc<Mutex<Vec<u8>>>,
    /// Says that stderr is at its end.
    errors: Receiver<()>,
    patience: Duration,
    grace: Duration,
    answered: u64,
}

impl Launch {
    /// Starts the program. It is in a process group of its own: what interrupts the build lets it finish its rows.
    ///
    /// # Errors
    /// What the system says: there is no such program, or it may not be run.
    pub fn start(&self) -> io::Result<Process> {
        let (program, arguments) = self.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        // A path is from the folder that the program runs in; a name is looked for in PATH.
        let program = if program.contains('/') { self.folder.join(program) } else { PathBuf::from(program) };
        let mut child = heap::spare(&mut Command::new(program))
            .args(arguments)
            .current_dir(&self.folder)
            .process_group(0)
            // Python writes what it prints at once, and in UTF-8, whatever the locale.
            .envs([("PYTHONUNBUFFERED", "1"), ("PYTHONUTF8", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (input, to_write) = channel();
        let (read, output) = sync_channel(AHEAD);
        let (ended, errors) = channel();
        let tail = Arc::new(Mutex::new(Vec::new()));
        if let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        {
            let tail = tail.clone();
            thread::spawn(move || write(stdin, &to_write));
            thread::spawn(move || lines(stdout, &read));
            thread::spawn(move || remember(stderr, &tail, &ended));
        }
        let (patience, grace, answered) = (self.patience, GRACE, 0);
        Ok(Process { child, input: Some(input), output, tail, errors, patience, grace, answered })
    }
}

impl Process {
    /// Hands over what is to be written. A program that has ended is seen by [`Process::answer`].
    pub fn send(&self, bytes: Vec<u8>) {
        if let Some(input) = &self.input {
            let _ = input.send(bytes);
        }
    }

    /// The next line that it writes, with its end.
    ///
    /// # Errors
    /// [`Fault`]: it ended, or said nothing for too long.
    pub fn answer(&mut self) -> Result<Vec<u8>, Fault> {
        match self.output.recv_timeout(self.patience) {
            Ok(line) => {
                self.answered += 1;
                Ok(line)
            }
            Err(RecvTimeoutError::Timeout) => Err(Fault::Silent),
            Err(RecvTimeoutError::Disconnected) => Err(Fault::Ended(match self.wait(Duration::from_secs(1)) {
                Some(status) => status.to_string(),
                None => "it closed its output, and goes on".to_owned(),
            })),
        }
    }

    /// A line that it has written without being asked, if there is one by now.
    pub fn unasked(&self) -> Option<Vec<u8>> {
        self.output.try_recv().ok()
    }

    /// How many answers it has given.
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// The end of what it wrote to stderr.
    pub fn last_words(&self) -> String {
        // What it wrote before it ended may still be on its way.
        let _ = self.errors.recv_timeout(Duration::from_millis(300));
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&tail).trim().to_owned()
    }

    /// Ends it without waiting.
    pub fn kill(mut self) {
        self.grace = Duration::ZERO;
    }

    fn wait(&mut self, most: Duration) -> Option<ExitStatus> {
        let began = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if began.elapsed() < most => thread::sleep(Duration::from_millis(5)),
                _ => return None,
            }
        }
    }
}

/// Its input is closed; a program that goes on all the same is killed, with what it started.
impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        if self.wait(self.grace).is_none() {
            let group = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Writes what comes, until nothing comes any more or nobody reads.
fn write(mut stdin: ChildStdin, from: &Receiver<Vec<u8>>) {
    while let Ok(bytes) = from.recv() {
        if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

/// Hands over line by line, until the output ends or nobody reads.
fn lines(stdout: ChildStdout, to: &SyncSender<Vec<u8>>) {
    let mut reader = BufReader::with_capacity(64 << 10, stdout);
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if to.send(line).is_err() => return,
            Ok(_) => {}
        }
    }
}

/// Keeps the end of what is written to stderr.
fn remember(mut stderr: ChildStderr, tail: &Mutex<Vec<u8>>, ended: &Sender<()>) {
    let mut buffer = [0; 4096];
    loop {
        match stderr.read(&mut buffer) {
            Ok(read) if read > 0 => {
                let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend_from_slice(&buffer[..read]);
                let more = tail.len().saturating_sub(TAIL);
                tail.drain(..more);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    let _ = ended.send(());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(script: &str, patience: Duration) -> Launch {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        Launch { command, folder: std::env::temp_dir(), patience }
    }

    #[test]
    fn lines_come_back_in_order() {
        let mut cat = launch("cat", Duration::from_secs(20)).start().unwrap();
        // More than a pipe holds, both ways.
        let line = "漢".repeat(40_000) + "\n";
        cat.send(line.repeat(20).into_bytes());
        for _ in 0..20 {
            assert_eq!(cat.answer().unwrap(), line.as_bytes());
        }
        assert_eq!((cat.answered(), cat.unasked()), (20, None));
    }

    #[test]
    fn an_end_and_a_silence_are_told_apart() {
        let mut dead = launch("read line; echo 'no model' >&2; exit 3", Duration::from_secs(20)).start().unwrap();
        dead.send(b"{}\n".to_vec());
        assert_eq!(dead.answer(), Err(Fault::Ended("exit status: 3".into())));
        assert_eq!(dead.last_words(), "no model");
        let mut slow = launch("sleep 60", Duration::from_millis(50)).start().unwrap();
        assert_eq!(slow.answer(), Err(Fault::Silent));
        let began = Instant::now();
        slow.kill();
        assert!(began.elapsed() < Duration::from_secs(20), "it was waited for");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_of_the_system() {
        let launch = Launch { command: vec!["./none".into()], ..launch("", Duration::ZERO) };
        assert_eq!(launch.start().err().unwrap().kind(), io::ErrorKind::NotFound);
    }
}
