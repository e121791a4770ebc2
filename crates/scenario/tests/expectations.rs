//! Expectations and findings, with a system whose process breaks rules on request.

use history::{Action, Completion, Key, Names, Observation, Span, Value, Version};
use scenario::{
    Checker, Deployment, End, Finding, Interrupt, Judgement, Problem, Ran, RegisterKind, Registry,
    RumorChecker, RunOptions, System, Verdict,
};
use serde::{Deserialize, Serialize};
use sim::{Context, Event, Input, Keep, NodeSpec, Observer, Role, Types};

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
    /// Says twice how the read ended.
    stutters: bool,
}

impl sim::Process for Clerk {
    type Protocol = Types<()>;

    fn handle(&mut self, cx: &mut Context<'_, Types<()>>, input: Input<Types<()>>) {
        match input {
            Input::Start => {
                let write = cx.invoke(Key(0), |op| Action::Write { value: Value::of(op) });
                let value = write.action.written().unwrap_or(Value::NONE);
                let written = Observation { version: Version(1), value };
                cx.complete(write.op, Completion::Ok(written));
                let read = cx.invoke(Key(0), |_| Action::Read);
                let seen = if self.config.forgets { Observation::EMPTY } else { written };
                cx.complete(read.op, Completion::Ok(seen));
                if self.config.stutters {
                    cx.complete(read.op, Completion::Ok(seen));
                }
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

/// When the clerk has gone, the light is off.
#[derive(Clone)]
struct DarkAtNight {
    wastes: bool,
    is_broken: bool,
}

impl Observer<Types<()>> for DarkAtNight {
    fn event(&mut self, _: &Event<Types<()>>) {}
}

impl Checker<Clerk> for DarkAtNight {
    fn name(&self) -> &'static str {
        "dark-at-night"
    }

    fn finding(&self) -> Option<Finding> {
        let summary = "the clerk is gone, and the light is on";
        self.is_broken.then(|| Finding::invariant(summary, Vec::new()))
    }

    fn at_end(&mut self, end: &End<'_, Clerk>) {
        if let End::AtRest(clerks) = end {
            self.is_broken = self.wastes && clerks.iter().all(|clerk| clerk.is_home);
        }
    }
}

impl System for Office {
    const NAME: &'static str = "office";
    const MARKS: &'static [&'static str] = &["home"];

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

    fn checkers(config: &Config, _: &Names) -> Vec<Box<dyn Checker<Clerk>>> {
        let dark = DarkAtNight { wastes: config.wastes, is_broken: false };
        vec![Box::new(RumorChecker::new(RegisterKind::Kept)), Box::new(dark)]
    }

    fn unfinished(clerk: &Clerk) -> Option<String> {
        (!clerk.is_home).then(|| "is still there".to_owned())
    }
}

/// Runs a clerk with these orders, and these expectations. Then runs it again as a recording that
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
    let options = RunOptions { record: Some(&path), ..RunOptions::new("1", &interrupt) };
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

#[test]
fn a_checker_that_is_off_finds_nothing() {
    for (told, checker) in
        [("forgets", "rumor"), ("wastes", "dark-at-night"), ("stays", "liveness")]
    {
        let ran = run(&[told], "");
        assert_eq!(ran.judgement, Judgement::NotMet, "{checker} watches");
        let expected = format!("{checker} = \"off\"\noutcomes = \"holds\"");
        let ran = run(&[told], &expected);
        assert_ne!(ran.outcome.violation.map(|found| found.by).as_deref(), Some(checker));
    }
    let ran = run(&["forgets", "wastes"], "rumor = \"off\"\ndark-at-night = \"off\"");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Holds, Judgement::Met));
}

/// Whatever the scenario expects: it says nothing of the protocol.
#[test]
fn an_account_that_makes_no_sense_is_a_finding_of_its_own() {
    for expected in ["", "rumor = \"violates\"", "rumor = \"may-violate\""] {
        let ran = run(&["stutters"], expected);
        assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Malformed, Judgement::NotMet));
        let summary = ran.outcome.violation.expect("it is told").summary;
        assert!(summary.contains("clerk") || summary.contains("n0#1"), "{summary}");
    }
}
