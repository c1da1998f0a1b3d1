//! Reads a history, line by line.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::datum::Datum;
use super::texts::Texts;
use super::values::{ValueId, Values};
use super::{Act, End, History, HistoryError, Objects, Op, Operation, Step, edn, shown};

/// The maximum length of a line, including its end: 16 MiB.
const LONGEST_LINE: u64 = 16 << 20;

/// Reads a history: one operation's line a line, as JSON or as a flat map in EDN. Lines of a nemesis are skipped, and
/// counted. If no type of objects is given, it follows for each key from its operations: append, cas, or neither.
/// `initial` is the value of registers before the first operation, as JSON; null if there is none.
///
/// # Errors
/// If the input fails, if a line is invalid, or if lines contradict each other: the error names the first such line.
pub fn read(mut input: impl BufRead, objects: Option<Objects>, initial: Option<&str>) -> Result<History, HistoryError> {
    let mut reading = Reading::new(initial).map_err(HistoryError::Initial)?;
    let mut ordered: Vec<(By, i128, u64, Line<'static>)> = Vec::new();
    let mut text = Vec::new();
    let mut number = 0;
    loop {
        text.clear();
        number += 1;
        let length = (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut text).map_err(HistoryError::Io)?;
        if length == 0 {
            break;
        }
        let whole = text.last() == Some(&b'\n');
        if !whole && text.len() as u64 == LONGEST_LINE {
            return Err(HistoryError::at(number, "longer than 16 MiB"));
        }
        let mark = if number == 1 && text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let text = &text[mark..];
        if text.trim_ascii().is_empty() {
            continue;
        }
        let line = parse(text, whole).map_err(|why| HistoryError::at(number, why))?;
        let by = ordered.first().map(|(by, ..)| *by);
        let begun = by.is_some() || !reading.is_empty();
        if begun && by != line.order.map(|(by, _)| by) {
            return Err(HistoryError::at(
                number,
                "either all lines have an `index`, or all have a `time`, or none has",
            ));
        }
        match line.order {
            Some((by, order)) => ordered.push((by, order, number, line.into_owned())),
            None => reading.take(number, line)?,
        }
    }
    // Stable: lines of one time stay as they are.
    ordered.sort_by_key(|(_, order, ..)| *order);
    ordered.into_iter().try_for_each(|(.., number, line)| reading.take(number, line))?;
    reading.finish(objects)
}

/// A line of JSON.
#[derive(Deserialize)]
struct JsonLine<'t> {
    #[serde(borrow, default, deserialize_with = "given")]
    process: Option<&'t RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'t, str>,
    #[serde(borrow)]
    f: Option<Cow<'t, str>>,
    #[serde(borrow, default, deserialize_with = "given")]
    key: Option<&'t RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    value: Option<&'t RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    index: Option<&'t RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    time: Option<&'t RawValue>,
}

/// A field that is there, be it null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// A line of a history.
#[derive(Debug)]
struct Line<'t> {
    process: Datum<'t>,
    kind: Kind,
    f: Option<Cow<'t, str>>,
    key: Option<Datum<'t>>,
    value: Option<Datum<'t>>,
    /// Its `index`, or else its `time`.
    order: Option<(By, i128)>,
}

/// What lines are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Index,
    Time,
}

impl Line<'_> {
    fn into_owned(self) -> Line<'static> {
        let Self { process, kind, f, key, value, order } = self;
        Line {
            process: process.into_owned(),
            kind,
            f: f.map(|f| Cow::Owned(f.into_owned())),
            key: key.map(Datum::into_owned),
            value: value.map(Datum::into_owned),
            order,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

impl Kind {
    fn of(word: &str) -> Result<Self, String> {
        match word {
            "invoke" => Ok(Self::Invoke),
            "ok" => Ok(Self::Ok),
            "fail" => Ok(Self::Fail),
            "info" => Ok(Self::Info),
            other => Err(format!("unknown type `{}`: there are invoke, ok, fail and info", short(other))),
        }
    }
}

fn parse(text: &[u8], whole: bool) -> Result<Line<'_>, String> {
    let readable =
        std::str::from_utf8(text).map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))?;
    if edn::resembles(readable) {
        return from_edn(readable.trim_end());
    }
    let line: JsonLine<'_> = serde_json::from_str(readable).map_err(|error| {
        if !whole && error.is_eof() {
            return "the line is cut off".to_owned();
        }
        let why = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        format!("column {}: {}", error.column(), why.strip_suffix(&place).unwrap_or(&why))
    })?;
    let datum = |raw| Option::map(raw, Datum::of_json).transpose();
    assemble(
        [datum(line.process)?, datum(line.key)?, datum(line.value)?, datum(line.index)?, datum(line.time)?],
        &line.kind,
        line.f,
    )
}

