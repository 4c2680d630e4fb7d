//! Circles of a graph, found in one walk there and one back, so that no configuration can make the check slow.

/// For each node the number of its component: nodes that can reach each other have the same (Kosaraju's way, without
/// recursion). Edges to nodes that are not there are left out.
pub fn components(edges: &[Vec<usize>]) -> Vec<usize> {
    let count = edges.len();
    // Nodes in the order in which everything behind them is done.
    let mut done = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    for start in 0..count {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut open = vec![(start, 0)];
        while let Some((at, next)) = open.pop() {
            let Some(to) = edges[at].get(next) else {
                done.push(at);
                continue;
            };
            open.push((at, next + 1));
            if *to < count && !std::mem::replace(&mut seen[*to], true) {
                open.push((*to, 0));
            }
        }
    }
    let mut back = vec![Vec::new(); count];
    for (at, ways) in edges.iter().enumerate() {
        for to in ways.iter().filter(|to| **to < count) {
            back[*to].push(at);
        }
    }
    let mut component = vec![usize::MAX; count];
    for (n, start) in done.into_iter().rev().enumerate() {
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            if component[at] == usize::MAX {
                component[at] = n;
                open.extend(back[at].iter().filter(|from| component[**from] == usize::MAX));
            }
        }
    }
    component
}

/// The first node of each circle.
pub fn first_of_each(edges: &[Vec<usize>]) -> Vec<usize> {
    let component = components(edges);
    let mut told = std::collections::BTreeSet::new();
    let goes_round = |at: usize| edges[at].iter().any(|to| component.get(*to) == Some(&component[at]));
    (0..edges.len()).filter(|at| goes_round(*at) && told.insert(component[*at])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_and_what_is_none() {
        for (edges, first) in [
            (vec![], vec![]),
            (vec![vec![1], vec![2], vec![]], vec![]),
            // Two ways to one place are no circle.
            (vec![vec![1, 2], vec![3], vec![3], vec![9]], vec![]),
            (vec![vec![0]], vec![0]),
            (vec![vec![1], vec![2], vec![1]], vec![1]),
            // Two circles, one behind the other, and a tail that comes first.
            (vec![vec![], vec![2], vec![1, 3], vec![4], vec![3, 0]], vec![1, 3]),
        ] {
            assert_eq!(first_of_each(&edges), first, "{edges:?}");
        }
    }

    #[test]
    fn a_long_way_needs_no_deep_stack() {
        let mut edges: Vec<Vec<usize>> = (0..200_000).map(|n| vec![n + 1]).collect();
        assert!(first_of_each(&edges).is_empty());
        edges[199_999] = vec![0];
        assert_eq!(first_of_each(&edges), [0]);
    }
}
