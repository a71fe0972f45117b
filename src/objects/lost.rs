//! Reads of inputs that failed. Whoever reads raw data takes an error of a stream for a broken file, and goes on behind it; a
//! store that does not answer breaks no file.

use std::cell::RefCell;

use crate::{Error, Result};

thread_local! {
    /// What went wrong on this thread.
    static LOST: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Takes down what goes wrong, for [`lost`].
pub(super) fn noted<T>(result: Result<T>) -> Result<T> {
    result.inspect_err(|error| {
        let kept = match error {
            Error::Interrupted => Error::Interrupted,
            error => Error::other(error.to_string(), error.hint().unwrap_or_default()),
        };
        LOST.with_borrow_mut(|lost| {
            lost.get_or_insert(kept);
        });
    })
}

/// What went wrong first with an object since this was asked before on this thread. A store that does not answer breaks no
/// file, so nothing that was made of what came until then may stay.
pub fn lost() -> Option<Error> {
    LOST.take()
}

/// Whether something went wrong with an object on this thread that [`lost`] has not told yet.
pub fn is_lost() -> bool {
    LOST.with_borrow(Option::is_some)
}