fn from_edn(text: &str) -> Result<Line<'static>, String> {
    let mut fields: BTreeMap<String, Datum<'static>> = edn::map(text)?.into_iter().collect();
    let mut take = |name: &str| fields.remove(name);
    let word = |datum: Option<Datum<'_>>| datum.map(|datum| datum.text().trim_matches('"').to_owned());
    let kind = word(take("type")).ok_or("a line needs a `:type`")?;
    let f = word(take("f")).map(Cow::Owned);
    assemble([take("process"), take("key"), take("value"), take("index"), take("time")], &kind, f)
}

fn assemble<'t>(
    [process, key, value, index, time]: [Option<Datum<'t>>; 5],
    kind: &str,
    f: Option<Cow<'t, str>>,
) -> Result<Line<'t>, String> {
    let process = process.filter(|process| !process.is_null()).ok_or("a line needs a `process`")?;
    if matches!(process, Datum::List(_)) || matches!(key, Some(Datum::List(_))) {
        return Err("a process and a key are numbers or texts".to_owned());
    }
    let by = if index.is_some() { By::Index } else { By::Time };
    let order = index.or(time).map(|order| {
        let text = order.text();
        text.parse()
            .map(|order| (by, order))
            .map_err(|_| format!("an `index` or a `time` is a whole number, and not {}", short(&text)))
    });
    let key = key.filter(|key| !key.is_null());
    Ok(Line { process, kind: Kind::of(kind)?, f, key, value, order: order.transpose()? })
}

/// The lines read so far.
struct Reading {
    operations: Vec<Operation>,
    steps: Vec<Step>,
    keys: Texts,
    processes: Texts,
    values: Values,
    start: ValueId,
    /// The open operation of each process; whether results are values or lists is known at the end.
    open: Vec<Option<Op>>,
    told: Vec<(Op, Told)>,
    skipped: u64,
}

/// What a read told, until it is known what it read.
#[derive(Clone, Debug)]
enum Told {
    Plain(ValueId),
    List(Vec<ValueId>),
}

/// The key of operations without one.
const ONLY_KEY: &str = "-";

impl Reading {
    fn new(initial: Option<&str>) -> Result<Self, String> {
        let (operations, steps, told, open) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (keys, processes, mut values) = (Texts::default(), Texts::default(), Values::new());
        let start = match initial {
            None => Values::NULL,
            Some(json) => {
                let raw: &RawValue = serde_json::from_str(json).map_err(|error| error.to_string())?;
                values.id(&Datum::of_json(raw)?.text())
            }
        };
        Ok(Self { operations, steps, keys, processes, values, start, open, told, skipped: 0 })
    }

    fn take(&mut self, number: u64, line: Line<'_>) -> Result<(), HistoryError> {
        let name = line.process.text();
        if name == "\"nemesis\"" {
            self.skipped += 1;
            return Ok(());
        }
        let process = self.processes.place(&name);
        drop(name);
        let taken = match line.kind {
            Kind::Invoke => self.call(number, process, line),
            Kind::Ok | Kind::Fail | Kind::Info => self.end(number, process, line),
        };
        taken.map_err(|why| HistoryError::at(number, why))
    }

