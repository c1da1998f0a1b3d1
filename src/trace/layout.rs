//! The canonical encoding of the two most frequent records, written by hand, because it is the hottest code of a run.
//!
//! The bytes are those of [`encoding::write`](crate::encoding::write()), which stays the definition, and which reads
//! them back; tests compare the two. By hand means in pieces of known length, where the general way goes number by
//! number, and without a [`Record`](super::Record), which costs more to build than to write. All of it is inlined: then
//! the numbers stay in registers, which is half of the gain.

use crate::clocks::{Stamp, VectorClock};
use crate::identity::{Actor, EventId, MessageId, NodeId};
use crate::time::Time;

/// The first fields of every record.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its global virtual time.
    pub time: Time,
    /// Its id.
    pub id: EventId,
    /// The node's clocks.
    pub stamp: Option<&'a Stamp>,
}

/// The other fields of a send's record.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Its id.
    pub message: MessageId,
    /// The receiver.
    pub to: NodeId,
    /// The number of copies that the network made.
    pub copies: u16,
    /// The message in the canonical encoding.
    pub said: &'a [u8],
}

/// The maximum length of such a record in bytes, without the message and the entries of the stamp's vector.
const FIXED: usize = 64;

impl Head<'_> {
    /// A sufficient length for a record with a message of this length.
    #[inline]
    pub(super) fn room(&self, said: usize) -> usize {
        FIXED + said + self.stamp.map_or(0, |stamp| stamp.vector.len() * VectorClock::ENTRY)
    }
}

/// Writes a record into the beginning of `room`, and returns the rest of it.
#[inline(always)]
pub(super) fn write_send<'r>(head: Head<'_>, sent: Sent<'_>, room: &'r mut [u8]) -> &'r mut [u8] {
    let Sent { message, to, copies, said } = sent;
    let (piece, room) = split::<20>(write_head(head, room));
    put(piece, 0, [5]);
    put_message(piece, message);
    put(piece, 10, index(to));
    put(piece, 14, copies.to_le_bytes());
    put(piece, 16, length(said.len()));
    let (piece, room) = room.split_at_mut(said.len());
    piece.copy_from_slice(said);
    room
}

/// Writes a record into the beginning of `room`, and returns the rest of it.
#[inline(always)]
pub(super) fn write_receive<'r>(head: Head<'_>, message: MessageId, copy: u16, room: &'r mut [u8]) -> &'r mut [u8] {
    let (piece, room) = split::<13>(write_head(head, room));
    put(piece, 0, [1]);
    put_message(piece, message);
    put(piece, 10, copy.to_le_bytes());
    put(piece, 12, [0]);
    room
}

#[inline(always)]
fn write_head<'r>(head: Head<'_>, room: &'r mut [u8]) -> &'r mut [u8] {
    let Head { time, id, stamp } = head;
    let (kind, number) = match id.actor {
        Actor::Environment => (0, [0; 4]),
        Actor::Node(node) => (1, index(node)),
        Actor::Client(client) => (2, (client.index() as u32).to_le_bytes()),
    };
    let (piece, room) = split::<18>(room);
    put(piece, 0, time.as_nanos().to_le_bytes());
    put(piece, 8, [kind]);
    put(piece, 9, number);
    put(piece, 13, id.number.to_le_bytes());
    put(piece, 17, [u8::from(stamp.is_some())]);
    match stamp {
        None => room,
        Some(stamp) => write_stamp(stamp, room),
    }
}

fn write_stamp<'r>(stamp: &Stamp, room: &'r mut [u8]) -> &'r mut [u8] {
    let Stamp { vector, hybrid } = stamp;
    let (piece, room) = split::<4>(room);
    let packed = vector.pack(room);
    put(piece, 0, length(packed));
    let (_, room) = room.split_at_mut(packed);
    let (last, room) = split::<12>(room);
    put(last, 0, hybrid.wall.as_nanos().to_le_bytes());
    put(last, 8, hybrid.count.to_le_bytes());
    room
}

#[inline]
fn put_message<const N: usize>(piece: &mut [u8; N], message: MessageId) {
    put(piece, 1, index(message.sender));
    put(piece, 5, [message.lane.index() as u8]);
    put(piece, 6, message.number.to_le_bytes());
}

#[inline]
const fn index(node: NodeId) -> [u8; 4] {
    (node.index() as u32).to_le_bytes()
}

#[inline]
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("the encoding has room for u32::MAX elements").to_le_bytes()
}

#[inline]
fn split<const N: usize>(room: &mut [u8]) -> (&mut [u8; N], &mut [u8]) {
    room.split_first_chunk_mut().expect("room was made before")
}

#[inline]
fn put<const N: usize, const M: usize>(piece: &mut [u8; N], at: usize, bytes: [u8; M]) {
    piece[at..at + M].copy_from_slice(&bytes);
}
