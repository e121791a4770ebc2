//! Sequences of command lines, made of the forms in `forms.rs` and the words in `words.rs`.

use proptest::prelude::*;
use proptest::strategy::Union;
use redis::Blob;

use crate::forms::GROUPS;
use crate::words::words;

/// A sequence against a real server has fewer lines than this.
pub(crate) const LINES_MAX: usize = 60;

/// Most lines of a sequence are from one group of commands, so that they affect each other.
pub(crate) fn sequence() -> impl Strategy<Value = Vec<Vec<Blob>>> {
    let any = line(&GROUPS.concat());
    Union::new(GROUPS.map(|group| {
        let line = prop_oneof![5 => line(group), 1 => any.clone()];
        prop::collection::vec(line, 1..LINES_MAX).boxed()
    }))
}

/// A command line of one of these forms.
pub(crate) fn line(forms: &[&'static str]) -> BoxedStrategy<Vec<Blob>> {
    let forms = forms.iter().map(|form| {
        let kinds: Vec<_> = form.split(' ').map(words).collect();
        kinds.prop_map(|words| words.concat()).boxed()
    });
    Union::new(forms).prop_filter("a word", |line| !line.is_empty()).boxed()
}
