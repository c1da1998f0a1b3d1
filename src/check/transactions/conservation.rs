//! `conservation`: money is neither made nor lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calls::Calls;
use super::told;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::EventId;
use crate::observation::{TransactionAct, TransactionCall, TransactionId, TransactionRead, TransactionSeen};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks the sum over the numbers that stood on disks before the first start. Each transaction changes a number by what its
/// client asked for, once; a transaction that reads all of them reads the sum that there was at the beginning, if no committed
/// transaction was to change it; and after quiescence the sum is that of the beginning and of all that committed transactions
/// were to add. Exercised by committed transactions that add, and by such reads.
///
/// It judges only if these numbers are changed by adding alone.
#[derive(Clone, Debug, Default, Hash)]
pub struct Conservation {
    /// The values of each key, version by version, from version 1.
    numbers: BTreeMap<Arc<str>, Vec<i64>>,
    /// The sum at the beginning, and now.
    first: i64,
    last: i64,
    /// What committed transactions were to add.
    added: i64,
    calls: Calls,
    committed: BTreeMap<TransactionId, Witness<EventId>>,
    /// Who changed which key.
    changed: BTreeMap<(TransactionId, Arc<str>), (u64, Witness<EventId>)>,
    /// Whether a transaction was to change the sum.
    is_open: bool,
    /// Whether a number is changed otherwise.
    is_other: bool,
    calm: bool,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::liveness("conservation", "numbers change by what transactions add, and the sum by nothing else");

impl Conservation {
    fn committed(
        &mut self,
        record: &Record<'_>,
        id: TransactionId,
        reads: &[TransactionRead],
    ) -> Result<(), Violation> {
        if self.committed.contains_key(&id) {
            return Ok(());
        }
        let Some(calls) = self.calls.of(id) else { return Ok(()) };
        let (mut sum, mut adds, mut others, mut only_reads) = (0, false, false, true);
        for TransactionCall { key, act } in calls {
            only_reads &= *act == TransactionAct::Read;
            if !self.numbers.contains_key(key) {
                continue;
            }
            match act {
                TransactionAct::Add(amount) => {
                    sum += amount;
                    adds = true;
                }
                TransactionAct::Put(_) | TransactionAct::Delete | TransactionAct::Append(_) => others = true,
                TransactionAct::Read => {}
            }
        }
        self.added += sum;
        self.exercised += adds;
        self.is_open |= sum != 0;
        self.is_other |= others;
        self.committed.insert(id, Witness(record.id));
        let all = self.numbers.keys().all(|key| reads.iter().any(|read| read.key == *key));
        if only_reads && all && !self.is_open && !self.is_other {
            self.audited(record, id, reads)?;
        }
        Ok(())
    }

    fn audited(&mut self, record: &Record<'_>, id: TransactionId, reads: &[TransactionRead]) -> Result<(), Violation> {
        let value = |read: &TransactionRead| {
            let versions = self.numbers.get(&read.key)?;
            versions.get(usize::try_from(read.version.checked_sub(1)?).ok()?).copied()
        };
        let sum: i64 = reads.iter().filter_map(value).sum();
        self.exercised += true;
        if sum != self.first {
            let sentence =
                format!("{id} read all numbers, and they add up to {sum}: at the beginning it was {}", self.first);
            return Err(broken(record, sentence, &[record.id]));
        }
        Ok(())
    }

    fn installed(
        &mut self,
        record: &Record<'_>,
        id: TransactionId,
        key: &Arc<str>,
        version: u64,
        value: Option<&str>,
    ) -> Result<(), Violation> {
        if !self.numbers.contains_key(key) {
            return Ok(());
        }
        let adds = self.calls.of(id).and_then(|calls| {
            calls.iter().find_map(|call| {
                if let TransactionAct::Add(amount) = call.act { (call.key == *key).then_some(amount) } else { None }
            })
        });
        let Some(after) = value.and_then(|value| value.parse::<i64>().ok()) else {
            let Some(amount) = adds.filter(|_| !self.is_other) else {
                self.is_other = true;
                return Ok(());
            };
            let sentence = format!("{id} was to add {amount} to {key}, and left no number");
            return Err(broken(record, sentence, &[record.id]));
        };
        let known = self.changed.entry((id, Arc::clone(key))).or_insert((version, Witness(record.id)));
        if known.0 != version {
            let sentence = format!("{id} has changed {key} twice, in versions {} and {version}", known.0);
            return Err(broken(record, sentence, &[known.1.0, record.id]));
        }
        let versions = self.numbers.get_mut(key).expect("it is a number");
        if version != versions.len() as u64 + 1 {
            return Ok(());
        }
        let before = versions[versions.len() - 1];
        versions.push(after);
        self.last += after - before;
        match adds {
            Some(amount) if !self.is_other && after != before + amount => {
                let sentence = format!("{id} was to add {amount} to {key}, and made {after} of {before}");
                Err(broken(record, sentence, &[record.id]))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl<F> Checker<F> for Conservation {
    const WANTS: Kinds = Kinds::TRANSACTION_PRELOADED
        .with(Calls::WANTS)
        .with(Kinds::TRANSACTION_DECIDED)
        .with(Kinds::TRANSACTION_INSTALLED)
        .with(Kinds::CALM);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.calm |= matches!(record.event, Event::Calm);
        self.calls.see(record);
        for (node, seen) in told(record) {
            if let TransactionSeen::Preloaded { key, value } = seen {
                if let Ok(number) = value.parse::<i64>()
                    && self.numbers.insert(Arc::clone(key), vec![number]).is_none()
                {
                    self.first += number;
                    self.last += number;
                }
            } else if let TransactionSeen::Decided { id, commits: true, reads } = seen {
                if node == id.coordinator.node {
                    self.committed(record, *id, reads)?;
                }
            } else if let TransactionSeen::Installed { id, key, version, value } = seen {
                self.installed(record, *id, key, *version, value.as_deref())?;
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.is_other || self.last == self.first + self.added
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let (last, owed) = (self.last, self.first + self.added);
        if self.calm && !self.is_other && last != owed {
            let sentence = format!(
                "the numbers add up to {last}: at the beginning it was {}, and committed transactions added {}",
                self.first, self.added
            );
            return Verdict::Violated(Violation { time: end.time, sentence, witnesses: Vec::new() });
        }
        if self.is_other {
            return Verdict::Vacuous { why: "numbers were changed otherwise than by adding".to_owned() };
        }
        Verdict::of(self.exercised.0, "nothing was added to a number, and nobody read all of them")
    }
}
