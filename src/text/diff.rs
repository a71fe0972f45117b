//! What differs between two texts, character by character: the shortest edit script (Myers 1986, "An O(ND) Difference
//! Algorithm and Its Variations").

/// A stretch that both texts have, or that each has in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Both have it.
    Same(String),
    /// The first text has the one, the second the other; either may be empty.
    Differs(String, String),
}

/// Edits after which the rest of the texts counts as different altogether.
const EDITS: usize = 2_000;

/// The parts of two texts, in order. Put together, the first sides are the first text, the second ones the second.
pub fn diff(a: &str, b: &str) -> Vec<Part> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (&a[start..], &b[start..]);
    let end = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (middle_a, middle_b) = (&rest_a[..rest_a.len() - end], &rest_b[..rest_b.len() - end]);
    let mut parts = Parts::default();
    parts.same(&a[..start]);
    let mut at = (0, 0);
    for (x, y) in matches(middle_a, middle_b) {
        parts.differs(&middle_a[at.0..x], &middle_b[at.1..y]);
        parts.same(&middle_a[x..=x]);
        at = (x + 1, y + 1);
    }
    parts.differs(&middle_a[at.0..], &middle_b[at.1..]);
    parts.same(&rest_a[rest_a.len() - end..]);
    parts.0
}

#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn same(&mut self, chars: &[char]) {
        match self.0.last_mut() {
            _ if chars.is_empty() => {}
            Some(Part::Same(text)) => text.extend(chars),
            _ => self.0.push(Part::Same(chars.iter().collect())),
        }
    }

    fn differs(&mut self, a: &[char], b: &[char]) {
        if !a.is_empty() || !b.is_empty() {
            self.0.push(Part::Differs(a.iter().collect(), b.iter().collect()));
        }
    }
}

/// Places of characters that the texts have in common, in order.
fn matches(a: &[char], b: &[char]) -> Vec<(usize, usize)> {
    let (n, m) = (a.len() as isize, b.len() as isize);
    let most = ((n + m) as usize).min(EDITS);
    let offset = most as isize + 1;
    // The furthest place in `a` on each diagonal, after every number of edits.
    let mut reach = vec![0isize; 2 * most + 3];
    let mut history: Vec<Vec<isize>> = Vec::new();
    let mut best = (0, 0, 0); // characters passed, edits, diagonal
    'edits: for edits in 0..=most as isize {
        for k in (-edits..=edits).step_by(2) {
            let at = |k: isize| (k + offset) as usize;
            let down = k == -edits || (k != edits && reach[at(k - 1)] < reach[at(k + 1)]);
            let mut x = if edits == 0 {
                0
            } else if down {
                reach[at(k + 1)]
            } else {
                reach[at(k - 1)] + 1
            };
            let mut y = x - k;
            while x < n && y < m && y >= 0 && a[x as usize] == b[y as usize] {
                (x, y) = (x + 1, y + 1);
            }
            reach[at(k)] = x;
            if x <= n && y <= m && x + y > best.0 {
                best = (x + y, edits, k);
            }
            if x >= n && y >= m {
                history.push(window(&reach, edits, offset));
                best = (x + y, edits, k);
                break 'edits;
            }
        }
        history.push(window(&reach, edits, offset));
    }
    let (_, mut edits, mut k) = best;
    let mut found = Vec::new();
    let place = |edits: isize, k: isize| history[edits as usize][(k + edits) as usize];
    let mut x = place(edits, k);
    while edits >= 0 {
        // Where the last edit led to: what lies behind it up to `x` is common.
        let (from, before) = if edits == 0 {
            (0, None)
        } else {
            let reached = |k: isize| if k.abs() < edits { place(edits - 1, k) } else { -1 };
            let down = k == -edits || (k != edits && reached(k - 1) < reached(k + 1));
            if down { (reached(k + 1), Some(k + 1)) } else { (reached(k - 1) + 1, Some(k - 1)) }
        };
        while x > from {
            x -= 1;
            found.push((x as usize, (x - k) as usize));
        }
        let Some(before) = before else { break };
        edits -= 1;
        k = before;
        x = place(edits, k);
    }
    found.reverse();
    found
}

/// The part of `reach` that is in use.
fn window(reach: &[isize], edits: isize, offset: isize) -> Vec<isize> {
    reach[(offset - edits) as usize..=(offset + edits) as usize].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(parts: &[Part]) -> (String, String, usize) {
        let (mut a, mut b, mut edits) = (String::new(), String::new(), 0);
        for part in parts {
            match part {
                Part::Same(text) => {
                    a += text;
                    b += text;
                }
                Part::Differs(x, y) => {
                    a += x;
                    b += y;
                    edits += x.chars().count() + y.chars().count();
                }
            }
        }
        (a, b, edits)
    }

    #[test]
    fn parts_in_order() {
        let same = |t: &str| Part::Same(t.into());
        let differs = |a: &str, b: &str| Part::Differs(a.into(), b.into());
        assert_eq!(
            diff("我们清洗数据", "我们整理数据。"),
            [same("我们"), differs("清洗", "整理"), same("数据"), differs("", "。")]
        );
        assert_eq!(diff("一样", "一样"), [same("一样")]);
        assert_eq!(diff("", ""), []);
        assert_eq!(diff("", "新"), [differs("", "新")]);
    }

    /// The edits are as few as the longest common subsequence allows.
    #[test]
    fn the_script_is_the_shortest() {
        let mut state = 5u64;
        let mut next = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        for _ in 0..400 {
            let mut text = |n: usize| -> Vec<char> { (0..n).map(|_| ['甲', '乙', '丙'][next(3)]).collect() };
            let (a, b) = (text(23), text(19));
            let mut common = vec![vec![0usize; b.len() + 1]; a.len() + 1];
            for i in 0..a.len() {
                for j in 0..b.len() {
                    common[i + 1][j + 1] =
                        if a[i] == b[j] { common[i][j] + 1 } else { common[i][j + 1].max(common[i + 1][j]) };
                }
            }
            let (left, right): (String, String) = (a.iter().collect(), b.iter().collect());
            let parts = diff(&left, &right);
            assert_eq!(sides(&parts), (left, right, a.len() + b.len() - 2 * common[a.len()][b.len()]));
        }
    }

    #[test]
    fn wholly_different_texts_end_in_bounded_time() {
        let (a, b) = ("甲".repeat(30_000), "乙".repeat(30_000));
        let (left, right, _) = sides(&diff(&a, &b));
        assert!(left == a && right == b);
        let half = format!("{}{}", "共".repeat(100), "甲".repeat(9_000));
        let (left, right, _) = sides(&diff(&half, &format!("{}丙{}", "共".repeat(100), "乙".repeat(9_000))));
        assert_eq!(left, half);
        assert!(right.starts_with("共"));
        assert!(right.ends_with('乙'));
    }
}
