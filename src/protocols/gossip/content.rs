//! What clients of replicated keys write: documents, sets and verses, drawn before the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chance::{Chance, Dice};
use crate::codex::Value;
use crate::codex::conflict::MEANING;
use crate::identity::OpId;
use crate::measure::Share;

/// What a put writes, as it was planned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// A document, which its operation names, so that no other is the same.
    Document(Document),
    /// The list that the client last read, and a token of this operation; the token alone if it read none.
    Grown,
    /// A verse with some letters wrong.
    Verse {
        /// The canonical text.
        canon: &'static str,
        /// The errors, each in the text that those before have left.
        edits: Vec<Edit>,
    },
}

impl Content {
    /// How many bytes it takes, about. A list grows with every client that has read it.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Document(document) => u64::from(document.bytes),
            Self::Grown => 4_096,
            Self::Verse { canon, .. } => canon.len() as u64,
        }
    }
}

/// A map up to three deep with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Document {
    /// The index of its meaning.
    pub meaning: usize,
    /// How it is built.
    pub shape: Shape,
    /// Its text takes at least so many bytes.
    pub bytes: u32,
}

/// How a document is built. Documents of different shapes are in structural conflict, whatever they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// A text beside a map, which holds another map.
    Usual,
    /// The same with a field more.
    Wider,
    /// The inner map is a text.
    Flatter,
    /// The inner map is a list.
    Listed,
    /// It is a text alone, without a meaning.
    Plain,
}

/// One wrong letter in a text. Places are those of Unicode scalar values, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edit {
    /// A letter too many, before the place.
    Inserted(usize, char),
    /// A letter too few.
    Removed(usize),
    /// Another letter.
    Replaced(usize, char),
}

/// The words that a document may have as its meaning.
pub(super) const MEANINGS: [&str; 8] =
    ["praise", "lament", "law", "promise", "parable", "genealogy", "letter", "vision"];

/// How many documents are built in a way that is not the usual one.
const UNUSUAL: Share = Share::from_percent(15);

const LETTERS: [char; 12] = ['a', 'e', 'o', 't', 'h', 's', ' ', ',', 'é', 'ß', 'λ', '𝄞'];

impl Content {
    /// The value that `op` puts, where the client has last read `read`.
    pub(super) fn value(&self, op: OpId, read: Option<&Value>) -> Value {
        match self {
            Self::Document(document) => document.value(op),
            Self::Grown => grown(op, read),
            Self::Verse { canon, edits } => Value::text(&edited(canon, edits)),
        }
    }
}

fn grown(op: OpId, read: Option<&Value>) -> Value {
    let mut items = match read {
        Some(Value::List(items)) => Vec::clone(items),
        Some(Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Text(_) | Value::Map(_)) | None => Vec::new(),
    };
    items.push(Value::text(&op.to_string()));
    Value::List(Arc::new(items))
}

impl Document {
    /// A document with one of the first `meanings` meanings.
    pub(super) fn drawn(meanings: u32, bytes: u32, dice: &mut Dice) -> Self {
        let meaning = dice.below(u64::from(meanings.max(1)));
        let unusual = [Shape::Wider, Shape::Flatter, Shape::Listed, Shape::Plain];
        let other = *dice.pick(&unusual).expect("there are some");
        let shape = if dice.happens(UNUSUAL) { other } else { Shape::Usual };
        Self { meaning: usize::try_from(meaning).expect("an index fits"), shape, bytes }
    }

    fn value(self, op: OpId) -> Value {
        let Self { meaning, shape, bytes } = self;
        let name = op.to_string();
        let text = Value::text(&format!("{name}{}", "-".repeat((bytes as usize).saturating_sub(name.len()))));
        let name = Value::text(&name);
        let note = || map([("by", name.clone())]);
        let body = match shape {
            Shape::Usual => map([("note", note())]),
            Shape::Wider => map([("note", note()), ("place", name.clone())]),
            Shape::Flatter => name.clone(),
            Shape::Listed => Value::List(Arc::new(vec![name.clone()])),
            Shape::Plain => return text,
        };
        let meaning = Value::text(MEANINGS[meaning % MEANINGS.len()]);
        map([(MEANING, meaning), ("body", body), ("text", text)])
    }
}

fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::Map(Arc::new(fields.collect::<BTreeMap<String, Value>>()))
}

/// A few edits of a text, at most this many.
pub(super) fn edits(canon: &str, most: u32, dice: &mut Dice) -> Vec<Edit> {
    let mut letters = canon.chars().count();
    let count = dice.between(0, u64::from(most));
    let edits = (0..count).map(|_| {
        let edit = edit(letters, dice);
        letters = match edit {
            Edit::Inserted(..) => letters + 1,
            Edit::Removed(_) => letters - 1,
            Edit::Replaced(..) => letters,
        };
        edit
    });
    edits.collect()
}

/// An edit of a text of so many letters. An empty one can only grow.
fn edit(letters: usize, dice: &mut Dice) -> Edit {
    let kind = if letters == 0 { 0 } else { dice.below(3) };
    let letter = *dice.pick(&LETTERS).expect("there are some");
    let places = if kind == 0 { letters + 1 } else { letters };
    let place = usize::try_from(dice.below(places as u64)).expect("an index fits");
    match kind {
        0 => Edit::Inserted(place, letter),
        1 => Edit::Removed(place),
        2.. => Edit::Replaced(place, letter),
    }
}

/// The text after these edits, one after another.
fn edited(canon: &str, edits: &[Edit]) -> String {
    let mut letters: Vec<char> = canon.chars().collect();
    for edit in edits {
        match *edit {
            Edit::Inserted(place, letter) => letters.insert(place, letter),
            Edit::Removed(place) => drop(letters.remove(place)),
            Edit::Replaced(place, letter) => letters[place] = letter,
        }
    }
    letters.into_iter().collect()
}
