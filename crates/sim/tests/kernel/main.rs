//! What the kernel promises, one theme per file: each fault happens when it is ordered and does not
//! when it is not, chance is stable, and a run is a function of its seed.

mod busy;
mod choices;
mod clocks;
mod crash;
mod delay;
mod determinism;
mod duplication;
mod edits;
mod enumerated;
mod fingerprint;
mod hold;
mod life;
mod limits;
mod loss;
mod mend;
mod operator;
mod order;
mod partition;
mod path;
mod pause;
mod pending;
mod stage;
mod stream;
mod timers;
