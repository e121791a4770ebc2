#![allow(clippy::print_stdout, missing_docs)]
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    for story in text.split("---\n") {
        let (history, names) = check::notation::parse(story).unwrap();
        match check::check_history(&history) {
            Ok(Some(v)) => {
                println!("{}: {v}\n", v.reason.name());
                println!("{}", check::explain(&history, &v, &names));
            }
            other => println!("== {other:?}\n{story}"),
        }
    }
}
