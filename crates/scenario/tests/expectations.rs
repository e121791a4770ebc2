//! What a scenario expects and what is found, with a system that does wrong as it is told.

use history::{Action, Completion, Key, Observation, Span, Value, Version};
use scenario::{
    Broken, Deployment, Interrupt, Judgement, Problem, Ran, Registry, RunOptions, System, Verdict,
};
use serde::{Deserialize, Serialize};
use sim::{Context, Input, Keep, NodeSpec, Role};

/// A clerk who writes something down, looks it up, and goes home.
#[derive(Clone, Debug, Hash)]
struct Clerk {
    config: Config,
    is_home: bool,
}

#[derive(Clone, Debug, Default, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Reads what was there before the write.
    forgets: bool,
    /// Never goes home.
    stays: bool,
    /// Leaves the light on.
    wastes: bool,
}

impl sim::Process for Clerk {
    type Message = ();
    type Timer = ();

    fn handle(&mut self, cx: &mut Context<'_, (), ()>, input: Input<(), ()>) {
        match input {
            Input::Start => {
                let write = cx.invoke(Key(0), |op| Action::Write { value: Value::of(op) });
                let value = write.action.written().unwrap_or(Value::NONE);
                let written = Observation { version: Version(1), value };
                cx.complete(write.op, Completion::Ok(written));
                let read = cx.invoke(Key(0), |_| Action::Read);
                let seen = if self.config.forgets { Observation::EMPTY } else { written };
                cx.complete(read.op, Completion::Ok(seen));
                cx.set_timer(Span::from_millis(1), ());
            }
            Input::Timer(()) if !self.config.stays => {
                cx.mark("home");
                self.is_home = true;
            }
            _ => (),
        }
    }

    fn crash(self, _: Keep) -> Clerk {
        self
    }
}

struct Office;

impl System for Office {
    const NAME: &'static str = "office";
    const MARKS: &'static [&'static str] = &["home"];
    const INVARIANTS: &'static [&'static str] = &["dark-at-night"];

    type Process = Clerk;
    type Nemesis = ();
    type Config = Config;

    fn complete(config: Config) -> Result<Config, Problem> {
        Ok(config)
    }

    fn deploy(config: &Config, _: u64) -> Deployment<Clerk, ()> {
        let clerk = Clerk { config: config.clone(), is_home: false };
        Deployment {
            nodes: vec![NodeSpec::new("clerk", Role(0), clerk)],
            roles: vec!["clerk"],
            keys: vec!["note".to_owned()],
            nemesis: (),
        }
    }

    fn at_rest(config: &Config, processes: &[&Clerk]) -> Option<(&'static str, Broken)> {
        let wastes = config.wastes && processes.iter().all(|clerk| clerk.is_home);
        let summary = "nobody is there, and the light is on".to_owned();
        wastes.then(|| ("dark-at-night", Broken { summary, story: Vec::new() }))
    }

    fn unfinished(clerk: &Clerk) -> Option<String> {
        (!clerk.is_home).then(|| "is still there".to_owned())
    }
}

/// Runs a clerk who is told these things, by these expectations; and once more as a recording that
/// is only checked, where the same has to be found.
fn run(told: &[&str], expected: &str) -> Ran {
    let told: String = told.iter().map(|word| format!("{word} = true\n")).collect();
    let text = format!(
        "about = \"A day\"\nsystem = \"office\"\nintensity = 1\n\
         [expect]\nmarks = [\"home\"]\n[expect.checkers]\n{expected}\n[office]\n{told}"
    );
    let registry = Registry::new().with_system::<Office>();
    let scenario = registry.load_text("office/day", "day.toml", &text, &[]).expect("a scenario");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("day.jsonl");
    let interrupt = Interrupt::new();
    let options =
        RunOptions { seed: "1", record: Some(&path), explain: true, interrupt: &interrupt };
    let ran = registry.run(&scenario, &options).expect("a run");
    let checked = registry.recheck(&path).expect("a recording").ran;
    assert_eq!(checked.outcome.verdict, ran.outcome.verdict);
    assert_eq!(checked.judgement, ran.judgement);
    ran
}

#[test]
fn what_is_as_it_should_be() {
    let ran = run(&[], "");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Holds, Judgement::Met));
}

#[test]
fn who_is_never_done_may_be_expected_not_to_be() {
    for (expected, judgement) in [
        ("", Judgement::NotMet),
        ("liveness = \"violates\"", Judgement::Met),
        ("liveness = \"may-violate\"", Judgement::Met),
    ] {
        let ran = run(&["stays"], expected);
        assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Liveness, judgement));
    }
    let ran = run(&[], "liveness = \"violates\"");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Holds, Judgement::NotMet));
}

#[test]
fn what_is_wrong_when_all_is_over_breaks_an_invariant() {
    for (expected, judgement) in
        [("", Judgement::NotMet), ("dark-at-night = \"violates\"", Judgement::Met)]
    {
        let ran = run(&["wastes"], expected);
        assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Invariant, judgement));
    }
}

#[test]
fn a_run_goes_on_after_what_may_be_violated() {
    let ran = run(&["forgets"], "rumor = \"violates\"");
    assert!(!ran.outcome.marks.contains_key("home"), "it ends with the violation");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Violation, Judgement::NotMet));
    let missing = "the run never reached: home";
    assert_eq!(ran.outcome.void.as_deref(), Some(missing), "which came too early");

    let ran = run(&["forgets"], "rumor = \"may-violate\"");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Violation, Judgement::Met));
    assert_eq!(ran.outcome.marks["home"], 1, "it goes on to the end");

    let ran = run(&["forgets", "wastes"], "rumor = \"may-violate\"");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Invariant, Judgement::NotMet));

    let ran = run(&["forgets", "stays"], "rumor = \"may-violate\"");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Liveness, Judgement::NotMet));
}
