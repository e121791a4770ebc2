//! The end of faults, and what a seed draws: with clients who want a majority of servers to answer.

use std::collections::{BTreeMap, BTreeSet};

use history::{Action, Completion, Key, Names, NodeId, Observation, OpId, Span};
use scenario::{
    Checker, Deployment, Interrupt, Judgement, LoadError, Problem, Ran, RegisterKind, Registry,
    RumorChecker, RunOptions, Scenario, System, Verdict, Waiting,
};
use serde::{Deserialize, Serialize};
use sim::{Context, Input, Keep, NodeSpec, Role, Types};

#[derive(Clone, Debug, Hash)]
enum Part {
    /// Answers, unless it does not after a crash.
    Server {
        config: Config,
        crashed: bool,
    },
    Client(Client),
}

/// Asks until it has been answered often enough.
#[derive(Clone, Debug, Hash)]
struct Client {
    servers: Vec<NodeId>,
    quorum: usize,
    missing: u64,
    open: Option<OpId>,
    heard: BTreeSet<NodeId>,
}

impl Client {
    fn ask(&mut self, cx: &mut Context<'_, Types<Message>>) {
        if let Some(op) = self.open.take() {
            cx.complete(op, Completion::Unknown);
        }
        if self.missing == 0 {
            return;
        }
        self.heard.clear();
        let read = cx.invoke(Key(0), |_| Action::Read);
        self.open = Some(read.op);
        for server in &self.servers {
            cx.send(*server, Message::Question(read.op.ordinal));
        }
        cx.set_timer(Span::from_millis(10), ());
    }

    fn hear(&mut self, cx: &mut Context<'_, Types<Message>>, from: NodeId, message: &Message) {
        let Some(op) = self.open.filter(|op| *message == Message::Answer(op.ordinal)) else {
            return;
        };
        self.heard.insert(from);
        if self.heard.len() == self.quorum {
            cx.complete(op, Completion::Ok(Observation::EMPTY));
            self.open = None;
            self.missing -= 1;
        }
    }
}

#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    servers: u16,
    /// How many servers have to answer: a majority, if it is left open.
    quorum: usize,
    /// Servers that crashed never answer again.
    deaf: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config { servers: 3, quorum: 0, deaf: false }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Message {
    Question(u32),
    Answer(u32),
}

impl sim::Process for Part {
    type Protocol = Types<Message>;

    fn handle(&mut self, cx: &mut Context<'_, Types<Message>>, input: Input<Types<Message>>) {
        match (self, input) {
            (Part::Server { config, crashed }, Input::Message { from, message }) => {
                if let (Message::Question(number), false) = (message, *crashed && config.deaf) {
                    cx.send(from, Message::Answer(number));
                }
            }
            (Part::Client(client), Input::Start | Input::Timer(())) => client.ask(cx),
            (Part::Client(client), Input::Message { from, message }) => {
                client.hear(cx, from, &message);
            }
            _ => (),
        }
    }

    fn crash(self, _: Keep) -> Part {
        match self {
            Part::Server { config, .. } => Part::Server { config, crashed: true },
            client @ Part::Client(_) => client,
        }
    }
}

struct Survey;

impl System for Survey {
    const NAME: &'static str = "survey";

    type Process = Part;
    type Nemesis = ();
    type Config = Config;

    fn complete(config: Config) -> Result<Config, Problem> {
        let quorum =
            if config.quorum == 0 { usize::from(config.servers) / 2 + 1 } else { config.quorum };
        if quorum > usize::from(config.servers) {
            return Err(Problem::new("quorum", "there are not so many servers"));
        }
        Ok(Config { quorum, ..config })
    }

    fn deploy(config: &Config, intensity: u64) -> Deployment<Part, ()> {
        let server = Part::Server { config: config.clone(), crashed: false };
        let mut nodes: Vec<_> = (0..config.servers)
            .map(|number| NodeSpec::new(format!("s{number}"), Role(0), server.clone()))
            .collect();
        let servers = (0..config.servers).map(NodeId).collect();
        let (open, heard) = (None, BTreeSet::new());
        let client = Client { servers, quorum: config.quorum, missing: intensity, open, heard };
        nodes.push(NodeSpec::new("c", Role(1), Part::Client(client)));
        let roles = vec!["server", "client"];
        Deployment { nodes, roles, keys: vec!["k".to_owned()], nemesis: () }
    }

