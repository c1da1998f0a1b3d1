//! What clients ask, as attempts name it.

use std::collections::BTreeMap;

use super::{asked, told};
use crate::identity::OpId;
use crate::observation::{TransactionCall, TransactionId, TransactionSeen};
use crate::trace::{Kinds, Record};

/// The operations of each transaction.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Calls {
    by_op: BTreeMap<OpId, Vec<TransactionCall>>,
    begun: BTreeMap<TransactionId, OpId>,
}

impl Calls {
    /// The kinds of records that it needs.
    pub(super) const WANTS: Kinds = Kinds::TRANSACTION_ASKED.with(Kinds::TRANSACTION_BEGUN);

    pub(super) fn see(&mut self, record: &Record<'_>) {
        if let Some((op, calls)) = asked(record) {
            self.by_op.insert(op, calls.clone());
        }
        for (_, seen) in told(record) {
            if let TransactionSeen::Begun { id, op, .. } = seen {
                self.begun.insert(*id, *op);
            }
        }
    }

    /// The operation of which this is an attempt.
    pub(super) fn op(&self, id: TransactionId) -> Option<OpId> {
        self.begun.get(&id).copied()
    }

    /// What a client asks with an operation.
    pub(super) fn by(&self, op: OpId) -> Option<&Vec<TransactionCall>> {
        self.by_op.get(&op)
    }

    /// What the client asks of which this is an attempt.
    pub(super) fn of(&self, id: TransactionId) -> Option<&Vec<TransactionCall>> {
        self.by(self.op(id)?)
    }
}
