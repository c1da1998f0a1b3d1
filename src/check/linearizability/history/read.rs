//! Reads a history, line by line.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use serde::Deserialize;
use serde_json::Value;

use super::values::{ValueId, Values};
use super::{Act, End, History, HistoryError, Objects, Op, Operation, Step};

/// The maximum length of a line, including its end: 16 MiB.
const LONGEST_LINE: u64 = 16 << 20;

/// Reads a history of such objects; if no type is given, it follows from the operations: append, cas, or neither.
///
/// # Errors
/// If the input fails, if a line is invalid, or if lines contradict each other: the error names the first such line.
pub fn read(mut input: impl BufRead, objects: Option<Objects>) -> Result<History, HistoryError> {
    let mut reading = Reading::new();
    let mut text = Vec::new();
    loop {
        text.clear();
        reading.line += 1;
        let length = (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut text).map_err(HistoryError::Io)?;
        if length == 0 {
            return reading.finish(objects);
        }
        let whole = text.last() == Some(&b'\n');
        if !whole && text.len() as u64 == LONGEST_LINE {
            return Err(HistoryError::at(reading.line, "longer than 16 MiB"));
        }
        if !text.trim_ascii().is_empty() {
            let line = parse(&text, whole).map_err(|why| HistoryError::at(reading.line, why))?;
            reading.take(line).map_err(|why| HistoryError::at(reading.line, why))?;
        }
    }
}

#[derive(Deserialize)]
struct Line {
    process: u64,
    #[serde(rename = "type")]
    kind: Kind,
    f: Option<String>,
    key: Option<String>,
    value: Option<Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

fn parse(text: &[u8], whole: bool) -> Result<Line, String> {
    serde_json::from_slice(text).map_err(|error| {
        if !whole && error.is_eof() {
            return "the line is cut off".to_owned();
        }
        let why = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        format!("column {}: {}", error.column(), why.strip_suffix(&place).unwrap_or(&why))
    })
}

/// The lines read so far.
struct Reading {
    line: u64,
    operations: Vec<Operation>,
    steps: Vec<Step>,
    keys: Vec<String>,
    by_key: BTreeMap<String, u32>,
    values: Values,
    /// The open operation of each process; whether results are values or lists is known at the end.
    open: BTreeMap<u64, Op>,
    told: Vec<(Op, Value)>,
}

impl Reading {
    fn new() -> Self {
        let (operations, steps, keys, told) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (by_key, open, values) = (BTreeMap::new(), BTreeMap::new(), Values::new());
        Self { line: 0, operations, steps, keys, by_key, values, open, told }
    }

    fn take(&mut self, line: Line) -> Result<(), String> {
        match line.kind {
            Kind::Invoke => self.call(line),
            Kind::Ok | Kind::Fail | Kind::Info => self.end(line),
        }
    }

