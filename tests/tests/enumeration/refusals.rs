//! What cannot be enumerated, and what it would cost.

use vi_runtime::Execution;
use vi_runtime::prelude::*;

fn error<T>(result: Result<T>) -> String {
    result.err().map_or_else(|| "no error".to_owned(), |error| error.to_string())
}

#[model]
fn coupled() {
    let z = plate!("unit", 20, { sample!("z", Bernoulli::new([0.5]), strategy = Enumerate) });
    let loc = param!("loc", [0.0]);
    observe!("total", Normal::new(loc + z.float().sum(), 1.0), 3.0);
}

#[model]
fn unbounded() {
    let loc = param!("loc", [0.5]);
    let k = sample!("k", Poisson::new(2.0), strategy = Enumerate);
    observe!("y", Normal::new(loc + k.float(), 1.0), 3.0);
}

#[guide]
fn nothing() {}

#[guide]
fn draws_it_too() {
    sample!("k", Poisson::new(2.0));
}

#[test]
fn a_density_of_all_elements_is_refused_with_its_price() {
    let svi = |execution| Svi::new(&coupled(), nothing()).execution(execution).steps(1).run();
    let message = error(svi(Execution::Eager));
    assert!(message.contains("`z`") && message.contains("1.049e6 runs"), "{message}");
    let message = error(svi(Execution::Compiled));
    assert!(message.contains("`z`") && message.contains("several of its elements"), "{message}");
}

#[model]
fn wide() {
    let loc = param!("loc", [0.5]);
    let k = sample!("k", Categorical::new([0.1; 10]), strategy = Enumerate);
    let j = sample!("j", Categorical::new([0.1; 10]), strategy = Enumerate);
    observe!("y", Normal::new(loc + k.float() * j.float(), 1.0), 3.0);
}

#[test]
fn the_limit_can_be_set() -> Result<()> {
    for execution in tests::executions() {
        let svi = |limit| Svi::new(&wide(), nothing()).enumeration_limit(limit).execution(execution).steps(1).run();
        svi(100)?;
        let message = error(svi(99));
        assert!(message.contains("`k`, `j`") && message.contains("99") && message.contains("100"), "{message}");
        assert!(message.contains("enumeration_limit"), "{message}");
    }
    Ok(())
}

#[test]
fn supports_without_end_are_refused() {
    let message = error(Svi::new(&unbounded(), nothing()).steps(1).run());
    assert!(message.contains("site `k` (Poisson)") && message.contains("finite"), "{message}");
}

#[test]
fn a_site_of_both_programs_is_refused() {
    let message = error(Svi::new(&unbounded(), draws_it_too()).objective(ScoreFunction::new()).steps(1).run());
    assert!(message.contains("`k`") && message.contains("the guide has it too"), "{message}");
}

#[test]
fn objectives_that_need_a_draw_are_refused() {
    let message = error(Svi::new(&wide(), nothing()).objective(ScoreFunction::new()).steps(1).run());
    assert!(message.contains("`k`, `j`") && message.contains("score"), "{message}");
}

#[model]
fn endless(low: f64, high: f64) {
    let loc = param!("loc", [0.5]);
    let k = sample!("k", DiscreteUniform::new(low, high), strategy = Enumerate);
    observe!("y", Normal::new(loc.clone() + k.float().cast(loc.dtype()), 1.0), 3.0);
}

#[test]
fn supports_that_no_table_holds_are_refused_with_their_price() -> Result<()> {
    for (low, high) in [(0.0, 1e9), (-9e18, 9e18), (0.0, 9.3e18)] {
        for execution in [Execution::Eager, Execution::Compiled, Execution::Auto] {
            for dtype in [FloatDType::F32, FloatDType::F64] {
                let run = Svi::new(&endless(low, high), nothing()).execution(execution).dtype(dtype).steps(1).run();
                let Err(Error::Enumeration { sites, cost, limit, hint }) = run else { panic!("{}", error(run)) };
                assert_eq!(sites, "`k`");
                assert_eq!(limit, if execution == Execution::Compiled { 1 << 24 } else { 4096 });
                let price: f64 = cost.split(' ').find_map(|word| word.parse().ok()).unwrap_or(f64::NAN);
                // The last is cut to the integers that there are.
                let exact = high.min(2f64.powi(63)) - low;
                assert!((price / exact - 1.0).abs() < 1e-3, "{cost} instead of {exact}");
                assert_eq!(execution == Execution::Auto, hint.contains("entries"), "{hint}");
            }
        }
    }
    Ok(())
}

#[model]
fn many() {
    let mut sum = param!("loc", [0.5]);
    for i in 0..200 {
        sum = sum + sample!("k"[i], Bernoulli::new(0.5), strategy = Enumerate).float();
    }
    observe!("y", Normal::new(sum, 1.0), 3.0);
}

#[test]
fn a_refusal_names_the_first_sites_and_both_prices() {
    let message = error(Svi::new(&many(), nothing()).steps(1).run());
    assert!(message.contains("`k[9]`, … and 190 more") && message.len() < 1_000, "{message}");
    assert!(
        message.contains("runs of model and guide") && message.contains("table of") && message.contains("enumeration_limit"),
        "{message}"
    );
}
