//! Ctrl-C and SIGTERM as a flag that long work asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The first Ctrl-C or SIGTERM asks the build to stop after the units it is at; the second ends the process.
pub fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let Ok(mut asked) = signal(SignalKind::terminate()) else { return };
            let mut next = async || {
                tokio::select! {
                    pressed = tokio::signal::ctrl_c() => pressed.is_ok(),
                    asked = asked.recv() => asked.is_some(),
                }
            };
            while next().await {
                if flag.swap(true, Ordering::Relaxed) {
                    std::process::exit(130);
                }
            }
        });
    });
    stop
}
