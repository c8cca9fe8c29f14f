//! In which order the operations of a bulk request are done.

use std::collections::BTreeSet;

/// A step on the way.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Do an operation, without its references to these, which come later.
    Run { operation: usize, without: BTreeSet<usize> },
    /// Add the references that were left out.
    Mend { operation: usize },
}

impl Step {
    /// Which operation the step is about.
    pub(super) fn operation(&self) -> usize {
        match self {
            Self::Run { operation, .. } | Self::Mend { operation } => *operation,
        }
    }
}

/// The steps for operations of which each needs others to be done before. The order of the request is kept as far as the
/// needs allow: each operation comes after those it needs, but for one in every circle, which is mended afterwards.
pub(super) fn plan(needs: &[Vec<usize>]) -> Vec<Step> {
    let mut plan =
        Plan { needs, state: vec![State::New; needs.len()], waiting: Vec::new(), steps: Vec::new() };
    for operation in 0..needs.len() {
        plan.visit(operation);
    }
    plan.steps
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    /// What it needs is being done.
    Open,
    Done,
}

struct Plan<'a> {
    needs: &'a [Vec<usize>],
    state: Vec<State>,
    /// Operations done without some others, which are not done yet.
    waiting: Vec<(usize, BTreeSet<usize>)>,
    steps: Vec<Step>,
}

impl Plan<'_> {
    /// Depth first, without recursion: a chain may be as long as the request.
    fn visit(&mut self, operation: usize) {
        let mut open = Vec::new();
        self.enter(operation, &mut open);
        while let Some((operation, rest, without)) = open.last_mut() {
            let Some(need) = rest.pop() else {
                let (operation, without) = (*operation, std::mem::take(without));
                open.pop();
                self.leave(operation, without);
                continue;
            };
            match self.state.get(need) {
                Some(State::New) => self.enter(need, &mut open),
                Some(State::Open) => {
                    without.insert(need);
                }
                _ => {}
            }
        }
    }

    fn enter(&mut self, operation: usize, open: &mut Vec<(usize, Vec<usize>, BTreeSet<usize>)>) {
        if let Some(state @ State::New) = self.state.get_mut(operation) {
            *state = State::Open;
            let needs = self.needs.get(operation).into_iter().flatten().rev().copied().collect();
            open.push((operation, needs, BTreeSet::new()));
        }
    }

    fn leave(&mut self, operation: usize, without: BTreeSet<usize>) {
        if let Some(state) = self.state.get_mut(operation) {
            *state = State::Done;
        }
        self.steps.push(Step::Run { operation, without: without.clone() });
        if !without.is_empty() {
            self.waiting.push((operation, without));
        }
        let steps = &mut self.steps;
        self.waiting.retain_mut(|(waiting, missing)| {
            missing.remove(&operation);
            if missing.is_empty() {
                steps.push(Step::Mend { operation: *waiting });
            }
            !missing.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plan in short: `2` runs the third, `2-01` without the first two, `+2` mends it.
    fn short(needs: &[Vec<usize>]) -> String {
        let step = |step: Step| match step {
            Step::Run { operation, without } if without.is_empty() => operation.to_string(),
            Step::Run { operation, without } => {
                format!("{operation}-{}", without.iter().map(ToString::to_string).collect::<String>())
            }
            Step::Mend { operation } => format!("+{operation}"),
        };
        plan(needs).into_iter().map(step).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_needed_comes_first_and_circles_are_mended() {
        for (needs, expected) in [
            (vec![], ""),
            (vec![vec![], vec![], vec![]], "0 1 2"),
            (vec![vec![], vec![0], vec![0, 1]], "0 1 2"),
            (vec![vec![2], vec![], vec![]], "2 0 1"),
            (vec![vec![2, 1], vec![2], vec![]], "2 1 0"),
            (vec![vec![0]], "0-0 +0"),
            (vec![vec![1], vec![0]], "1-0 0 +1"),
            (vec![vec![1], vec![2], vec![0], vec![2]], "2-0 1 0 +2 3"),
            (vec![vec![1, 2], vec![0], vec![0]], "1-0 2-0 0 +1 +2"),
            (vec![vec![1], vec![0, 2], vec![0, 1]], "2-01 1-0 0 +2 +1"),
            (vec![vec![9]], "0"),
        ] {
            assert_eq!(short(&needs), expected, "{needs:?}");
        }
    }

    #[test]
    fn a_chain_as_long_as_a_request_is_planned() {
        let needs: Vec<Vec<usize>> = (0..100_000).map(|number| vec![number + 1]).collect();
        assert_eq!(plan(&needs).len(), needs.len());
    }
}
