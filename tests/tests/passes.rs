//! `docs/passes.md` shows what each pass of the compiler makes of one small model; it is written by this test.
//!
//! `PASSES_BLESS=1 cargo test --release --test passes` rewrites the page after a change of a pass.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;

use vi_runtime::compile::{elbo_graph, step_graph};
use vi_runtime::prelude::*;
use vi_runtime::program::{ParamScope, ParamStore};
use vi_runtime::{Key, Placement};

#[model]
fn mean(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    plate!("n", 3, { observe!("y", Normal::new(mu, 2.0), y) });
}

#[guide(model = mean)]
fn mean_guide() {
    let loc = param!("loc", [0.0]);
    let scale = param!("scale", [1.0], support::Positive);
    sample!("mu", Normal::new(loc, scale));
}

const SOURCE: &str = r#"#[model]
fn mean(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    plate!("n", 3, { observe!("y", Normal::new(mu, 2.0), y) });
}

#[guide(model = mean)]
fn mean_guide() {
    let loc = param!("loc", [0.0]);
    let scale = param!("scale", [1.0], support::Positive);
    sample!("mu", Normal::new(loc, scale));
}"#;

/// What to look at in the graph after each pass.
fn remark(pass: &str) -> &'static str {
    match pass {
        "imported" => {
            "What one run of guide and model on Burn's capture device recorded, translated operation by operation: broadcasting is \
             an `expand` that is written out, numbers are `full`. The parameter `scale` arrives in unconstrained space; the two \
             `where` keep the operand of `exp` inside the range of single precision."
        }
        "simplified" => {
            "The draw is `mu = loc + scale · noise`, and the guide scores it by `(mu − loc) / scale`: that is the noise, so both \
             cancel. Constants are folded, numbers are taken out of sums, and what stands in all densities alike is one number. The \
             data's own terms stand apart: an executor computes them once for each data set."
        }
        "batched" => {
            "Two particles: the noise has a new first dimension, and so has all that depends on it. `loc` and `scale` have none: \
             they are computed once. The ELBO is the mean over the particles."
        }
        "differentiated" => {
            "Reverse mode adds the derivative of the loss, −ELBO, with respect to each parameter: two more outputs. Each rule \
             speaks for one operation, so there is much that the next pass takes away again."
        }
        _ => {
            "What is run in each step. Here the executor takes over: it lays all values into one block of memory, computes what \
             depends on data alone when data are bound, fills the noise from the key of the step, runs one kernel for each \
             remaining line (an `expand`, a `full` or a `reshape` is none), and updates the parameters in place."
        }
    }
}

fn page() -> Result<String> {
    let device = vi_runtime::device::default();
    let placement = Placement { device: device.clone(), dtype: FloatDType::F32 };
    let (model, guide) = (mean(Tensor::from_floats([1.0, 2.5, 0.5], &device)), mean_guide());
    let params = Rc::new(RefCell::new(ParamStore::default()));
    Run::new(Key::new(0), placement.clone()).params(ParamScope::plain(Rc::clone(&params))).trace(&guide)?;
    let mut page = format!(
        "# The passes of the compiler\n\nOne small model after each pass. The page is written by `tests/tests/passes.rs`, which fails where it \
         is out of date.\n\n```rust\n{SOURCE}\n```\n"
    );
    let mut last = String::new();
    let terms = elbo_graph(&model, &guide, &placement, &params, &Pathwise, 1 << 24).map_err(Error::other)?;
    step_graph(terms, 2, &Pathwise, &placement, &mut |pass, graph| {
        last = graph.to_string();
        let _ = write!(page, "\n## {}\n\n{}\n\n```text\n{}\n```\n", title(pass), wrap(remark(pass)), last.trim_end());
    })
    .map_err(Error::other)?;
    Ok(page)
}

fn title(pass: &str) -> String {
    let mut letters = pass.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Lines of at most 120 characters.
fn wrap(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = &lines[lines.len() - 1];
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 120 {
            lines.push(String::new());
        }
        let end = lines.len() - 1;
        if !lines[end].is_empty() {
            lines[end].push(' ');
        }
        lines[end].push_str(word);
    }
    lines.join("\n")
}

#[test]
fn the_page_about_the_passes_shows_what_they_do() -> Result<()> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/passes.md");
    let page = page()?;
    if std::env::var_os("PASSES_BLESS").is_some() {
        std::fs::write(&path, &page).map_err(Error::other)?;
    }
    let written = std::fs::read_to_string(&path).map_err(Error::other)?;
    assert!(written == page, "docs/passes.md is out of date; PASSES_BLESS=1 cargo test --release --test passes rewrites it\n\n{page}");
    Ok(())
}
