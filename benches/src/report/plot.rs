//! Plots figures against the number of idle connections, as SVG.

use plotters::prelude::*;

use crate::metric::{self, Metric};
use crate::results::{Results, Series};

/// The scenario that is run with many sizes.
pub(super) const SCENARIO: &str = "ping_pong";
pub(super) const METRICS: [Metric; 3] = [metric::THROUGHPUT, metric::P99, metric::CPU];
const WIDTH: u32 = 720;
const HEIGHT: u32 = 420;
/// The plots of one picture, from the top.
const OVERVIEW: [Metric; 2] = [metric::THROUGHPUT, metric::CPU];
/// The room for the names of the peers, to the right of their lines.
const LABELS: u32 = 110;
/// The height of a name.
const LABEL_HEIGHT: i32 = 16;

/// The colours of the peers of a whole bench: one for each, whatever else is plotted. They are dark
/// enough to be read on white, which the plots have as their background in a dark page too.
const COLORS: [(&str, RGBColor); 15] = [
    ("wasio", RGBColor(9, 105, 218)),
    ("wasio-p2", RGBColor(10, 48, 105)),
    ("wasio-p3", RGBColor(26, 127, 55)),
    ("mio", RGBColor(188, 76, 0)),
    ("mio-p2", RGBColor(207, 34, 46)),
    ("raw", RGBColor(139, 94, 0)),
    ("raw-p3", RGBColor(191, 57, 137)),
    ("wstd-p2", RGBColor(130, 80, 223)),
    ("mio-native", RGBColor(87, 96, 106)),
    ("wasio-native", RGBColor(36, 41, 47)),
    ("tokio", RGBColor(0, 120, 140)),
    ("tokio-p2", RGBColor(0, 105, 92)),
    ("tokio-p3", RGBColor(85, 107, 20)),
    ("tokio-mio", RGBColor(153, 51, 102)),
    ("tokio-mio-p2", RGBColor(173, 20, 150)),
];

/// A point: the number of idle connections, and a figure above zero.
type Point = (f64, f64);
/// The points of a peer.
type Line = (&'static str, Vec<Point>);
type Area<'svg> = DrawingArea<SVGBackend<'svg>, plotters::coord::Shift>;

/// Returns the plots, each with its file name.
///
/// # Errors
/// The error of the plotting library.
pub fn against_idle_connections(results: &Results) -> anyhow::Result<Vec<(String, String)>> {
    let is_there = |metric: &Metric| {
        let lines = lines(results, *metric);
        lines.iter().any(|(_, points)| points.len() > 1)
    };
    let mut plots = Vec::new();
    for metric in METRICS.into_iter().filter(is_there) {
        let name = format!("{SCENARIO}-{}.svg", metric.name);
        plots.push((name, draw(results, &[metric])?));
    }
    if OVERVIEW.iter().all(is_there) {
        plots.push((format!("{SCENARIO}.svg"), draw(results, &OVERVIEW)?));
    }
    Ok(plots)
}

/// Returns one line per peer, in the order of measurement.
fn lines(results: &Results, metric: Metric) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
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

/// Draws a picture with one plot per metric, one above the other.
fn draw(results: &Results, metrics: &[Metric]) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let rows = metrics.len();
        let pixels = (WIDTH, HEIGHT * u32::try_from(rows)?);
        let picture = SVGBackend::with_string(&mut svg, pixels).into_drawing_area();
        picture.fill(&WHITE)?;
        for (area, metric) in picture.split_evenly((rows, 1)).iter().zip(metrics) {
            draw_one(area, *metric, &lines(results, *metric))?;
        }
        picture.present()?;
    }
    Ok(svg)
}

fn draw_one(area: &Area<'_>, metric: Metric, lines: &[Line]) -> anyhow::Result<()> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let right = points().fold(1.0, |most, point| point.0.max(most));
    let bottom = points().fold(f64::INFINITY, |least, point| point.1.min(least)) / 1.5;
    let top = points().fold(0.0, |most, point| point.1.max(most)) * 1.5;
    let title = format!("{SCENARIO}: {}, {}", metric.name, metric.unit);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .margin_right(LABELS)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..right, (bottom..top).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("idle connections")
        .label_style(("sans-serif", 14))
        .light_line_style(WHITE)
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| crate::format::figure(*value))
        .draw()?;
    let mut ends = Vec::new();
    for (index, (peer, points)) in lines.iter().enumerate() {
        let color = color(peer, index);
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
    let (left, above) = area.get_base_pixel();
    let heights = spread(ends.iter().map(|((_, y), ..)| *y));
    for (((x, _), peer, color), y) in ends.iter().zip(heights) {
        let style = ("sans-serif", 14).into_font().color(color);
        let place = (x - left + 8, y - above - LABEL_HEIGHT / 2);
        area.draw_text(peer, &style, place)?;
    }
    Ok(())
}

/// The colour of a peer. One that is not in the list has that of another.
fn color(peer: &str, index: usize) -> RGBColor {
    let listed = COLORS.iter().find(|(name, _)| *name == peer);
    listed.map_or(COLORS[index % COLORS.len()].1, |(_, color)| *color)
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
    fn one_picture_has_throughput_and_cpu_time() {
        let mut results = results(&[0, 1_000]);
        for size in [0, 1_000] {
            let subject = Subject {
                scenario: SCENARIO,
                size,
                peer: "raw",
            };
            results.add(subject, 0, vec![(metric::THROUGHPUT, 1.0 + size as f64)]);
        }
        let plots = against_idle_connections(&results).unwrap();
        let (name, svg) = plots.last().unwrap();
        assert_eq!((plots.len(), name.as_str()), (3, "ping_pong.svg"));
        for text in ["round trips/s", "µs per round trip"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert_eq!(svg.matches(">\nraw\n").count(), 2, "{svg}");
    }

    #[test]
    fn names_do_not_stand_on_each_other() {
        assert_eq!(spread([10, 12, 90, 100].into_iter()), [10, 26, 90, 106]);
    }

    /// By the formula of the Web Content Accessibility Guidelines, which ask for 4.5.
    #[test]
    fn every_colour_can_be_read_on_white() {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        for (peer, RGBColor(red, green, blue)) in COLORS {
            let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
            let contrast = 1.05 / (luminance + 0.05);
            assert!(contrast >= 4.5, "{peer}: {contrast:.2}");
        }
    }

    #[test]
    fn one_size_is_no_plot() {
        assert!(against_idle_connections(&results(&[0])).unwrap().is_empty());
    }
}
