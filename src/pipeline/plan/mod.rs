//! What a build will do: the stages resolved, the plan of each job, what its files depend on, and how much of it is done.

pub mod column_scan;
pub mod fingerprints;
pub mod folders;
pub mod key_scan;
mod measuring;
pub mod planner;
pub mod plans;
pub mod resources;
pub mod stage_plan;
#[cfg(test)]
mod stage_plan_tests;
pub mod state;
mod text_scan;
