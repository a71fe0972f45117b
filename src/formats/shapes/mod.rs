//! One file a shape; to add one, write the file and name it here.
use super::Shape;

macro_rules! shapes {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every shape.
        pub static ALL: &[&dyn Shape] = &[$(&$module::SHAPE),*];
    };
}

shapes!();
