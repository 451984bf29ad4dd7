//! The variance of each gradient beside the pathwise one: docs/estimators.md.

use std::fmt::Write;
use std::path::Path;

use tests::{has_f64, vector};
use vi_runtime::objective::{Baseline, Objective};
use vi_runtime::prelude::*;

use super::Estimates;
use super::normal::{Y, mean_of, normal, pathless};

const HEAD: &str = "# What the gradients of the objectives scatter

Twelve observations of a normal mean with a normal prior, a normal guide: the standard deviation of one step's gradient in the
location and in the logarithm of the scale, over 100 steps at the same parameters, each with 10 draws in all. The last two columns are
at the posterior. For the score function the guide's draws hide how they were made, and an average has had 30 steps before.
`tests/tests/estimators/table.rs` writes this page, and fails where it is out of date.

| objective | location, off | log scale, off | location, at the posterior | log scale, at the posterior |
|---|--:|--:|--:|--:|
";

/// Location and scale of the guide; the second are those of the posterior.
const GUIDES: [(f64, f64); 2] = [(1.5, 0.3), (1.6911067283870127, 0.3711196860296108)];

fn row<O: Objective + Clone + 'static>(page: &mut String, objective: &O, particles: usize) -> Result<()> {
    let of = |(loc, scale)| Estimates::of(&mean_of(vector(Y)?), &normal(loc, scale), objective, particles, 100, Execution::Compiled);
    write_row(page, objective, [of(GUIDES[0])?, of(GUIDES[1])?]);
    Ok(())
}

fn score_row(page: &mut String, baseline: Baseline) -> Result<()> {
    let objective = ScoreFunction::new().baseline(baseline);
    let of = |(loc, scale)| Estimates::along(&mean_of(vector(Y)?), &pathless(loc, scale), &objective, 10, (30, 100), Execution::Eager);
    write_row(page, &objective, [of(GUIDES[0])?, of(GUIDES[1])?]);
    Ok(())
}

fn write_row(page: &mut String, objective: &impl Objective, found: [Estimates; 2]) {
    let numbers = found.iter().flat_map(|found| [found.variance(1).sqrt(), found.variance(2).sqrt()]);
    let shown = numbers.map(|x| if x < 1e-3 { "0".to_owned() } else { format!("{x:.2}") }).collect::<Vec<_>>();
    let _ = writeln!(page, "| {} | {} |", objective.name(), shown.join(" | "));
}

#[test]
fn the_page_about_the_estimators_shows_what_they_do() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let mut page = HEAD.to_owned();
    row(&mut page, &Pathwise, 10)?;
    row(&mut page, &StickingTheLanding, 10)?;
    row(&mut page, &AnalyticKl, 10)?;
    row(&mut page, &Annealed::new(KlSchedule::Constant), 10)?;
    row(&mut page, &Iwae::new(10), 1)?;
    row(&mut page, &Dreg::new(10), 1)?;
    row(&mut page, &Renyi::new(0.5, 10), 1)?;
    row(&mut page, &TailAdaptive::new(10), 1)?;
    row(&mut page, &WakeSleep::new(10), 1)?;
    for baseline in [Baseline::Zero, Baseline::LeaveOneOut, Baseline::DecayingAverage { decay: 0.9 }] {
        score_row(&mut page, baseline)?;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/estimators.md");
    if std::env::var("ESTIMATORS_BLESS").is_ok() {
        std::fs::write(&path, &page).map_err(Error::other)?;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == page,
        "docs/estimators.md is out of date; ESTIMATORS_BLESS=1 cargo test --release --test estimators rewrites it\n\n{page}"
    );
    Ok(())
}
