//! One file a shape; to add one, write the file and name it here.
//! [`read`] looks fields up for all of them, [`turns`] reads messages, [`answers`] makes pairs of ranked answers.
use super::Shape;

mod answers;
mod read;
mod turns;

macro_rules! shapes {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every shape.
        pub static ALL: &[&dyn Shape] = &[$(&$module::SHAPE),*];
    };
}

shapes!(
    alpaca,
    coig,
    fields,
    hc3,
    hh,
    kto,
    messages,
    moss,
    natural_instructions,
    oasst,
    oig,
    pairs,
    preference,
    ranked,
    self_instruct,
    sharegpt,
    task,
    ultrachat,
    zhihu,
);

#[cfg(test)]
mod tests;
