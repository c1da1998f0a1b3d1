//! Rules for nodes, targets and the groups of a partition.

use std::collections::BTreeSet;

use crate::fault::{Direction, Fault, Partition, Shape, Target};
use crate::identity::NodeId;
use crate::scenario::cluster::Nodes;
use crate::scenario::diagnostic::Finding;
use crate::scenario::path::Path;

/// The node must exist.
pub(super) fn node(node: NodeId, nodes: Nodes, path: Path) -> Option<Finding> {
    if node.index() < nodes.count() as usize {
        return None;
    }
    let help = match nodes.count() {
        1 => "the only node is n1".to_owned(),
        count => format!("the nodes are n1 to n{count}"),
    };
    Some(Finding::new(path, format!("there is no node {node}")).label("not in the cluster").help(help))
}

/// The findings about the targets of a fault, which is at `path`.
pub(super) fn fault(fault: &Fault, nodes: Nodes, path: &Path) -> Vec<Finding> {
    let path = path.key(fault.kind().name());
    match fault {
        Fault::Kill(crash) => target(&crash.target, nodes, &path.key("target")),
        Fault::Restart(restart) => target(&restart.target, nodes, &path.key("target")),
        Fault::Pause(of) | Fault::Resume(of) => target(&of.target, nodes, &path.key("target")),
        Fault::Clock(clock) => target(&clock.target, nodes, &path.key("target")),
        Fault::Disk(disk) => target(&disk.target, nodes, &path.key("target")),
        Fault::Partition(parts) => partition(parts, nodes, &path),
        Fault::Heal(_) => Vec::new(),
        Fault::Clog(clog) => ends(clog.from.as_ref(), clog.to.as_ref(), nodes, &path),
        Fault::Delay(slow) => ends(slow.from.as_ref(), slow.to.as_ref(), nodes, &path),
        Fault::Loss(links) | Fault::Duplicate(links) | Fault::Reorder(links) | Fault::Corrupt(links) => {
            ends(links.from.as_ref(), links.to.as_ref(), nodes, &path)
        }
    }
}

pub(super) fn target(target: &Target, nodes: Nodes, path: &Path) -> Vec<Finding> {
    match target {
        Target::Nodes(named) if named.is_empty() => {
            vec![
                Finding::new(path.clone(), "the list names no node")
                    .help("name one, or use `one`, `minority` or `all`"),
            ]
        }
        Target::Nodes(named) => list(named, nodes, path),
        Target::Minority if nodes.minority() == 0 => {
            let message = format!("`minority` is empty, because the number of voters is {}", nodes.voters);
            vec![Finding::new(path.clone(), message).help("use `one`, or at least 3 voters")]
        }
        Target::One | Target::Minority | Target::Majority | Target::All | Target::Proposer => Vec::new(),
    }
}

/// Every node must exist and be named once. If the target is a name and not a list, the whole target is marked.
fn list(named: &[NodeId], nodes: Nodes, path: &Path) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for (index, id) in named.iter().enumerate() {
        let path = path.index(index);
        if !seen.insert(*id) {
            findings.push(Finding::new(path.clone(), format!("{id} is named twice")).label("the second time"));
        }
        findings.extend(node(*id, nodes, path));
    }
    findings
}

fn ends(from: Option<&Target>, to: Option<&Target>, nodes: Nodes, path: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, end) in [("from", from), ("to", to)] {
        if end == Some(&Target::Proposer) {
            let finding = Finding::new(path.key(key), "`proposer` can't be the end of a link");
            findings
                .push(finding.help("name the nodes, or use a fault of the proposer: `kill`, `pause`, `clock`, `disk`"));
        }
    }
    findings.extend(from.into_iter().flat_map(|from| target(from, nodes, &path.key("from"))));
    findings.extend(to.into_iter().flat_map(|to| target(to, nodes, &path.key("to"))));
    if let (Some(Target::Nodes(from)), Some(Target::Nodes(to))) = (from, to)
        && let ([from], [to]) = (from.as_slice(), to.as_slice())
        && from == to
    {
        findings.push(Finding::new(path.key("to"), "a node has no link to itself").label("the same node"));
    }
    findings
}

