//! Out of several rounds, one number.

/// The median.
pub(crate) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (below, above) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(below), values.get(above)) {
        (Some(below), Some(above)) => f64::midpoint(*below, *above),
        _ => f64::NAN,
    }
}

/// The median of the ratios of what was measured in the same round.
pub(crate) fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    middle(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((middle(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((middle(vec![4.0, 1.0]) - 2.5).abs() < 1e-9);
        assert!(middle(vec![]).is_nan());
        assert!((ratio(&[2.0, 9.0, 4.0], &[1.0, 3.0, 2.0]) - 2.0).abs() < 1e-9);
    }
}