    fn checkers(_: &Config, _: &Names) -> Vec<Box<dyn Checker<Part>>> {
        vec![Box::new(RumorChecker::new(RegisterKind::Kept))]
    }

    fn unfinished(part: &Part) -> Option<String> {
        match part {
            Part::Client(Client { missing: 1.., .. }) => Some("is not done".to_owned()),
            _ => None,
        }
    }

    fn waits_for(part: &Part) -> Vec<Waiting> {
        let Part::Client(Client { servers, open: Some(_), heard, .. }) = part else {
            return Vec::new();
        };
        let silent = servers.iter().filter(|server| !heard.contains(server));
        let what = "an answer".to_owned();
        silent.map(|on| Waiting { on: *on, what: what.clone(), key: None }).collect()
    }
}

const CRASHES: &str = "
[limits]
virtual_time = \"20s\"

[[link]]
from = \"*\"
to = \"*\"
delay = \"1ms\"

[[nemesis]]
steps = [
    { wait = { at = \"25ms\" }, do = [{ crash = \"s0\" }, { crash = \"s1\" }, { crash = \"s2\" }] },
]

[recovery]
wait = { at = \"100ms\" }
role = \"server\"
within = \"50ms\"
";

fn registry() -> Registry {
    Registry::new().with_system::<Survey>()
}

fn load(text: &str) -> Result<Scenario, LoadError> {
    let text = format!("about = \"A survey\"\nsystem = \"survey\"\nintensity = 50\n{text}");
    registry().load_text("survey/test", "test.toml", &text, &[])
}

fn run(scenario: &Scenario, seed: &str) -> Ran {
    let interrupt = Interrupt::new();
    let options = RunOptions::new(seed, &interrupt);
    registry().run(scenario, &options).expect("a run")
}

#[test]
fn with_a_majority_back_everybody_gets_on() {
    let ran = run(&load(CRASHES).unwrap(), "1");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Holds, Judgement::Met));
    assert_eq!(ran.outcome.marks["recovered"], 1);
    assert!(ran.outcome.operations.unknown >= 7, "until then nobody answered");
    assert!(ran.outcome.marks["message-cut"] >= 40, "one server is out of reach for good");
}

#[test]
fn where_no_role_is_named_everybody_comes_back() {
    let cut = |text: &str| run(&load(text).unwrap(), "1").outcome.marks.get("message-cut").copied();
    assert!(cut(CRASHES).is_some());
    assert_eq!(cut(&CRASHES.replace("role = \"server\"\n", "")), None);
}

#[test]
fn who_gets_nowhere_after_the_recovery_is_told_with_whom_it_waits_for() {
    let ran = run(&load(&format!("{CRASHES}\n[survey]\ndeaf = true")).unwrap(), "1");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Liveness, Judgement::NotMet));
    let violation = ran.outcome.violation.expect("a failure of liveness");
    assert_eq!(violation.by, "liveness");
    assert_eq!(violation.summary, "50ms after all faults ended, c got nowhere");
    let [since, who, waits @ ..] = &violation.story[..] else {
        panic!("{:?}", violation.story);
    };
    assert!(
        since.starts_with("from 100ms on nothing goes wrong any more, but that nobody reaches")
    );
    assert!(who.starts_with("c has finished nothing since: 0 of its operations failed, and of "));
    assert_eq!(waits, ["c waits for s0, s1, s2: an answer"]);
    assert!(ran.outcome.virtual_ns < 200_000_000, "the run ends there");
}

#[test]
fn a_recovery_that_never_comes_makes_a_run_vacuous() {
    let late = CRASHES.replace("100ms", "10s").replace("crash", "start");
    let ran = run(&load(&late).unwrap(), "1");
    assert_eq!((ran.outcome.verdict, ran.judgement), (Verdict::Vacuous, Judgement::NotMet));
}

#[test]
fn the_recovery_takes_back_pauses_and_slowness_and_ends_repeated_tracks() {
    let text = CRASHES
        .replace(
            "steps = [",
            "repeat = true\nsteps = [\n{ wait = { after = \"1ms\" }, do = [\
            { start = \"s0\" }, { pause = \"s0\" }, { slow = { node = \"s1\", by = \"1h\" } }] },",
        )
        .replace("at = \"25ms\"", "after = \"1ms\"");
    for seed in ["1", "2", "3", "4"] {
        let ran = run(&load(&text).unwrap(), seed);
        assert_eq!(ran.outcome.verdict, Verdict::Holds, "{:?}", ran.outcome.violation);
    }
}

