//! What a wire may bring that no sender means: messages doubled and out of order, and answers of another tree.

use super::*;

/// A message or a payload under way to a node.
#[derive(Clone)]
enum Mail {
    Datagram(SyncMessage),
    Payload(SyncPayload),
}

impl Pair {
    /// As [`Pair::sync`], but what is under way arrives in any order, and a third of it again.
    fn sync_unruly(&mut self, order: u64) {
        let mut state = order;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let [first, _] = &mut self.nodes;
        first.sync.begin(NodeId::new(1), &mut first.replica, &mut first.port);
        let mut under_way: Vec<(usize, Mail)> = Vec::new();
        for _ in 0..100_000 {
            for at in 0..2 {
                for did in self.nodes[at].port.take() {
                    if let Did::Send(_, message) = did {
                        under_way.push((1 - at, Mail::Datagram(message)));
                    } else if let Did::Post(_, payload) = did {
                        under_way.push((1 - at, Mail::Payload(payload)));
                    } else if let Did::Note(SyncFact::Ended { kind, end, received, applied, .. }) = did {
                        self.ends.push((kind, end, received, applied));
                    }
                }
            }
            if under_way.is_empty() {
                return;
            }
            let picked = draw(under_way.len());
            let stays = draw(3) == 0;
            let (to, mail) = if stays { under_way[picked].clone() } else { under_way.swap_remove(picked) };
            let (from, Node { sync, replica, port, .. }) = (NodeId::new(1 - to as u32), &mut self.nodes[to]);
            match mail {
                Mail::Datagram(message) => sync.on_message(from, message, replica, port),
                Mail::Payload(payload) => sync.on_payload(from, payload, replica, port),
            }
        }
        panic!("no end is in sight");
    }
}

#[test]
fn doubled_and_reordered_chunks_lose_nothing_and_invent_nothing() {
    for kind in [SyncKind::Full, SyncKind::Incremental, SyncKind::Merkle, SyncKind::Streaming] {
        for order in 0..20 {
            let mut pair = Pair::new(&SyncSettings { chunk: 200, credits: 3, ..of(kind) }, 1_000);
            for number in 0..40 {
                pair.nodes[1].put(&format!("k{}", number % 30), 10);
            }
            if kind == SyncKind::Merkle {
                (0..10).for_each(|number| pair.nodes[0].put(&format!("k{}", number * 5), 10));
            }
            pair.sync_unruly(order);
            pair.assert_same();
            let ends: Vec<_> = pair.ends.iter().map(|(_, end, ..)| *end).collect();
            let open = kind == SyncKind::Streaming;
            assert!(open || ends == [SyncEnd::Complete], "{kind:?} {order}: {ends:?}");
        }
    }
}

#[test]
fn an_answer_of_another_tree_is_no_answer() {
    let mut pair = Pair::new(&of(SyncKind::Merkle), 100);
    let mut stranger = Node::new(1, &of(SyncKind::Merkle), 100);
    for number in 0..60 {
        pair.nodes[1].put(&format!("k{number}"), 10);
        stranger.put(&format!("other{number}"), 10);
    }
    let [first, second] = &mut pair.nodes;
    let [me, peer] = [0, 1].map(NodeId::new);
    first.sync.begin(peer, &mut first.replica, &mut first.port);
    for (_, message) in first.port.take_sent() {
        second.sync.on_message(me, message, &mut second.replica, &mut second.port);
    }
    for (_, message) in second.port.take_sent() {
        first.sync.on_message(peer, message, &mut first.replica, &mut first.port);
    }
    // The walk is somewhere in the tree. What stands at the same places of another one was asked for by nobody.
    let before = (first.replica.store().root(), Arc::clone(first.replica.store().vector()));
    let questions = first.port.take_sent();
    assert!(questions.iter().any(|(_, message)| matches!(message, SyncMessage::Walk(_))), "{questions:?}");
    for (_, message) in &questions {
        let SyncMessage::Walk(walk) = message else { continue };
        let earlier = Walk { number: walk.number + 1, ..(**walk).clone() };
        let earlier = SyncMessage::Walk(Arc::new(earlier));
        stranger.sync.on_message(me, earlier, &mut stranger.replica, &mut stranger.port);
    }
    let answers = stranger.port.take_sent();
    assert!(!answers.is_empty());
    for (_, answer) in answers {
        first.sync.on_message(peer, answer, &mut first.replica, &mut first.port);
    }
    let after = (first.replica.store().root(), Arc::clone(first.replica.store().vector()));
    assert_eq!(before, after, "it has another number");
    assert!(first.port.take_sent().is_empty());
    // The walk goes on as if nothing had come.
    for (_, message) in questions {
        second.sync.on_message(me, message, &mut second.replica, &mut second.port);
    }
    for _ in 0..20 {
        for (_, message) in second.port.take_sent() {
            first.sync.on_message(peer, message, &mut first.replica, &mut first.port);
        }
        for (_, message) in first.port.take_sent() {
            second.sync.on_message(me, message, &mut second.replica, &mut second.port);
        }
    }
    pair.assert_same();
}

#[test]
fn a_walk_ends_where_the_peer_covers_less_than_it_did() {
    let mut pair = Pair::new(&of(SyncKind::Merkle), 100);
    (0..60).for_each(|number| pair.nodes[1].put(&format!("k{number}"), 10));
    let [first, second] = &mut pair.nodes;
    let [me, peer] = [0, 1].map(NodeId::new);
    first.sync.begin(peer, &mut first.replica, &mut first.port);
    let mut ask = || first.port.take_sent().pop().expect("a question").1;
    second.sync.on_message(me, ask(), &mut second.replica, &mut second.port);
    let (_, differs) = second.port.take_sent().pop().expect("an answer");
    first.sync.on_message(peer, differs, &mut first.replica, &mut first.port);
    let (_, walk) = first.port.take_sent().pop().expect("a question");
    second.sync.on_message(me, walk, &mut second.replica, &mut second.port);
    let (_, place) = second.port.take_sent().pop().expect("an answer");
    let SyncMessage::Place(shown) = place else { panic!("{place:?}") };
    let forgot = Shown { vector: Arc::new(Dots::new()), ..(*shown).clone() };
    first.sync.on_message(peer, SyncMessage::Place(Arc::new(forgot)), &mut first.replica, &mut first.port);
    let ended = |did: &Did<_, _, _, _, _, _, _>| matches!(did, Did::Note(SyncFact::Ended { end: SyncEnd::Broken, .. }));
    assert!(first.port.take().iter().any(ended), "what it was to join at its end is not there");
}
