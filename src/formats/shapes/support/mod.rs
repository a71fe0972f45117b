//! What shapes share, and no shape by itself: [`reading`] looks fields up, [`values`] are what stands in them, [`turns`]
//! reads messages, each by [`turn`], [`ranking`] makes pairs of the ranked answers of one object, [`question_groups`] of
//! answers that lie apart, [`translation`] instructions of translation pairs; [`ground_truth`] is what a program checks an
//! answer against, [`python_literal`] reads dictionaries that Python printed, [`texts`] takes every text of an object, for
//! evaluation sets, [`marks`] takes marks of who speaks off texts, [`media`] tells rows of pictures.

pub mod ground_truth;
pub mod marks;
pub mod media;
pub mod python_literal;
pub mod question_groups;
pub mod ranking;
pub mod reading;
pub mod texts;
pub mod translation;
pub mod turn;
pub mod turns;
pub mod values;
