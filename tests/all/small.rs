//! What a trace costs in memory.

use stemmata::run::Keep;
use stemmata::trace::{Body, Event};

use crate::support::{load, run};

/// At most 48 bytes a record beside what was said and stamped.
#[test]
fn a_record_costs_at_most_48_bytes_beside_its_payload() {
    for name in ["hello", "broadcast-split", "broadcast-crash"] {
        let (_, outcome) = run(&load(name), 1, Keep::Trace);
        let trace = outcome.trace.expect("it was kept");
        let mut payloads = 0;
        for record in trace.raw_records() {
            if let Some(stamp) = &record.stamp {
                let mut bytes = Vec::new();
                stemmata::encoding::write(stamp.as_ref(), &mut bytes);
                payloads += bytes.len();
            }
            if let Some(Body::Encoded(bytes)) = record.event.said().map(|said| &said.body) {
                payloads += bytes.len();
            }
            if let Event::Fault { what, .. } = &record.event {
                payloads += what.len();
            }
        }
        let records = usize::try_from(outcome.records).expect("it fits");
        let beside = (trace.bytes() - payloads) / records;
        assert!(beside <= 48, "{name}: {beside} bytes a record");
    }
}
