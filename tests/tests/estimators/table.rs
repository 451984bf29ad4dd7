//! The variance of each gradient beside the pathwise one: docs/estimators.md.

use std::fmt::Write;
use std::path::Path;

use tests::{has_f64, vector};
use vi_runtime::objective::Objective;
use vi_runtime::prelude::*;

use super::Estimates;
use super::normal::{Y, mean_of, normal};

const HEAD: &str = "# What the gradients of the objectives scatter

Twelve observations of a normal mean with a normal prior, a normal guide: the standard deviation of one step's gradient in the
location and in the logarithm of the scale, over 100 steps at the same parameters, each with 10 draws in all. The last two columns are
at the posterior. `tests/tests/estimators/table.rs` writes this page, and fails where it is out of date.

| objective | location, off | log scale, off | location, at the posterior | log scale, at the posterior |
|---|--:|--:|--:|--:|
";

fn row<O: Objective + Clone + 'static>(page: &mut String, objective: &O, particles: usize) -> Result<()> {
    let mut numbers = Vec::new();
    for (loc, scale) in [(1.5, 0.3), (1.6911067283870127, 0.3711196860296108)] {
        let found = Estimates::of(&mean_of(vector(Y)?), &normal(loc, scale), objective, particles, 100, Execution::Compiled)?;
        numbers.extend([found.variance(1).sqrt(), found.variance(2).sqrt()]);
    }
    let shown = numbers.iter().map(|x| if *x < 1e-3 { "0".to_owned() } else { format!("{x:.2}") }).collect::<Vec<_>>();
    let _ = writeln!(page, "| {} | {} |", objective.name(), shown.join(" | "));
    Ok(())
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
