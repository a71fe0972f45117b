//! Ctrl-C and SIGTERM as a flag that long work asks for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};

use crate::objects;

/// The first Ctrl-C or SIGTERM asks the build to stop after the units it is at, and ends what waits for an object store; the
/// second ends the process. There is one flag, however often this is called.
pub fn stop_on_interrupt() -> Arc<AtomicBool> {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(listen);
    objects::stop()
}

fn listen() {
    let flag = objects::stop();
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
}