fn partition(partition: &Partition, nodes: Nodes, path: &Path) -> Vec<Finding> {
    let groups = path.key("groups");
    let mut findings = members(partition, nodes, &groups);
    if !findings.is_empty() {
        return findings;
    }
    let named: usize = partition.groups.iter().map(Vec::len).sum();
    let left = nodes.count() as usize - named;
    findings.extend(match partition.shape {
        None if partition.groups.is_empty() => {
            let finding = Finding::new(path.clone(), "a partition needs `groups` or a `shape`");
            Some(finding.help("such as { \"groups\": [[\"n1\"]] } or { \"shape\": \"halves\" }"))
        }
        None if partition.groups.len() == 1 && left == 0 => {
            Some(Finding::new(groups, "all nodes are in one group, so no link is cut"))
        }
        None => None,
        Some(shape) => too_small(shape, nodes, path).or_else(|| misshaped(shape, partition, nodes, left, groups)),
    });
    if partition.shape == Some(Shape::MajoritiesRing) && partition.direction != Direction::Both {
        let finding = Finding::new(path.key("direction"), "a ring has no direction");
        findings.push(finding.help("remove `direction`"));
    }
    findings
}

fn members(partition: &Partition, nodes: Nodes, groups: &Path) -> Vec<Finding> {
    let mut seen: BTreeSet<NodeId> = BTreeSet::new();
    let mut findings = Vec::new();
    for (place, group) in partition.groups.iter().enumerate() {
        let path = groups.index(place);
        if group.is_empty() {
            findings.push(Finding::new(path.clone(), "the group is empty").help("name its nodes, or remove it"));
        }
        for (index, id) in group.iter().enumerate() {
            findings.extend(node(*id, nodes, path.index(index)));
            if !seen.insert(*id) {
                let finding = Finding::new(path.index(index), format!("{id} is in two groups"));
                findings.push(finding.label("the second time").help("a node can be in one group only"));
            }
        }
    }
    findings
}

fn too_small(shape: Shape, nodes: Nodes, path: &Path) -> Option<Finding> {
    let (least, what) = match shape {
        Shape::Halves | Shape::IsolateOne => (2, "nodes"),
        Shape::Minority => (3, "voters"),
        Shape::Bridge => (3, "nodes"),
        Shape::MajoritiesRing => (4, "nodes"),
    };
    let there = if shape == Shape::Minority { nodes.voters } else { nodes.count() };
    (there < least).then(|| {
        Finding::new(path.key("shape"), format!("this shape needs at least {least} {what}, but there are {there}"))
    })
}

/// Groups that do not fit the shape; `left` nodes are in none of them.
fn misshaped(shape: Shape, partition: &Partition, nodes: Nodes, left: usize, path: Path) -> Option<Finding> {
    let sizes: Vec<usize> = partition.groups.iter().map(Vec::len).collect();
    if sizes.is_empty() {
        return None;
    }
    let half = nodes.count().div_ceil(2) as usize;
    let minority = nodes.minority() as usize;
    let fits = match (shape, sizes.as_slice()) {
        (Shape::Halves, [first] | [first, _]) => *first == half,
        (Shape::IsolateOne, [first] | [first, _]) => *first == 1,
        (Shape::Minority, [first] | [first, _]) => *first <= minority,
        (Shape::Bridge, [_, _]) => left == 1,
        (Shape::MajoritiesRing, [_]) => left == 0,
        (Shape::Halves | Shape::IsolateOne | Shape::Minority | Shape::Bridge | Shape::MajoritiesRing, _) => false,
    };
    let whole = shape == Shape::Bridge || sizes.len() == 1 || left == 0;
    let help = match shape {
        Shape::Halves => format!("one group of {half} nodes, or both halves"),
        Shape::IsolateOne => "one group of one node".to_owned(),
        Shape::Minority => format!("one group of at most {minority} nodes"),
        Shape::Bridge => "two groups, and one node in neither, which reaches both".to_owned(),
        Shape::MajoritiesRing => "one group of all nodes, in the order on the ring".to_owned(),
    };
    (!fits || !whole).then(|| {
        Finding::new(path, "these groups do not fit the shape")
            .help(format!("the shape has {help}; or remove `groups`"))
    })
}
