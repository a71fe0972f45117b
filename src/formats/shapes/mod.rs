//! One file a shape; to add one, write the file and name it here.
//! [`read`] looks fields up for all of them, [`turns`] reads messages.
use super::Shape;

mod read;
mod turns;

macro_rules! shapes {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every shape.
        pub static ALL: &[&dyn Shape] = &[$(&$module::SHAPE),*];
    };
}

shapes!(alpaca, fields, hh, kto, messages, pairs, preference, sharegpt,);

#[cfg(test)]
mod tests;