const SWARM: &str = "
[[link]]
from = \"*\"
to = \"*\"
delay = \"1ms\"

[swarm]
\"link.0.loss\" = [\"0%\", \"10%\", \"20%\"]
\"survey.servers\" = [3, 5]
";

#[test]
fn a_seed_draws_and_another_draws_otherwise() {
    let scenario = load(SWARM).unwrap();
    let drawn = |seed: u32| run(&scenario, &seed.to_string()).outcome.drawn;
    let all: BTreeSet<String> = (0..40).map(|seed| format!("{:?}", drawn(seed))).collect();
    assert_eq!(all.len(), 6, "all combinations come up: {all:?}");
    assert_eq!(drawn(7), drawn(7));
    // What is filled in goes by what was drawn: with five servers it takes three.
    let with = |servers: u64| (0..40).find(|seed| drawn(*seed)["survey.servers"] == servers);
    let delivered = |servers| run(&scenario, &with(servers).unwrap().to_string()).outcome.delivered;
    assert!(delivered(5) > delivered(3) * 5 / 4);
}

#[test]
fn what_is_set_from_outside_is_not_drawn() {
    let drawn = |set: &[&str]| {
        let set: Vec<_> = set.iter().map(|set| set.parse().expect("KEY=VALUE")).collect();
        let text = format!("about = \"\"\nsystem = \"survey\"\nintensity = 9\n{SWARM}");
        let scenario = registry().load_text("survey/test", "test.toml", &text, &set);
        run(&scenario.unwrap(), "7").outcome.drawn
    };
    let all = drawn(&[]);
    let servers = BTreeMap::from([("survey.servers".to_owned(), all["survey.servers"].clone())]);
    assert_eq!(all.len(), 2);
    for set in ["link.0.loss=5%", "link=[]"] {
        assert_eq!(drawn(&[set]), servers, "{set}");
    }
    assert_eq!(drawn(&["survey.deaf=true"]), all);
    assert_eq!(drawn(&["swarm.\"link.0.loss\"=['5%']"]).len(), 2);
}

#[test]
fn a_mark_that_nothing_reaches_is_not_waited_for() {
    let text = CRASHES.replace("at = \"100ms\"", "mark = { name = \"no-such-mark\" }");
    let error = load(&text).unwrap_err().to_string();
    let expected = "recovery.wait.mark.name: there is no mark \"no-such-mark\"; there are: ";
    assert!(error.contains(expected), "{error}");
    let text = CRASHES.replace("at = \"25ms\"", "mark = { name = \"no-such-mark\" }");
    let error = load(&text).unwrap_err().to_string();
    assert!(error.contains("nemesis.0.steps.0.wait.mark.name: there is no mark"), "{error}");
}

#[test]
fn one_path_more_leaves_the_others_as_they_were() {
    let more = load(&format!("{SWARM}\"survey.deaf\" = [false, true]")).unwrap();
    let less = load(SWARM).unwrap();
    for seed in ["1", "2", "3", "4", "5"] {
        let (less, mut more) = (run(&less, seed).outcome.drawn, run(&more, seed).outcome.drawn);
        assert!(more.remove("survey.deaf").is_some());
        assert_eq!(less, more);
    }
}

