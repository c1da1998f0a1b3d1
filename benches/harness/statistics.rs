//! Medians of a few samples.

/// The middle one; the upper of the two if their number is even.
pub(super) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

pub(super) fn least(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The median of the ratios within each round, which noise that lasts for a round leaves alone.
pub(super) fn median_ratio(numerators: &[f64], denominators: &[f64]) -> f64 {
    let ratios: Vec<f64> = numerators.iter().zip(denominators).map(|(above, below)| above / below).collect();
    median(&ratios)
}
