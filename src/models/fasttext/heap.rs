//! The best labels as C++ keeps them: a heap of the standard library, whose order decides between equal scores.
//!
//! Equal scores are common where probabilities come from a table of 512 steps (`ova`, `ns`), so labels agree with those of
//! fastText only if ties fall the same way. This is `std::push_heap`, `std::pop_heap` and `std::sort_heap` of libstdc++
//! (`bits/stl_heap.h`), with the least score on top.

/// A label and its score.
pub type Scored = (u32, f32);

/// Whether `a` goes below `b`.
fn below(a: &Scored, b: &Scored) -> bool {
    a.1 > b.1
}

/// Moves a value up from a hole, no higher than `top`.
fn up(heap: &mut [Scored], mut hole: usize, top: usize, value: Scored) {
    while hole > top {
        let parent = (hole - 1) / 2;
        if !below(&heap[parent], &value) {
            break;
        }
        heap[hole] = heap[parent];
        hole = parent;
    }
    heap[hole] = value;
}

/// Moves the hole at the top down to a leaf, and the value up from there.
fn settle(heap: &mut [Scored], value: Scored) {
    let length = heap.len();
    let (mut hole, mut child) = (0, 0);
    while length > 1 && child < (length - 1) / 2 {
        child = 2 * (child + 1);
        if below(&heap[child], &heap[child - 1]) {
            child -= 1;
        }
        heap[hole] = heap[child];
        hole = child;
    }
    if length.is_multiple_of(2) && length > 1 && child == (length - 2) / 2 {
        child = 2 * (child + 1);
        heap[hole] = heap[child - 1];
        hole = child - 1;
    }
    up(heap, hole, 0, value);
}

/// Moves the top to the end, the others stay a heap.
fn pop(heap: &mut [Scored]) {
    if let [first, .., last] = heap {
        let value = *last;
        *last = *first;
        let rest = heap.len() - 1;
        settle(&mut heap[..rest], value);
    }
}

/// Takes a label in if it is among the `count` best so far.
pub fn keep(heap: &mut Vec<Scored>, count: usize, label: u32, score: f32) {
    if heap.len() == count && heap.first().is_some_and(|least| score < least.1) {
        return;
    }
    heap.push((label, score));
    let last = heap.len() - 1;
    up(heap, last, 0, (label, score));
    if heap.len() > count {
        pop(heap);
        heap.pop();
    }
}

/// Sorts the heap, the best first.
pub fn sort(heap: &mut [Scored]) {
    for length in (2..=heap.len()).rev() {
        pop(&mut heap[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equals_wins_alone_and_order_is_kept() {
        let mut heap = Vec::new();
        for (label, score) in [(0, 0.5), (1, 0.5), (2, 0.1), (3, 0.5)] {
            keep(&mut heap, 1, label, score);
        }
        assert_eq!(heap, [(3, 0.5)]);
        let scores: Vec<f32> = (0..200).map(|n| ((n * 7919) % 101) as f32).collect();
        let mut heap = Vec::new();
        for (label, score) in (0..).zip(&scores) {
            keep(&mut heap, 50, label, *score);
        }
        sort(&mut heap);
        let mut best = scores.clone();
        best.sort_by(|a, b| b.total_cmp(a));
        assert_eq!(heap.iter().map(|h| h.1).collect::<Vec<_>>(), best[..50]);
    }
}