    /// Whether no line was taken.
    fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.skipped == 0
    }

    fn name(&self, process: u32) -> &str {
        shown(self.processes.text(process))
    }

    fn call(&mut self, number: u64, process: u32, line: Line<'_>) -> Result<(), String> {
        let Line { f, key, value, .. } = line;
        if let Some(Some(Op(open))) = self.open.get(process as usize) {
            let before = self.operations[*open as usize].line;
            let name = self.name(process);
            return Err(format!("process {name} is still busy with the operation of line {before}"));
        }
        let act = self.act(f.as_deref(), value.as_ref())?;
        let key = key.unwrap_or(Datum::Plain(Cow::Borrowed(ONLY_KEY)));
        let key = self.keys.place(&key.text());
        let op = Op(u32::try_from(self.operations.len()).map_err(|_| "more operations than can be judged")?);
        self.operations.push(Operation { process, line: number, key, act, end: None });
        self.steps.push(Step::Called(op));
        self.open.resize(self.processes.len().max(self.open.len()), None);
        self.open[process as usize] = Some(op);
        Ok(())
    }

    fn act(&mut self, f: Option<&str>, value: Option<&Datum<'_>>) -> Result<Act, String> {
        let needed = |what: &str| value.ok_or_else(|| format!("a {what} needs a `value`"));
        match f {
            Some("read") => Ok(Act::Read),
            Some("put" | "write") => Ok(Act::Put(self.values.id(&needed("put")?.text()))),
            Some("append") => Ok(Act::Append(self.values.id(&needed("append")?.text()))),
            Some("cas") => match needed("cas")? {
                Datum::List(items) if items.len() == 2 => {
                    Ok(Act::Cas { old: self.values.id(&items[0]), new: self.values.id(&items[1]) })
                }
                other @ (Datum::List(_) | Datum::Plain(_)) => {
                    Err(format!("a cas has the value [old, new], and not {}", short(&other.text())))
                }
            },
            Some("txn") => Err("transactions are not judged: there are read, put, cas and append".to_owned()),
            Some(f) => Err(format!("unknown operation `{}`: there are read, put (or write), cas, append", short(f))),
            None => Err("an operation needs an `f`: read, put, cas or append".to_owned()),
        }
    }

    fn end(&mut self, number: u64, process: u32, line: Line<'_>) -> Result<(), String> {
        let Line { kind, ref f, ref key, .. } = line;
        let Some(op) = self.open.get_mut(process as usize).and_then(Option::take) else {
            return Err(format!("process {} ends an operation, and has none that is open", self.name(process)));
        };
        let operation = &self.operations[op.0 as usize];
        let (called, name) = (operation.line, self.name(process));
        if key.as_ref().is_some_and(|key| self.keys.known(&key.text()) != Some(operation.key)) {
            return Err(format!(
                "another key than that of the operation, which process {name} called on line {called}"
            ));
        }
        if f.as_ref().is_some_and(|f| f != operation.act.name() && !(f == "write" && operation.act.name() == "put")) {
            let act = operation.act.name();
            return Err(format!(
                "process {name} ends another operation than the {act} that it called on line {called}"
            ));
        }
        let end = match kind {
            Kind::Invoke | Kind::Info => None,
            Kind::Fail => Some(End::Failed),
            Kind::Ok => Some(self.done(op, line.value)?),
        };
        if let Some(end) = end {
            self.operations[op.0 as usize].end = Some((end, number));
            self.steps.push(Step::Ended(op));
        }
        Ok(())
    }

    fn done(&mut self, op: Op, value: Option<Datum<'_>>) -> Result<End, String> {
        let Operation { act, line, .. } = &self.operations[op.0 as usize];
        let (act, called) = (*act, *line);
        if act == Act::Read {
            let value = value.ok_or(
                "a read that is ok needs a `value`, be it null; a read of which the value is not known ends with `info`",
            )?;
            let told = match value {
                Datum::Plain(text) => Told::Plain(self.values.id(&text)),
                Datum::List(items) => Told::List(items.iter().map(|item| self.values.id(item)).collect()),
            };
            self.told.push((op, told));
            return Ok(End::Done);
        }
        match value {
            Some(value) if self.act(Some(act.name()), Some(&value))? != act => Err(format!(
                "another value than that of the operation, which was called on line {called}: {}",
                short(&value.text())
            )),
            Some(_) | None => Ok(End::Done),
        }
    }

    fn finish(mut self, model: Option<Objects>) -> Result<History, HistoryError> {
        if self.operations.is_empty() {
            return Err(HistoryError::Empty);
        }
        let objects = model.map_or_else(|| self.guess(), |model| vec![model; self.keys.len()]);
        let misplaced = |operation: &&Operation| !objects[operation.key as usize].know(operation.act);
        if let Some(operation) = self.operations.iter().find(misplaced) {
            let objects = objects[operation.key as usize];
            let why = format!("unknown operation `{}` of the model {}", operation.act.name(), objects.name());
            return Err(HistoryError::at(operation.line, why));
        }
        for (Op(index), value) in std::mem::take(&mut self.told) {
            let operation = &mut self.operations[index as usize];
            let objects = objects[operation.key as usize];
            let (told, line) = operation.end.as_mut().expect("only what has ended told something");
            let line = *line;
            *told = match (objects, value) {
                (Objects::Lists, Told::List(items)) => End::ReadList(items),
                (Objects::Lists, Told::Plain(Values::NULL)) => End::ReadList(Vec::new()),
                (Objects::Lists, Told::Plain(value)) => {
                    let text = short(self.values.text(value));
                    let why = format!("a read of the model append tells a list, and not {text}");
                    return Err(HistoryError::at(line, why));
                }
                (Objects::Registers | Objects::CasRegisters, Told::Plain(value)) => End::Read(value),
                (Objects::Registers | Objects::CasRegisters, Told::List(items)) => {
                    let items: Vec<&str> = items.iter().map(|item| self.values.text(*item)).collect();
                    let text = format!("[{}]", items.join(","));
                    End::Read(self.values.id(&text))
                }
            };
        }
        let Self { operations, steps, keys, processes, values, start, skipped, .. } = self;
        Ok(History { objects, operations, steps, keys, processes, values, start, skipped })
    }

    /// The type of each key.
    fn guess(&self) -> Vec<Objects> {
        let mut objects = vec![Objects::Registers; self.keys.len()];
        for operation in &self.operations {
            let object = &mut objects[operation.key as usize];
            match operation.act {
                Act::Append(_) => *object = Objects::Lists,
                Act::Cas { .. } if *object == Objects::Registers => *object = Objects::CasRegisters,
                Act::Cas { .. } | Act::Read | Act::Put(_) => {}
            }
        }
        objects
    }
}

impl Act {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Put(_) => "put",
            Self::Cas { .. } => "cas",
            Self::Append(_) => "append",
        }
    }
}

/// A text, shortened for a message, without control characters.
fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let plain: String =
        text.chars().take(LONGEST).map(|letter| if letter.is_control() { '?' } else { letter }).collect();
    if text.chars().count() > LONGEST { format!("{plain}...") } else { plain }
}
