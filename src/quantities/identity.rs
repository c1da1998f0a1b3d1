//! The ids of a run: nodes, boots, clients, operations, lanes, messages, events.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a name such as `n3` or `c1#7` was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    text: String,
    form: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not of the form {}", self.text, self.form)
    }
}

impl std::error::Error for NameError {}

/// A node: `n1`, `n2`, …; its index counts from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// A client: `c1`, `c2`, …; its index counts from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(u32);

/// The number of a node's start, from 1; even a wipe of the disk does not reset it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Boot(u32);

/// One incarnation of a node, from a start to the next crash. Written `n2/3` in boot 3, and `n2` in boot 1.
///
/// Ordered by node, then by boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation {
    /// The node.
    pub node: NodeId,
    /// The number of the incarnation.
    pub boot: Boot,
}

/// How often the cluster was restored from a checkpoint before: 0 at first. In text formats nothing stands for 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Era(pub u32);

/// One operation of a client, the same over its retries: `c1#3`; numbers count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId {
    /// The client.
    pub client: ClientId,
    /// The client's own count, from 1.
    pub number: u32,
}

/// A lane of messages, by its index in the process's list of lanes; a lane is named after its protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(u8);

/// A datagram: the `number`-th (from 1) that `sender` sent on `lane`, over all boots. Written `n1.locks#7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId {
    /// The sender.
    pub sender: NodeId,
    /// The lane it was sent on.
    pub lane: LaneId,
    /// The sender's count on that lane, from 1.
    pub number: u32,
}

/// The actor of a record: a node, a client, or the environment (faults and quiescence).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// The environment: written `--` in a trace, `env` in an event's id.
    Environment,
    /// A node.
    Node(NodeId),
    /// A client.
    Client(ClientId),
}

/// One event of the trace: the `number`-th (from 1) of its actor. Written `n1#12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The actor.
    pub actor: Actor,
    /// The actor's own count, from 1.
    pub number: u32,
}

impl NodeId {
    /// The node at `index`, from zero.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The node's index, from zero.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The first `count` nodes.
    pub fn all(count: u32) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (0..count).map(Self)
    }
}

impl ClientId {
    /// The client at `index`, from zero.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The client's index, from zero.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Boot {
    /// The boot number `number`; the first is 1.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number, from 1; 0 for a node that never started.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The boot after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Incarnation {
    /// The incarnation of `node` that started with `boot`.
    #[must_use]
    pub const fn new(node: NodeId, boot: Boot) -> Self {
        Self { node, boot }
    }
}

impl Serialize for Era {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        NonZeroU32::new(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Era {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<NonZeroU32>::deserialize(deserializer).map(|era| Self(era.map_or(0, NonZeroU32::get)))
    }
}

impl LaneId {
    /// The lane at `index` of the process's list.
    #[must_use]
    pub const fn new(index: u8) -> Self {
        Self(index)
    }

    /// The lane's index in the process's list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

fn numbered(text: &str, prefix: &str) -> Option<u32> {
    let digits = text.strip_prefix(prefix)?;
    if digits.starts_with('0') || digits.starts_with('+') {
        return None;
    }
    digits.parse().ok()
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", u64::from(self.0) + 1)
    }
}

impl FromStr for NodeId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let number = numbered(text, "n").ok_or_else(|| NameError { text: text.to_owned(), form: "`n1`" })?;
        Ok(Self(number - 1))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", u64::from(self.0) + 1)
    }
}

impl FromStr for ClientId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let number = numbered(text, "c").ok_or_else(|| NameError { text: text.to_owned(), form: "`c1`" })?;
        Ok(Self(number - 1))
    }
}

impl fmt::Display for Boot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.boot {
            Boot(1) => self.node.fmt(f),
            boot => write!(f, "{}/{boot}", self.node),
        }
    }
}

/// Each has one spelling: `n2/1` is refused, because it is written `n2`.
impl FromStr for Incarnation {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError { text: text.to_owned(), form: "`n1` or, from boot 2 on, `n1/2`" };
        let (node, boot) = match text.split_once('/') {
            None => (text, Some(1)),
            Some((_, "1")) => return Err(error()),
            Some((node, "0")) => (node, Some(0)),
            Some((node, boot)) => (node, numbered(boot, "")),
        };
        Ok(Self { node: node.parse().map_err(|_| error())?, boot: Boot(boot.ok_or_else(error)?) })
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.client, self.number)
    }
}

