//! A proposer with another leadership.

use sim::{Context, Input, Keep, Waiting};

use super::gryadka_v2::GryadkaV2;
use super::reused_id::ReusedId;
use super::stubborn::Stubborn;
use crate::Protocol;
use crate::proposer::Proposer;

#[derive(Clone, Debug, Hash)]
pub(crate) enum VariantProposer {
    GryadkaV2(Proposer<GryadkaV2>),
    ReusedId(Proposer<ReusedId>),
    Stubborn(Proposer<Stubborn>),
}

impl sim::Process for VariantProposer {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Context<'_, Protocol>, input: Input<Protocol>) {
        match self {
            VariantProposer::GryadkaV2(proposer) => proposer.handle(cx, input),
            VariantProposer::ReusedId(proposer) => proposer.handle(cx, input),
            VariantProposer::Stubborn(proposer) => proposer.handle(cx, input),
        }
    }

    fn crash(self, keep: Keep) -> VariantProposer {
        match self {
            VariantProposer::GryadkaV2(proposer) => {
                VariantProposer::GryadkaV2(proposer.crash(keep))
            }
            VariantProposer::ReusedId(proposer) => VariantProposer::ReusedId(proposer.crash(keep)),
            VariantProposer::Stubborn(proposer) => VariantProposer::Stubborn(proposer.crash(keep)),
        }
    }
}

impl VariantProposer {
    /// The acceptors for which it waits, in each attempt.
    pub(crate) fn waits_for(&self) -> Vec<Waiting> {
        match self {
            VariantProposer::GryadkaV2(proposer) => proposer.waits_for(),
            VariantProposer::ReusedId(proposer) => proposer.waits_for(),
            VariantProposer::Stubborn(proposer) => proposer.waits_for(),
        }
    }
}