    fn call(&mut self, line: Line) -> Result<(), String> {
        let Line { process, f, key, value, .. } = line;
        if let Some(Op(open)) = self.open.get(&process) {
            let before = self.operations[*open as usize].line;
            return Err(format!("process {process} is still busy with the operation of line {before}"));
        }
        let act = self.act(f.as_deref(), value.unwrap_or_default())?;
        let key = key.ok_or("an operation needs a `key`")?;
        let next = self.keys.len() as u32;
        let key = *self.by_key.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            next
        });
        let op = Op(u32::try_from(self.operations.len()).map_err(|_| "more operations than can be judged")?);
        self.operations.push(Operation { process, line: self.line, key, act, end: None });
        self.steps.push(Step::Called(op));
        self.open.insert(process, op);
        Ok(())
    }

    fn act(&mut self, f: Option<&str>, value: Value) -> Result<Act, String> {
        match f {
            Some("read") => Ok(Act::Read),
            Some("put") => Ok(Act::Put(self.values.id(&value))),
            Some("append") => Ok(Act::Append(self.values.id(&value))),
            Some("cas") => match value.as_array().map(Vec::as_slice) {
                Some([old, new]) => Ok(Act::Cas { old: self.values.id(old), new: self.values.id(new) }),
                Some(_) | None => Err(format!("a cas has the value [old, new], and not {}", short(&value.to_string()))),
            },
            Some(f) => Err(format!("unknown operation `{}`: there are read, put, cas, append", short(f))),
            None => Err("an operation needs an `f`: read, put, cas or append".to_owned()),
        }
    }

    fn end(&mut self, line: Line) -> Result<(), String> {
        let Line { process, kind, ref f, ref key, .. } = line;
        let Some(op) = self.open.remove(&process) else {
            return Err(format!("process {process} ends an operation, and has none that is open"));
        };
        let operation = &self.operations[op.0 as usize];
        let called = operation.line;
        if key.as_ref().is_some_and(|key| *key != self.keys[operation.key as usize]) {
            return Err(format!(
                "another key than that of the operation, which process {process} called on line {called}"
            ));
        }
        if f.as_ref().is_some_and(|f| f != operation.act.name()) {
            let name = operation.act.name();
            return Err(format!(
                "process {process} ends another operation than the {name} that it called on line {called}"
            ));
        }
        let end = match kind {
            Kind::Invoke | Kind::Info => None,
            Kind::Fail => Some(End::Failed),
            Kind::Ok => Some(self.done(op, line.value)?),
        };
        if let Some(end) = end {
            self.operations[op.0 as usize].end = Some((end, self.line));
            self.steps.push(Step::Ended(op));
        }
        Ok(())
    }

    fn done(&mut self, op: Op, value: Option<Value>) -> Result<End, String> {
        let Operation { act, line, .. } = &self.operations[op.0 as usize];
        if *act == Act::Read {
            self.told.push((op, value.unwrap_or_default()));
            return Ok(End::Done);
        }
        let (act, called) = (*act, *line);
        match value {
            Some(value) if self.act(Some(act.name()), value.clone())? != act => {
                Err(format!("another value than that of the operation, which was called on line {called}: {value}"))
            }
            Some(_) | None => Ok(End::Done),
        }
    }

    fn finish(mut self, objects: Option<Objects>) -> Result<History, HistoryError> {
        if self.operations.is_empty() {
            return Err(HistoryError::Empty);
        }
        let objects = objects.unwrap_or_else(|| self.guess());
        if let Some(operation) = self.operations.iter().find(|operation| !objects.know(operation.act)) {
            let why = format!("unknown operation `{}` of the model {}", operation.act.name(), objects.name());
            return Err(HistoryError::at(operation.line, why));
        }
        for (Op(index), value) in std::mem::take(&mut self.told) {
            let (told, line) =
                self.operations[index as usize].end.as_mut().expect("only what has ended told something");
            let line = *line;
            *told = match objects {
                Objects::Registers | Objects::CasRegisters => End::Read(self.values.id(&value)),
                Objects::Lists => {
                    End::ReadList(list(&value, &mut self.values).map_err(|why| HistoryError::at(line, why))?)
                }
            };
        }
        let Self { operations, steps, keys, values, .. } = self;
        Ok(History { objects, operations, steps, keys, values })
    }

    fn guess(&self) -> Objects {
        let any = |wanted: fn(&Act) -> bool| self.operations.iter().any(|operation| wanted(&operation.act));
        if any(|act| matches!(act, Act::Append(_))) {
            Objects::Lists
        } else if any(|act| matches!(act, Act::Cas { .. })) {
            Objects::CasRegisters
        } else {
            Objects::Registers
        }
    }
}

/// The result of a read of a list.
fn list(value: &Value, values: &mut Values) -> Result<Vec<ValueId>, String> {
    match value.as_array() {
        Some(list) => Ok(list.iter().map(|value| values.id(value)).collect()),
        None if value.is_null() => Ok(Vec::new()),
        None => Err(format!("a read of the model append tells a list, and not {}", short(&value.to_string()))),
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
