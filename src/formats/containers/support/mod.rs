//! What containers share, and no container by itself: [`records`] are those that cannot be read, and lines that are
//! records; [`mapper`] takes objects through a shape; [`row_rules`] hold for the rows of every shape.

mod by_columns;
pub mod mapper;
pub mod records;
pub mod row_rules;
