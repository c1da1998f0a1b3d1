//! The canonical encoding of the two commonest records once more, by hand: the hottest lines of a run.
//!
//! The bytes are those of [`encoding::write`](crate::encoding::write()), which stays the definition, and which reads
//! them back; tests compare the two. By hand means in pieces of known length, where the general way goes number by
//! number, and without a [`Record`](super::Record), which costs more to build than to write. All of it is inlined: then
//! the numbers stay in registers, which is half of the gain.

use crate::clocks::Stamp;
use crate::identity::{Actor, EventId, MessageId, NodeId};
use crate::time::Time;

/// What every record begins with.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// When it happened, in global virtual time.
    pub time: Time,
    /// Its name.
    pub id: EventId,
    /// The clocks that the node gave for it.
    pub stamp: Option<&'a Stamp>,
}

/// What a sent message's record holds beside its head.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Its name.
    pub message: MessageId,
    /// To whom.
    pub to: NodeId,
    /// How many copies the network made of it.
    pub copies: u16,
    /// The message in the canonical encoding.
    pub said: &'a [u8],
}

/// At most so many bytes are written for such records, beside the message and the entries of the stamp's vector.
const FIXED: usize = 64;
/// An entry of a vector takes so many bytes.
const ENTRY: usize = 16;

impl Head<'_> {
    /// A length that is enough for a record with so long a message.
    #[inline]
    pub(super) fn room(&self, said: usize) -> usize {
        FIXED + said + self.stamp.map_or(0, |stamp| stamp.vector.len() * ENTRY)
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
    let (entries, room) = split::<4>(room);
    put(entries, 0, length(vector.len()));
    let (pieces, room) = room.split_at_mut(vector.len() * ENTRY);
    for (piece, (who, count)) in pieces.as_chunks_mut::<ENTRY>().0.iter_mut().zip(vector.iter()) {
        put(piece, 0, index(who.node));
        put(piece, 4, who.boot.number().to_le_bytes());
        put(piece, 8, count.to_le_bytes());
    }
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
