//! x
use clap::Args;
use super::Context;
use crate::Result;
/// Say what a build would do.
#[derive(Debug, Args)]
pub struct PlanCommand {}
impl PlanCommand { /// Run.
pub fn run(self, _: &Context) -> Result<()> { Ok(()) } }
