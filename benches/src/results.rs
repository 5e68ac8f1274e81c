//! The figures of a run, and their comparison.

use crate::metric::{Metric, Sample};

/// One figure of one peer, once per round.
#[derive(Debug)]
pub struct Series {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The size it was done with.
    pub size: usize,
    /// The peer's name.
    pub peer: &'static str,
    /// The metric.
    pub metric: Metric,
    /// The rounds that succeeded, with their figures.
    pub values: Vec<(usize, f64)>,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Results {
    series: Vec<Series>,
    /// What could not be measured, one sentence each.
    pub failures: Vec<String>,
}

/// What was measured to get a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The size it was done with.
    pub size: usize,
    /// The peer's name.
    pub peer: &'static str,
}

impl Series {
    /// Returns the median of the rounds.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(self.values.iter().map(|(_, value)| *value).collect())
    }

    /// Returns the lowest figure.
    #[must_use]
    pub fn min(&self) -> f64 {
        let values = self.values.iter().map(|(_, value)| *value);
        values.fold(f64::INFINITY, f64::min)
    }

    /// Returns the highest figure.
    #[must_use]
    pub fn max(&self) -> f64 {
        let values = self.values.iter().map(|(_, value)| *value);
        values.fold(f64::NEG_INFINITY, f64::max)
    }

    /// Returns the ratio of this figure to that of `other`: the median of the ratios of the rounds.
    /// Each round is compared with the same round of `other`, in which the machine was equally
    /// busy. `None` if there is no meaningful ratio.
    #[must_use]
    pub fn ratio(&self, other: &Self) -> Option<f64> {
        let ratios = self.ratios(other);
        (!ratios.is_empty()).then(|| median(ratios))
    }

    /// The ratios that [`Series::ratio`] is the median of.
    #[must_use]
    pub fn ratios(&self, other: &Self) -> Vec<f64> {
        let in_round = |(round, value): &(usize, f64)| {
            let (_, base) = other.values.iter().find(|(theirs, _)| theirs == round)?;
            (*base > 0.0).then(|| value / base)
        };
        self.values.iter().filter_map(in_round).collect()
    }
}

impl Results {
    /// Adds the figures of one measurement.
    pub fn add(&mut self, subject: Subject, round: usize, sample: Sample) {
        for (metric, value) in sample {
            let known = self.position(subject, metric);
            let index = known.unwrap_or_else(|| {
                self.series.push(Series {
                    scenario: subject.scenario,
                    size: subject.size,
                    peer: subject.peer,
                    metric,
                    values: Vec::new(),
                });
                self.series.len() - 1
            });
            self.series[index].values.push((round, value));
        }
    }

    /// Returns all figures, in the order in which they were first measured.
    #[must_use]
    pub fn all(&self) -> &[Series] {
        &self.series
    }

    /// Returns one figure.
    #[must_use]
    pub fn get(&self, subject: Subject, metric: Metric) -> Option<&Series> {
        self.position(subject, metric)
            .map(|index| &self.series[index])
    }

    fn position(&self, subject: Subject, metric: Metric) -> Option<usize> {
        self.series
            .iter()
            .position(|one| one.subject() == subject && one.metric == metric)
    }
}

impl Series {
    /// Returns what it was measured with.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject {
            scenario: self.scenario,
            size: self.size,
            peer: self.peer,
        }
    }
}

/// For an even number of values, the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        len if len.is_multiple_of(2) => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::CPU;

    fn results(rounds: &[(&'static str, usize, f64)]) -> Results {
        let mut results = Results::default();
        for (peer, round, value) in rounds {
            results.add(subject(peer), *round, vec![(CPU, *value)]);
        }
        results
    }

    fn subject(peer: &'static str) -> Subject {
        Subject {
            scenario: "s",
            size: 0,
            peer,
        }
    }

    #[test]
    fn a_series_has_its_median_and_bounds() {
        let results = results(&[("a", 0, 3.0), ("a", 1, 1.0), ("a", 2, 8.0)]);
        let series = results.get(subject("a"), CPU).unwrap();
        assert_eq!(
            (series.min(), series.median(), series.max()),
            (1.0, 3.0, 8.0)
        );
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
    }

    #[test]
    fn a_ratio_compares_each_round_with_its_own() {
        // The second round was ten times slower for both, which does not change the ratio.
        let measured = [
            ("a", 0, 2.0),
            ("b", 0, 1.0),
            ("b", 1, 10.0),
            ("a", 1, 20.0),
            ("a", 2, 7.0),
        ];
        let results = results(&measured);
        let (a, b) = (
            results.get(subject("a"), CPU).unwrap(),
            results.get(subject("b"), CPU).unwrap(),
        );
        assert_eq!(a.ratio(b), Some(2.0));
        assert_eq!(b.ratio(a), Some(0.5));
    }

    #[test]
    fn there_is_no_ratio_to_nothing() {
        let results = results(&[("a", 0, 2.0), ("b", 0, 0.0), ("c", 1, 1.0)]);
        let a = results.get(subject("a"), CPU).unwrap();
        for other in ["b", "c"] {
            assert_eq!(a.ratio(results.get(subject(other), CPU).unwrap()), None);
        }
    }
}
