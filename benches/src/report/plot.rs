//! Plots figures against the number of idle connections, as SVG.

use plotters::prelude::*;

use crate::metric::{self, Metric};
use crate::results::{Results, Series};

/// The scenario that is run with many sizes.
const SCENARIO: &str = "ping_pong";
const METRICS: [Metric; 3] = [metric::THROUGHPUT, metric::P99, metric::CPU];
const PIXELS: (u32, u32) = (720, 420);
/// The room for the names of the peers, to the right of their lines.
const LABELS: u32 = 110;
/// The height of a name.
const LABEL_HEIGHT: i32 = 16;

/// A point: the number of idle connections, and a figure above zero.
type Point = (f64, f64);

/// Returns the plots, each with its file name.
///
/// # Errors
/// The error of the plotting library.
pub fn against_idle_connections(results: &Results) -> anyhow::Result<Vec<(String, String)>> {
    let mut plots = Vec::new();
    for metric in METRICS {
        let lines = lines(results, metric);
        if lines.iter().any(|(_, points)| points.len() > 1) {
            let name = format!("{SCENARIO}-{}.svg", metric.name);
            plots.push((name, draw(metric, &lines)?));
        }
    }
    Ok(plots)
}

/// Returns one line per peer, in the order of measurement.
fn lines(results: &Results, metric: Metric) -> Vec<(&'static str, Vec<Point>)> {
    let mut lines: Vec<(&'static str, Vec<Point>)> = Vec::new();
    let is_plotted = |one: &&Series| one.scenario == SCENARIO && one.metric == metric;
    for one in results.all().iter().filter(is_plotted) {
        let point = (one.size as f64, one.median());
        if point.1 <= 0.0 {
            // A logarithmic axis has no zero.
            continue;
        }
        match lines.iter_mut().find(|(peer, _)| *peer == one.peer) {
            Some((_, points)) => points.push(point),
            None => lines.push((one.peer, vec![point])),
        }
    }
    lines
}

fn draw(metric: Metric, lines: &[(&'static str, Vec<Point>)]) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, PIXELS).into_drawing_area();
        area.fill(&WHITE)?;
        let points = || lines.iter().flat_map(|(_, points)| points);
        let right = points().fold(1.0, |most, point| point.0.max(most));
        let bottom = points().fold(f64::INFINITY, |least, point| point.1.min(least)) / 1.5;
        let top = points().fold(0.0, |most, point| point.1.max(most)) * 1.5;
        let title = format!("{SCENARIO}: {}, {}", metric.name, metric.unit);
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 20))
            .margin(12)
            .margin_right(LABELS)
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..right, (bottom..top).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("idle connections")
            .light_line_style(WHITE)
            .x_label_formatter(&|value| format!("{value:.0}"))
            .y_label_formatter(&|value| crate::format::figure(*value))
            .draw()?;
        let mut ends = Vec::new();
        for (index, (peer, points)) in lines.iter().enumerate() {
            let color = Palette99::pick(index).to_rgba();
            let dots = points
                .iter()
                .map(|point| Circle::new(*point, 3, color.filled()));
            chart.draw_series(LineSeries::new(
                points.iter().copied(),
                color.stroke_width(2),
            ))?;
            chart.draw_series(dots)?;
            if let Some(last) = points.last() {
                ends.push((chart.backend_coord(last), *peer, color));
            }
        }
        ends.sort_by_key(|((_, y), ..)| *y);
        let heights = spread(ends.iter().map(|((_, y), ..)| *y));
        for (((x, _), peer, color), y) in ends.iter().zip(heights) {
            let style = ("sans-serif", 14).into_font().color(color);
            area.draw_text(peer, &style, (x + 8, y - LABEL_HEIGHT / 2))?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// Moves sorted heights apart, so that no name stands on another.
fn spread(heights: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut free = i32::MIN;
    heights
        .map(|height| {
            let height = height.max(free);
            free = height + LABEL_HEIGHT;
            height
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Subject;

    fn results(sizes: &[usize]) -> Results {
        let mut results = Results::default();
        for size in sizes {
            let subject = Subject {
                scenario: SCENARIO,
                size: *size,
                peer: "raw",
            };
            results.add(subject, 0, vec![(metric::CPU, 1.0 + *size as f64)]);
        }
        results
    }

    #[test]
    fn a_plot_names_its_peer_and_its_axes() {
        let plots = against_idle_connections(&results(&[0, 1_000])).unwrap();
        assert_eq!(plots.len(), 1);
        let (name, svg) = &plots[0];
        assert_eq!(name, "ping_pong-cpu.svg");
        for text in ["raw", "idle connections", "µs per round trip", "<polyline"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
    }

    #[test]
    fn names_do_not_stand_on_each_other() {
        assert_eq!(spread([10, 12, 90, 100].into_iter()), [10, 26, 90, 106]);
    }

    #[test]
    fn one_size_is_no_plot() {
        assert!(against_idle_connections(&results(&[0])).unwrap().is_empty());
    }
}
