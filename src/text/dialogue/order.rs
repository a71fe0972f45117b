//! Whether messages stand in an order that a chat template knows.

use super::turn::{Part, Role, Turn};

/// The places of messages that are wrong, 0 where none is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The first message that cannot stand where it stands.
    pub wrong: usize,
    /// The end of a row, or of one of its answers, that is no answer.
    pub unanswered: usize,
    /// A call that nothing, or too little, answers.
    pub open_call: usize,
    /// A result that answers no call.
    pub lost_result: usize,
}

/// Looks at the order of messages: those of the dialogue and the better answer, then the worse answer behind the same
/// dialogue. `calls` and `ids` say of each message how many calls it has, and their ids.
pub fn order(turns: &[Turn<'_>], calls: &[Vec<String>]) -> Order {
    let mut found = Order::default();
    let put = |place: &mut usize, at: usize| {
        if *place == 0 {
            *place = at + 1;
        }
    };
    if turns.is_empty() {
        found.unanswered = 1;
    }
    for part in [Part::Chosen, Part::Rejected] {
        let of = |turn: &Turn<'_>| turn.part == Part::Dialogue || turn.part == part;
        let row: Vec<usize> = (0..turns.len()).filter(|at| of(&turns[*at])).collect();
        if part == Part::Rejected && row.iter().all(|at| turns[*at].part == Part::Dialogue) {
            continue;
        }
        for (n, at) in row.iter().enumerate() {
            let before = n.checked_sub(1).map(|n| row[n]);
            if !fits(&turns[*at], before.map(|b| &turns[b])) {
                put(&mut found.wrong, *at);
            }
            if !calls[*at].is_empty() && !is_answered(turns, calls, &row[n..]) {
                put(&mut found.open_call, *at);
            }
            if turns[*at].role == Role::Tool && !has_call(turns, calls, &row[..=n]) {
                put(&mut found.lost_result, *at);
            }
        }
        // The prompt alone of a row that has only a worse answer ends elsewhere.
        let ends = row.last().filter(|at| turns[**at].role != Role::Assistant);
        let other = turns.iter().any(|t| t.part == Part::Rejected) && !turns.iter().any(|t| t.part == Part::Chosen);
        if let Some(at) = ends.filter(|_| !(part == Part::Chosen && other)) {
            put(&mut found.unanswered, *at);
        }
    }
    found
}

/// Whether a message can stand behind another.
fn fits(turn: &Turn<'_>, before: Option<&Turn<'_>>) -> bool {
    use Role::{Assistant, Other, System, Tool, User};
    match (before.map(|b| b.role), turn.role) {
        (_, Other) => false,
        (None | Some(System), System | User) => true,
        (None | Some(System), _) | (_, System) => false,
        (Some(Assistant), User) | (Some(User | Tool), Assistant) => true,
        (Some(Tool), Tool) => true,
        (Some(Assistant), Tool) => before.is_some_and(Turn::has_calls),
        // A call in a message of its own; what follows a call without a result is counted as that.
        (Some(Assistant), Assistant) => turn.has_calls() || before.is_some_and(Turn::has_calls),
        _ => false,
    }
}

/// Whether the calls of the first message are answered by the results behind it; a row may end on calls.
fn is_answered(turns: &[Turn<'_>], calls: &[Vec<String>], row: &[usize]) -> bool {
    let Some((first, rest)) = row.split_first() else { return true };
    if rest.is_empty() {
        return true;
    }
    let results: Vec<&Turn<'_>> = rest.iter().map(|at| &turns[*at]).take_while(|t| t.role == Role::Tool).collect();
    let ids: Vec<&str> = results.iter().filter_map(|t| t.call_id).collect();
    let named = calls[*first].iter().all(|id| !id.is_empty()) && ids.len() == results.len();
    match named && !results.is_empty() {
        true => calls[*first].iter().all(|id| ids.contains(&id.as_str())),
        // Without ids one message may hold the results of several calls.
        false => !results.is_empty(),
    }
}

/// Whether the last message, a result, answers a call before it.
fn has_call(turns: &[Turn<'_>], calls: &[Vec<String>], row: &[usize]) -> bool {
    let Some((last, before)) = row.split_last() else { return true };
    let caller = before.iter().rev().find(|at| turns[**at].role != Role::Tool);
    let Some(caller) = caller.filter(|at| !calls[**at].is_empty()) else { return false };
    let ids = &calls[*caller];
    turns[*last].call_id.is_none_or(|id| ids.iter().any(String::is_empty) || ids.iter().any(|known| known == id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Role = Role::System;
    const U: Role = Role::User;
    const A: Role = Role::Assistant;
    const T: Role = Role::Tool;

    fn wrong(roles: &[Role]) -> usize {
        let turns: Vec<_> = roles.iter().map(|role| Turn::new(*role, "甲")).collect();
        order(&turns, &vec![Vec::new(); turns.len()]).wrong
    }

    #[test]
    fn roles_take_turns() {
        for roles in [&[U, A][..], &[S, U, A, U, A], &[S, S, U, A], &[]] {
            assert_eq!(wrong(roles), 0, "{roles:?}");
        }
        for (roles, at) in [
            (&[A, U, A][..], 1),
            (&[U, U, A], 2),
            (&[U, A, A], 3),
            (&[U, A, S, U, A], 3),
            (&[U, T, A], 2),
            (&[S, A], 2),
            (&[U, Role::Other], 2),
            (&[U, A, T, A], 3),
        ] {
            assert_eq!(wrong(roles), at, "{roles:?}");
        }
    }

    #[test]
    fn a_row_ends_with_an_answer() {
        let end = |roles: &[Role]| {
            let turns: Vec<_> = roles.iter().map(|role| Turn::new(*role, "甲")).collect();
            order(&turns, &vec![Vec::new(); turns.len()]).unanswered
        };
        assert_eq!([end(&[U, A]), end(&[U]), end(&[U, A, U]), end(&[])], [0, 1, 3, 1]);
    }

    #[test]
    fn both_answers_of_a_pair_stand_behind_the_prompt() {
        let part = |part, role| Turn { part, ..Turn::new(role, "甲") };
        let turns = [Turn::new(U, "问"), part(Part::Chosen, A), part(Part::Rejected, A)];
        assert_eq!(order(&turns, &vec![Vec::new(); 3]), Order::default());
        let turns = [Turn::new(U, "问"), part(Part::Chosen, A), part(Part::Rejected, U)];
        let found = order(&turns, &vec![Vec::new(); 3]);
        assert_eq!((found.wrong, found.unanswered), (3, 3));
        // An unpaired answer that is labelled bad.
        let turns = [Turn::new(U, "问"), part(Part::Rejected, A)];
        assert_eq!(order(&turns, &vec![Vec::new(); 2]), Order::default());
    }

    #[test]
    fn calls_have_results_and_results_calls() {
        let call = Turn { calls: Some("[{}]"), ..Turn::new(A, "") };
        let result = |id: Option<&'static str>| Turn { call_id: id, ..Turn::new(T, "晴") };
        let looked = |turns: &[Turn<'_>], ids: &[&str]| {
            let calls: Vec<Vec<String>> = turns
                .iter()
                .map(|t| if t.has_calls() { ids.iter().map(|id| (*id).to_owned()).collect() } else { Vec::new() })
                .collect();
            let found = order(turns, &calls);
            (found.wrong, found.open_call, found.lost_result)
        };
        let (user, answer) = (Turn::new(U, "问"), Turn::new(A, "答"));
        assert_eq!(looked(&[user, call, result(None), answer], &[""]), (0, 0, 0));
        assert_eq!(looked(&[user, call], &[""]), (0, 0, 0));
        assert_eq!(looked(&[user, call, answer], &[""]), (0, 2, 0));
        assert_eq!(looked(&[user, call, user, answer], &[""]), (0, 2, 0));
        assert_eq!(looked(&[user, call, result(Some("a")), answer], &["a", "b"]), (0, 2, 0));
        assert_eq!(looked(&[user, call, result(Some("a")), result(Some("b")), answer], &["a", "b"]), (0, 0, 0));
        assert_eq!(looked(&[user, call, result(Some("c")), answer], &["a"]), (0, 2, 3));
        assert_eq!(looked(&[user, result(None), answer], &[]), (2, 0, 2));
    }
}
