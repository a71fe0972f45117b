//! `corpus fetch` against servers of our own.
