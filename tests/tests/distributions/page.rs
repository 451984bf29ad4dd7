//! `docs/distributions.md` says what each distribution has and how exact it is; it is written by this test.
//!
//! `DISTRIBUTIONS_BLESS=1 cargo test --release --test distributions page` rewrites it. The figures are bounds: the test fails where
//! one is exceeded, and where anything else on the page is out of date.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device};

use super::density::{self, Row, Table};
use super::divergences::pairs;
use super::{burn, test_device};

/// The modules with a list of families.
fn groups() -> Vec<Table> {
    vec![
        density::table(),
        density::combinators::table(),
        density::discrete::table(),
        density::multivariate::table(),
        density::tails::table(),
        density::univariate::table(),
    ]
}

/// The columns of figures: the precision, and which of the errors.
const FIGURES: [(DType, usize); 4] = [(DType::F64, 0), (DType::F64, 1), (DType::F32, 0), (DType::F32, 1)];

const HEAD: &str = "\
# Distributions

What each has beside `log_prob`, `draw` and the check of its parameters at the site. The page is written by
`tests/tests/distributions/page.rs`, which fails where it is out of date.

*Draws* say whether gradients flow through a draw to the parameters. Mean and variance of a `TransformedDistribution` are known where
the map is a straight line, its entropy where the logarithm of the Jacobian is; elsewhere they are NaN. `Truncated`, `Censored` and
`Folded` know theirs where the base has `TruncatedMoments`. The figures are bounds on the relative error of `log_prob` and of
its gradients, in the value and in each parameter, at every point of the tables in `tests/data/logprob` (40-digit arithmetic; tails and
boundaries among them), run statement by statement and compiled; single precision is compared with double precision at the same
rounded inputs. Errors below a few units in the last place of the terms of a gradient do not count, nor do those that a unit in the
last place of the inputs makes in the gradient of a vector or of a mixture, nor errors below 1e-6 of a `log_prob` in single precision
that is itself below 0.05.

| | support | draws | mean, variance | entropy | cdf | icdf | log_prob, f64 | gradient, f64 | log_prob, f32 | gradient, f32 |
|---|---|---|:-:|:-:|:-:|:-:|--:|--:|--:|--:|
";

const OTHERS: &str = "
## Made of others

These have no table: their densities follow from those of their parts, which other tests compare with.

| | |
|---|---|
";

const DIVERGENCES: &str = "
## Divergences in closed form

`kl_divergence(&p, &q)`. `Expanded`, `Independent`, `Masked` and `TransformedDistribution` have one where what they are made of has one, `Delta` has
one to everything continuous; for other pairs there is an estimate from draws.

| from | to |
|---|---|
";

/// The types of the pairs whose divergences have tables.
fn divergences(rows: &[Row]) -> BTreeMap<&str, BTreeSet<&str>> {
    // What is made of others may be measured by the table of a family that it agrees with: the family has the shorter name.
    let name = |table: &'static str| {
        let of_table = rows.iter().filter(|row| row.tables.iter().any(|known| known == table));
        of_table.min_by_key(|row| row.name.len()).map_or(table, |row| &row.name)
    };
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (p, q) in pairs() {
        found.entry(name(p)).or_default().insert(name(q));
    }
    found
}

/// One line for a type, whichever parameters it was given.
fn rows() -> Vec<Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (_, measure) in groups().into_iter().flatten() {
        let found = measure();
        match rows.get_mut(&found.name) {
            None => drop(rows.insert(found.name.clone(), found)),
            Some(row) => {
                for (known, new) in row.errors.iter_mut().zip(found.errors) {
                    known.1 = std::array::from_fn(|i| known.1[i].max(new.1[i]));
                }
                row.properties.extend(found.properties);
                row.tables.extend(found.tables);
                row.reparameterised |= found.reparameterised;
            }
        }
    }
    rows.into_values().collect()
}

/// At least one and a half times the error, since another processor rounds in another way, but no more than what the tables are
/// compared to; one digit.
fn bound(row: &Row, (dtype, which): (DType, usize)) -> String {
    let (least, most) = if dtype == DType::F64 { (1e-15, [1e-10, 1e-8][which]) } else { (1e-6, 2e-5) };
    let error = row.errors.iter().find(|(known, _)| *known == dtype).map_or(0.0, |(_, errors)| errors[which]);
    let wide = if error > most { 1.5 * error } else { (1.5 * error).clamp(least, most) };
    let unit = 10f64.powf(wide.log10().floor());
    format!("{:.0e}", (wide / unit - 1e-9).ceil() * unit)
}

/// The larger of two figures.
fn larger(a: &str, b: &str) -> String {
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    if number(a) > number(b) { a.to_owned() } else { b.to_owned() }
}

fn line(row: &Row, bounds: &[String; 4]) -> String {
    let has = |property: &str| if row.properties.contains(&property) { "yes" } else { "" };
    let support = if row.support == "(-inf, inf)" { "an interval given by parameters" } else { &row.support };
    let draws = if row.reparameterised { "differentiable" } else { "" };
    let mut line = format!("| {} | {support} | {draws} |", row.name);
    for property in ["mean", "entropy", "cdf", "icdf"] {
        let _ = write!(line, " {} |", has(property));
    }
    for bound in bounds {
        let _ = write!(line, " {bound} |");
    }
    line.replace("|  |", "| |").replace("|  |", "| |")
}