impl FromStr for OpId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError { text: text.to_owned(), form: "`c1#7`" };
        let (client, number) = text.split_once('#').ok_or_else(error)?;
        Ok(Self { client: client.parse().map_err(|_| error())?, number: numbered(number, "").ok_or_else(error)? })
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("env"),
            Self::Node(node) => node.fmt(f),
            Self::Client(client) => client.fmt(f),
        }
    }
}

impl FromStr for Actor {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == "env" {
            return Ok(Self::Environment);
        }
        text.parse()
            .map(Self::Node)
            .or_else(|_| text.parse().map(Self::Client))
            .map_err(|_| NameError { text: text.to_owned(), form: "`n1`, `c1` or `env`" })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.actor, self.number)
    }
}

impl FromStr for EventId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError { text: text.to_owned(), form: "`n1#12`" };
        let (actor, number) = text.split_once('#').ok_or_else(error)?;
        Ok(Self { actor: actor.parse().map_err(|_| error())?, number: numbered(number, "").ok_or_else(error)? })
    }
}

/// In text formats the name itself; in binary ones the `$into` form.
macro_rules! serde_as_name {
    ($type:ident, $repr:ty, $into:expr, $from:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    let into: fn(&Self) -> $repr = $into;
                    into(self).serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                    return text.parse().map_err(de::Error::custom);
                }
                let from: fn($repr) -> Self = $from;
                <$repr>::deserialize(deserializer).map(from)
            }
        }
    };
}

serde_as_name!(NodeId, u32, |node| node.0, Self);
serde_as_name!(ClientId, u32, |client| client.0, Self);
serde_as_name!(Incarnation, (NodeId, Boot), |life| (life.node, life.boot), |(node, boot)| Self { node, boot });
serde_as_name!(OpId, (u32, u32), |op| (op.client.0, op.number), |(client, number)| Self {
    client: ClientId(client),
    number
});
serde_as_name!(
    Actor,
    (u8, u32),
    |actor| match actor {
        Self::Environment => (0, 0),
        Self::Node(node) => (1, node.0),
        Self::Client(client) => (2, client.0),
    },
    |(kind, index)| match kind % 3 {
        1 => Self::Node(NodeId(index)),
        2 => Self::Client(ClientId(index)),
        _ => Self::Environment,
    }
);
serde_as_name!(EventId, (Actor, u32), |event| (event.actor, event.number), |(actor, number)| Self { actor, number });

impl schemars::JsonSchema for OpId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Operation".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^c[1-9][0-9]*#[1-9][0-9]*$",
            "description": "An operation, by its client and number: \"c1#7\"."
        })
    }
}

impl schemars::JsonSchema for NodeId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Node".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^n[1-9][0-9]*$", "description": "A node: \"n1\"." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_what_they_write() {
        let op = OpId { client: ClientId::new(0), number: 7 };
        assert_eq!(op.to_string(), "c1#7");
        assert_eq!("c1#7".parse(), Ok(op));
        let event = EventId { actor: Actor::Node(NodeId::new(11)), number: 3 };
        assert_eq!(event.to_string(), "n12#3");
        assert_eq!("n12#3".parse(), Ok(event));
        assert_eq!("env".parse(), Ok(Actor::Environment));
    }

    #[test]
    fn an_incarnation_leaves_out_the_first_boot() {
        for (boot, text) in [(0, "n2/0"), (1, "n2"), (2, "n2/2"), (17, "n2/17")] {
            let life = Incarnation::new(NodeId::new(1), Boot::new(boot));
            assert_eq!(life.to_string(), text);
            assert_eq!(text.parse(), Ok(life));
        }
    }

    #[test]
    fn an_incarnation_has_one_spelling() {
        for text in ["n2/1", "n2/", "n2/02", "n2/+2", "n0/2", "n2/2/2", "/2", "c1/2", ""] {
            assert!(text.parse::<Incarnation>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_of_another_form_are_refused() {
        for text in ["n0", "n", "n-1", "n+1", "n01", "m1", "n4294967296", "1", ""] {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
        }
    }
}
