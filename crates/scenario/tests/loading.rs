//! Scenario files that are refused when they are read: the message, with the line that it is about.

use history::{Names, Span};
use scenario::{Checker, Deployment, Override, Problem, Registry, System};
use serde::{Deserialize, Serialize};
use sim::{Context, Input, Keep, NodeSpec, Role, Types};

/// A shop with a till, which has a replica if there is power.
struct Shop;

/// The section `[shop]`, with the section `[power]`, which other systems could have too.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    customers: u16,
    power: Power,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Power {
    volts: u32,
    lasts: Span,
}

#[derive(Clone, Debug, Hash)]
enum Node {
    Till { has_replica: bool },
    Customer,
}

impl sim::Process for Node {
    type Protocol = Types<()>;

    fn handle(&mut self, _: &mut Context<'_, Types<()>>, _: Input<Types<()>>) {}

    fn crash(self, _: Keep) -> Node {
        self
    }
}

impl System for Shop {
    const NAME: &'static str = "shop";
    const SHARED_SECTIONS: &'static [&'static str] = &["power"];

    type Process = Node;
    type Nemesis = ();
    type Config = Config;

    fn complete(config: Config) -> Result<Config, Problem> {
        match config {
            Config { customers: 100.., .. } => Err(Problem::new("customers", "these are too many")),
            Config { power: Power { volts: 1_000.., .. }, .. } => {
                Err(Problem::new("power.volts", "this is too much"))
            }
            config => Ok(config),
        }
    }

    fn deploy(config: &Config, _: u64) -> Deployment<Node, ()> {
        let till = Node::Till { has_replica: config.power.volts > 0 };
        let mut nodes = vec![NodeSpec::new("till", Role(0), till)];
        for number in 0..config.customers {
            nodes.push(NodeSpec::new(format!("c{number}"), Role(1), Node::Customer));
        }
        let (roles, keys) = (vec!["till", "customer"], Vec::new());
        Deployment { nodes, roles, keys, nemesis: () }
    }

    fn checkers(_: &Config, _: &Names) -> Vec<Box<dyn Checker<Node>>> {
        Vec::new()
    }

    fn no_fail_over(node: &Node) -> Option<&'static str> {
        match node {
            Node::Till { has_replica: true } => None,
            Node::Till { has_replica: false } => Some("there is no power"),
            Node::Customer => Some("it is no till"),
        }
    }
}

fn registry() -> Registry {
    Registry::new().with_system::<Shop>()
}

fn load(lines: &[&str], overrides: &[&str]) -> Result<scenario::Scenario, String> {
    let head = ["about = \"A day\"", "system = \"shop\"", "intensity = 1"];
    let text = [&head, lines].concat().join("\n");
    let overrides: Vec<Override> =
        overrides.iter().map(|set| set.parse().expect("KEY=VALUE")).collect();
    let scenario = registry().load_text("shop/day", "day.toml", &text, &overrides);
    scenario.map_err(|error| error.to_string())
}

#[track_caller]
fn refused(lines: &[&str], expected: &str) {
    assert_eq!(load(lines, &[]).expect_err("it is refused"), expected);
}

/// A track whose only step does this, from the fifth line on.
fn does<'a>(action: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let track =
        ["[[nemesis]]", "steps = [", "    { wait = { at = \"1s\" }, do = [", action, "] },"];
    [&track[..], &["]", "[shop]", "customers = 2"], more].concat()
}

#[test]
fn a_shared_section_stands_beside_the_systems_own() {
    let lines = ["[power]", "volts = 230", "[shop]", "customers = 3"];
    let scenario = load(&lines, &["power.lasts=5s"]).expect("a scenario");
    let shown = scenario.to_toml();
    assert!(shown.contains("[power]\nlasts = \"5s\"\nvolts = 230\n"), "{shown}");
    assert!(shown.contains("[shop]\ncustomers = 3\n"), "{shown}");
    let again = registry().load_text("shop/day", "shown.toml", &shown, &[]);
    assert_eq!(again.expect("it reads back"), scenario);
}

#[test]
fn a_shared_section_has_defaults() {
    let shown = load(&[], &[]).expect("a scenario").to_toml();
    assert!(shown.contains("[power]\nlasts = \"0s\"\nvolts = 0\n"), "{shown}");
}

#[test]
fn what_is_wrong_in_a_shared_section_is_found_there() {
    let own = ["[shop]", "customers = 3"];
    let with = |power: &[&'static str]| [&own[..], &["[power]"], power].concat();
    refused(&with(&["", "volts = 1_000"]), "day.toml:8: power.volts: this is too much");
    refused(
        &with(&["amperes = 16"]),
        "day.toml:7: unknown field `amperes`, expected `volts` or `lasts`",
    );
    refused(
        &with(&["volts = 1", "lasts = \"5\""]),
        "day.toml:8: \"5\" is not a length of time: write a number and its unit, such as 250us, \
         13ms, 1.5s, 10m",
    );
    refused(&["[shop]", "", "customers = 100"], "day.toml:6: shop.customers: these are too many");
}

#[test]
fn a_shared_section_is_no_part_of_the_systems_own() {
    let expected = "day.toml:6: shop.power: this is a section of its own, written [power]";
    refused(&["[shop]", "customers = 1", "[shop.power]", "volts = 1"], expected);
    let expected = "day.toml:5: shop.power: this is a section of its own, written [power]";
    refused(&["[shop]", "power.volts = 1"], expected);
    refused(&["shop = 3"], "day.toml:4: shop: this is a section, written [shop]");
}

#[test]
fn a_seed_can_draw_from_a_shared_section() {
    let swarm = |path: &str| format!("{path:?} = [230, 5000]");
    let good = load(&["[swarm]", "\"power.volts\" = [110, 230]"], &[]);
    assert!(good.is_ok(), "{good:?}");
    refused(
        &["[swarm]", &swarm("power.volts")],
        "day.toml:5: swarm.\"power.volts\": 5000: this is too much",
    );
    refused(
        &["[swarm]", &swarm("limits.events")],
        "day.toml:5: swarm.\"limits.events\": this is not a seed's to draw; there are: link, \
         clock, nemesis, recovery, power, shop",
    );
}

#[test]
fn a_node_that_cannot_fail_over_is_refused_where_the_file_says_so() {
    let till = does("        { fail_over = \"till\" },", &[]);
    let path = "nemesis.0.steps.0.do.0";
    refused(&till, &format!("day.toml:7: {path}: till cannot fail over: there is no power"));
    let powered = does("        { fail_over = \"till\" },", &["[power]", "volts = 230"]);
    assert!(load(&powered, &[]).is_ok(), "it has a replica");
    let error = load(&powered, &["power.volts=0"]).expect_err("it has no replica any more");
    let with = "day.toml with --set power.volts=0";
    assert_eq!(error, format!("{with}: {path}: till cannot fail over: there is no power"));
    let customer = does("        { start = \"c1\" }, { fail_over = \"c1\" },", &[]);
    let path = "nemesis.0.steps.0.do.1";
    refused(&customer, &format!("day.toml:7: {path}: c1 cannot fail over: it is no till"));
    let crash = does("        { crash = \"c1\" }, { wipe = \"till\" },", &[]);
    assert!(load(&crash, &[]).is_ok(), "every node can crash");
}