/// The bounds that the page states, by the name of the distribution.
fn stated(page: &str) -> BTreeMap<String, [String; 4]> {
    let figures = |line: &str| -> Option<(String, [String; 4])> {
        let cells: Vec<&str> = line.strip_prefix("| ")?.trim_end_matches(" |").split('|').map(str::trim).collect();
        let bounds: Vec<String> = cells.iter().rev().take(FIGURES.len()).rev().map(|cell| (*cell).to_owned()).collect();
        Some((cells[0].to_owned(), bounds.try_into().ok()?))
    };
    page.lines().filter_map(figures).collect()
}

#[test]
fn the_page_about_the_distributions_is_true() {
    if test_device() != Device::flex() {
        return;
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/distributions.md");
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let bless = std::env::var_os("DISTRIBUTIONS_BLESS").is_some();
    let known = if bless { BTreeMap::new() } else { stated(&written) };
    let (mut page, mut listed) = (HEAD.to_owned(), BTreeSet::new());
    let rows = rows();
    for row in &rows {
        let measured = FIGURES.map(|figure| bound(row, figure));
        let bounds = match known.get(&row.name) {
            Some(stated) => std::array::from_fn(|i| larger(&measured[i], &stated[i])),
            None => measured,
        };
        let _ = writeln!(page, "{}", line(row, &bounds));
        listed.insert(row.name.split('(').next().unwrap_or_default());
    }
    page.push_str(DIVERGENCES);
    for (from, to) in divergences(&rows) {
        let _ = writeln!(page, "| {from} | {} |", to.into_iter().collect::<Vec<_>>().join(", "));
    }
    page.push_str(OTHERS);
    for (name, summary) in implemented().into_iter().filter(|(name, _)| !listed.contains(name.as_str())) {
        let _ = writeln!(page, "| {name} | {summary} |");
    }
    if bless {
        std::fs::write(&path, &page).unwrap();
        return;
    }
    let command = "DISTRIBUTIONS_BLESS=1 cargo test --release --test distributions page";
    assert!(written == page, "docs/distributions.md is out of date; `{command}` rewrites it\n\n{page}");
}

#[test]
fn each_distribution_states_its_formula_source_shapes_and_errors() {
    let types = documented();
    for known in ["Normal", "Binomial", "Wishart", "Independent"] {
        assert!(types.contains_key(known), "{known} was not found among the sources");
    }
    for (name, docs) in types {
        let lacks = |start: &str| !docs.iter().any(|line| line.starts_with(start));
        let missing: Vec<&str> = ["`log p(", "Source: ", "# Shapes", "# Errors"].into_iter().filter(|start| lacks(start)).collect();
        assert!(missing.is_empty(), "the documentation of {name} has no line that begins with {missing:?}");
        assert!(docs.join(" ").to_lowercase().contains("support"), "the documentation of {name} does not tell its support");
    }
}

/// Every public type that implements `Distribution`, with the first paragraph of its documentation.
fn implemented() -> BTreeMap<String, String> {
    let summary = |docs: Vec<String>| docs.into_iter().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    documented().into_iter().map(|(name, docs)| (name, without_links(&summary(docs)).replace('|', "\\|"))).collect()
}

/// Every public type that implements `Distribution`, with the lines of its documentation, by the sources.
fn documented() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    visit(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../vi-runtime/src/dist"), &mut |source| {
        for (at, _) in source.match_indices(" Distribution<") {
            let Some((rank, after)) = source[at + " Distribution<".len()..].split_once("> for ") else { continue };
            // Not a bound.
            if rank.chars().all(char::is_alphanumeric) {
                let name: String = after.chars().take_while(|c| c.is_alphanumeric()).collect();
                let docs = docs(&source, &name);
                // Public types have documentation; others are no distributions of a user's.
                if !docs.is_empty() {
                    found.insert(name, docs);
                }
            }
        }
    });
    found
}

fn docs(source: &str, name: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declares = |line: &str| {
        let rest = line.strip_prefix("pub struct ").unwrap_or(line).strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['<', ' ', '(', ';'])) && !line.starts_with(&format!("{name}<D>"))
    };
    let Some(at) = lines.iter().position(|line| declares(line)) else { return Vec::new() };
    let above: Vec<&str> = lines[..at].iter().rev().take_while(|line| line.starts_with("///") || line.starts_with("#[")).copied().collect();
    above.into_iter().rev().filter_map(|line| line.strip_prefix("///")).map(|line| line.trim().to_owned()).collect()
}

/// ``[`name`](path)`` leads nowhere from this page.
fn without_links(text: &str) -> String {
    let mut parts = text.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |start, part| {
        let after = part.split_once(')').map_or("", |(_, after)| after);
        let open = start.rfind('[').unwrap_or(0);
        format!("{}{}{after}", &start[..open], start[open..].trim_start_matches('['))
    })
}

fn visit(folder: &Path, with: &mut dyn FnMut(String)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, with);
        } else {
            with(std::fs::read_to_string(&path).unwrap());
        }
    }
}