#[test]
fn what_was_drawn_is_replayed_and_drawn_again() {
    let scenario = load(SWARM).unwrap();
    let directory = tempfile::tempdir().expect("a directory");
    let interrupt = Interrupt::new();
    for seed in ["1", "2", "3"] {
        let path = directory.path().join(format!("{seed}.jsonl"));
        let options = RunOptions { record: Some(&path), ..RunOptions::new(seed, &interrupt) };
        let ran = registry().run(&scenario, &options).expect("a run");
        for redraw in [false, true] {
            let replayed = registry().replay(&path, redraw, &interrupt).expect("a replay");
            assert_eq!(replayed.divergence, None);
            assert_eq!(replayed.ran.outcome, ran.outcome);
        }
        let checked = registry().recheck(&path).expect("a recording");
        assert_eq!(checked.ran.outcome.drawn, ran.outcome.drawn);
    }
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    for (line, why) in [
        ("\"link.0.los\" = [\"1%\"]", "unknown field"),
        ("\"link.1.loss\" = [\"1%\"]", "there is no \"1\""),
        ("\"link.0.loss\" = [\"1%\", \"101%\"]", "is no probability"),
        ("\"link.0.loss\" = []", "nothing to choose from"),
        ("\"expect.within_seeds\" = [2]", "not a seed's to draw"),
        ("\"survey.quorum\" = [9]", "there are not so many servers"),
    ] {
        let text = format!("{}{line}\n", SWARM.replace("\"link.0.loss\"", "\"link.0.duplicate\""));
        let error = load(&text).expect_err(line).to_string();
        assert!(error.contains(why) && error.contains("test.toml"), "{line}: {error}");
    }
}

#[test]
fn values_that_make_no_sense_together_are_an_error_and_no_panic() {
    let scenario = load(&format!("{SWARM}\"survey.quorum\" = [3]\n").replace("[3, 5]", "[3, 1]"));
    let scenario = scenario.expect("one by one they make sense");
    let interrupt = Interrupt::new();
    let options = |seed| RunOptions::new(seed, &interrupt);
    let errors = ["1", "2", "3", "4", "5", "6", "7", "8"]
        .map(|seed| registry().run(&scenario, &options(seed)).err().map(|error| error.to_string()));
    let error = errors.iter().flatten().next().expect("some seed draws one server");
    assert!(error.contains("survey.servers=1") && error.contains("not so many"), "{error}");
}

/// When the clock of `s1` is stepped in a run of a scenario with these tracks.
fn steps_of_s1(tracks: &str) -> Vec<u64> {
    let text = format!(
        "[limits]\nvirtual_time = \"20s\"\n\
         [[link]]\nfrom = \"*\"\nto = \"*\"\ndelay = \"1ms..5ms\"\n{tracks}"
    );
    let scenario = load(&text).expect("a scenario");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("run.jsonl");
    let interrupt = Interrupt::new();
    let options =
        RunOptions { record: Some(&path), explain: false, ..RunOptions::new("7", &interrupt) };
    registry().run(&scenario, &options).expect("a run");
    let log = std::fs::read_to_string(&path).expect("a recording");
    let events = log.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    events
        .filter(|event: &serde_json::Value| {
            event.pointer("/kind/nemesis/step-clock/node") == Some(&1.into())
        })
        .map(|event| event["at"].as_u64().expect("a time"))
        .collect()
}

#[test]
fn a_track_that_is_off_leaves_the_draws_of_the_others_as_they_were() {
    let track = |name: &str, node: &str, more: &str| {
        format!(
            "[[nemesis]]\n{name}{more}repeat = true\nsteps = [{{ wait = {{ event = \
             {{ kind = \"deliver\", times = \"1..30\" }} }}, do = [{{ step_clock = \
             {{ node = \"{node}\", by = \"1ms\" }} }}] }}]\n"
        )
    };
    let both = steps_of_s1(&[track("", "s0", ""), track("", "s1", "")].concat());
    assert!(both.len() > 5, "{both:?}");
    let alone = steps_of_s1(&[track("", "s0", "on = false\n"), track("", "s1", "")].concat());
    assert_eq!(alone, both);

    let name = "name = \"second\"\n";
    let named = steps_of_s1(&[track("", "s0", ""), track(name, "s1", "")].concat());
    assert_ne!(named, both, "another name, other draws");
    assert_eq!(steps_of_s1(&track(name, "s1", "")), named, "whatever its place");
}

#[test]
fn two_tracks_of_one_name_are_refused() {
    let track = "[[nemesis]]\nsteps = [{ wait = { at = \"1ms\" }, do = [] }]\n";
    let named = track.replace("steps", "name = \"1\"\nsteps");
    assert!(load(&[&named, track, track].concat()).is_err(), "the second one is called 1 too");
    let refused = load(&[&*named, &named].concat()).expect_err("two of one name").to_string();
    assert!(refused.contains("another track is called \"1\""), "{refused}");
    assert!(load(&[track, track, &named].concat()).is_err());
    assert!(load(&[track, track, track].concat()).is_ok());
}
