//! Personal data in text: where it stands and of what kind it is, beside Han characters as beside spaces.
//!
//! One pass over the bytes, which stops only at letters and digits (ASCII or full width); what is there is read by the
//! rule of its kind, with the words before it where the form alone does not tell. Numbers of things (orders, parcels,
//! books, versions, sections), dates, amounts, coordinates and hashes are left alone.

mod address;
mod handles;
mod kinds;
mod labels;
mod net;
mod numbers;
mod papers;
mod phones;
mod replace;
mod scan;
mod secrets;
mod units;
mod window;

#[cfg(test)]
mod labelled;
#[cfg(test)]
mod tests;

pub use kinds::{Kind, Kinds, Span};
pub use replace::{Action, replace};
pub use scan::find;
