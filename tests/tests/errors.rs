//! Bad input: each mistake is a typed error that names the site and both facts.

use tests::{executions, vector};
use vi_runtime::prelude::*;

fn message<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// What the first step says, which is the same under each execution.
fn one_step<M: Program + Clone, G: vi_runtime::Guide<M>>(model: &M, guide: G) -> String {
    let [eager, compiled] = executions().map(|execution| {
        let svi = Svi::new(model, guide.clone()).execution(execution);
        message(svi.init().and_then(|mut state| svi.step(&mut state)))
    });
    assert_eq!(eager, compiled);
    eager
}

#[model]
fn normal(y: Option<Tensor<1>>, scale: f64, size: usize) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("n", size, { observe!("y", Normal::new(mu, scale), y) });
}

#[test]
fn a_nan_in_the_data_names_the_site_and_the_element() -> Result<()> {
    let found = one_step(&normal(Some(vector([1.0, f64::NAN])?), 1.0, 2), AutoNormal::new());
    assert_eq!(found, "site `y`: the value NaN at element 1 of 2 is outside the support of Normal, the real numbers");
    Ok(())
}

#[test]
fn a_negative_scale_names_the_parameter() -> Result<()> {
    let found = one_step(&normal(Some(vector([1.0, 2.0])?), -1.0, 2), AutoNormal::new());
    assert_eq!(found, "site `y`: parameter `scale` of Normal must be positive, but holds -1");
    Ok(())
}

#[test]
fn a_wrong_length_names_value_and_distribution() -> Result<()> {
    let found = one_step(&normal(Some(vector([1.0, 2.0, 3.0])?), 1.0, 2), AutoNormal::new());
    assert!(found.contains("site `y`") && found.contains("[3]") && found.contains("[2]"), "{found}");
    Ok(())
}

#[test]
fn an_empty_plate_is_refused() -> Result<()> {
    let found = one_step(&normal(Some(vector([1.0])?), 1.0, 0), AutoNormal::new());
    assert_eq!(found, "plate `n`: the size is 0; a plate needs at least one unit");
    Ok(())
}

#[test]
fn an_absent_observation_is_refused_under_svi_and_simulated_by_the_predictive() -> Result<()> {
    let found = one_step(&normal(None, 1.0, 2), AutoNormal::new());
    assert!(found.contains("site `y` has no observed value"), "{found}");
    let (_, shape) = prior_predictive(&normal(None, 1.0, 2), 3, 0)?.get("y")?.to_f64()?;
    assert_eq!(shape, [3, 2]);
    Ok(())
}

#[guide]
fn other_site() {
    sample!("nu", Normal::new(param!("loc", [0.0]), 1.0));
}

#[guide]
fn one_too_many() {
    sample!("mu", Normal::new(param!("loc", [0.0]), 1.0));
    sample!("nu", Normal::new(0.0, 1.0));
}

#[guide]
fn samples_the_data() {
    sample!("mu", Normal::new(param!("loc", [0.0]), 1.0));
    plate!("n", 2, { sample!("y", Normal::new(0.0, 1.0)) });
}

#[guide]
fn wrong_shape() {
    sample!("mu", Normal::new(param!("loc", [0.0, 1.0, 2.0]), 1.0));
}

#[guide]
fn no_parameters() {
    sample!("mu", Normal::new(0.0, 1.0));
}

#[guide]
fn unused_parameter() {
    let _unused: Tensor<1> = param!("unused", [0.0]);
    sample!("mu", Normal::new(param!("loc", [0.0]), 1.0));
}

#[test]
fn every_disagreement_of_guide_and_model_is_named() -> Result<()> {
    let model = normal(Some(vector([1.0, 2.0])?), 1.0, 2);
    let found = one_step(&model, other_site());
    assert_eq!(found, "the model has a latent site `mu` that the guide does not sample; the guide's sites are `nu`");
    let found = one_step(&model, one_too_many());
    assert_eq!(
        found,
        "the guide samples `nu`, which is not a latent site of the model (it has no such site); the model's latent sites are `mu`"
    );
    let found = one_step(&model, samples_the_data());
    assert!(found.contains("`y`") && found.contains("it is observed there"), "{found}");
    let found = one_step(&model, wrong_shape());
    assert_eq!(found, "site `mu`: the guide draws shape [3], the model expects [1]");
    assert!(one_step(&model, no_parameters()).contains("there is no parameter to fit"));
    assert!(one_step(&model, unused_parameter()).contains("`unused`"));
    Ok(())
}

#[model]
fn positive() {
    sample!("x", Gamma::new(1.0, 1.0));
}

#[guide]
fn real() {
    sample!("x", Normal::new(param!("loc", [0.0]), 1.0));
}

#[model]
fn point() {
    sample!("x", Delta::new(1.0));
}

#[model]
fn discrete() {
    sample!("x", Poisson::new(1.0));
}

#[guide]
fn discrete_guide() {
    sample!("x", Poisson::new(param!("rate", [1.0], support::Positive)));
}

#[test]
fn supports_that_do_not_fit_are_named() {
    let found = one_step(&positive(), real());
    assert!(
        found.contains("site `x`")
            && found.contains("Normal has support the real numbers")
            && found.contains("Gamma with support (0, inf)"),
        "{found}"
    );
    let found = one_step(&point(), real());
    assert!(found.contains("`.soften(eps)`"), "{found}");
    let found = one_step(&discrete(), discrete_guide());
    assert!(found.contains("site `x`") && found.contains("Poisson cannot be reparameterised"), "{found}");
    let found = one_step(&discrete(), AutoNormal::new());
    assert!(found.contains("site `x`") && found.contains("discrete"), "{found}");
}

#[model]
fn scalar_in_two_plates() {
    plate!("a", 3, { plate!("b", 2, { sample!("x", Normal::new(0.0, 1.0)) }) });
}

#[model]
fn wrong_plate_size(loc: Tensor<1>) {
    plate!("a", 3, { sample!("x", Normal::new(loc, 1.0)) });
}

#[model]
fn unequal_parameters(loc: Tensor<1>, scale: Tensor<1>) {
    sample!("x", Normal::new(loc, scale));
}

#[test]
fn plates_and_shapes_that_do_not_fit_are_named() -> Result<()> {
    let found = one_step(&scalar_in_two_plates(), AutoNormal::new());
    assert!(found.contains("site `x`") && found.contains("`a`, `b`") && found.contains(".expand([1, 1])"), "{found}");
    let found = one_step(&wrong_plate_size(vector([0.0, 1.0])?), AutoNormal::new());
    assert_eq!(found, "site `x`: dimension 0 belongs to plate `a` of size 3, but the distribution has size 2 there (shape [2])");
    let found = one_step(&unequal_parameters(vector([0.0, 1.0])?, vector([1.0, 1.0, 1.0])?), AutoNormal::new());
    assert!(found.contains("loc of Normal has shape [2], but scale has shape [3]"), "{found}");
    Ok(())
}

#[model]
fn run_time_duplicate(n: usize) {
    for i in 0..n {
        sample!("x"[i / 2], Normal::new(0.0, 1.0));
    }
}

#[test]
fn a_name_used_twice_at_run_time_is_an_error() {
    let found = one_step(&run_time_duplicate(2), AutoNormal::new());
    assert!(found.contains("site `x[0]` appears twice"), "{found}");
}

#[test]
fn settings_that_cannot_be_used_are_refused() -> Result<()> {
    let model = normal(Some(vector([1.0, 2.0])?), 1.0, 2);
    assert!(message(Svi::new(&model, AutoNormal::new()).particles(0).run()).contains("particles"));
    let fit = Svi::new(&model, AutoNormal::new()).steps(1).run()?;
    assert!(message(fit.elbo_from(0)).contains("draws"));
    let (one, two) = (fit.elbo_from(1)?.to_string(), fit.elbo_from(2)?.to_string());
    assert!(one.contains("from 1 draw)") && !one.contains('±') && !one.contains("NaN"), "{one}");
    assert!(two.contains("± ") && two.contains("from 2 draws)"), "{two}");
    assert!(message(fit.posterior(0)).contains("draws"));
    assert!(message(fit.param("nothing")).contains("`auto.mu.loc`"));
    assert!(message(vi_runtime::device::parse("abacus")).contains("abacus"));
    let mu = fit.posterior(3)?.mu;
    assert!(message(mu.tensor::<3>()).contains("rank-2"));
    Ok(())
}

#[model]
fn explodes(y: Tensor<1>) {
    let x = sample!("x", Normal::new(0.0, 1.0));
    observe!("y", Normal::new(x.clone() * 1e30 * 1e30, 1.0), y);
}

#[test]
fn a_step_that_is_not_finite_names_the_site_and_keeps_the_state() -> Result<()> {
    let model = explodes(vector([0.0])?);
    for execution in executions() {
        let svi = Svi::new(&model, no_check()).execution(execution);
        let mut state = svi.init()?;
        let found = message(svi.step(&mut state));
        assert!(found.contains("`y`"), "{found}");
        assert_eq!(state.step(), 0);
        let loc = state.param("loc")?.to_f64()?;
        assert_eq!(loc, [0.5]);
    }
    Ok(())
}

#[guide]
fn no_check() {
    sample!("x", Normal::new(param!("loc", [0.5]), 1.0));
}

#[guide]
fn two_supports() {
    let scale: Tensor<1> = param!("scale", [1.0], support::Positive);
    sample!("mu", Normal::new(0.0, scale));
}

#[model]
fn the_other_support(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let scale = param!("scale", [0.5], support::UnitInterval);
    observe!("y", Normal::new(mu, scale), y);
}

#[guide]
fn starts_outside() {
    sample!("mu", Normal::new(0.0, param!("scale", [-1.0], support::Positive)));
}

#[test]
fn a_parameter_keeps_its_support_and_starts_inside_it() -> Result<()> {
    let model = the_other_support(vector([1.0])?);
    let found = one_step(&model, two_supports());
    assert_eq!(found, "parameter `scale`: it was created with support (0, inf), and is now read with support (0, 1)");
    let found = one_step(&model, starts_outside());
    assert_eq!(found, "parameter `scale`: its initial value -1 is not inside its support, (0, inf)");
    Ok(())
}

#[model]
fn outside(y: Tensor<1>) {
    let rate = sample!("rate", Gamma::new(2.0, 1.0));
    observe!("y", Poisson::new(rate), y);
}

#[test]
fn counts_must_be_counts() -> Result<()> {
    for bad in [-1.0, 2.5, f64::NAN] {
        let found = one_step(&outside(vector([bad])?), AutoNormal::new());
        assert!(found.contains("site `y`") && found.contains("Poisson"), "{bad}: {found}");
    }
    Ok(())
}

/// Observes a value of a structured support, here through a bijector onto it.
#[model]
fn structured(y: Tensor<2>, which: usize) {
    use vi_runtime::bijector::*;
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let maps: [std::rc::Rc<dyn Bijector<2>>; 5] = [
        std::rc::Rc::new(Ordered),
        std::rc::Rc::new(Stereographic),
        std::rc::Rc::new(ZeroSum),
        std::rc::Rc::new(LowerCholesky),
        std::rc::Rc::new(PositiveDefinite),
    ];
    let shape = maps[which].unconstrained_shape(&y.dims());
    let base = Normal::new(mu.unsqueeze::<2>(), 1.0).expand([shape[0], shape[1]]);
    observe!("y", base.transformed(maps[which].clone()), y);
}

#[test]
fn a_value_off_its_support_names_the_row_and_what_is_wrong() -> Result<()> {
    let rows = |values: [f64; 4]| -> Result<Tensor<2>> { Ok(vector(values)?.reshape([2, 2])) };
    let cases = [
        (0, rows([0.0, 1.0, 2.0, 1.5])?, "row 1 with 1.5 at 1 after 2"),
        (0, rows([0.0, 1.0, f64::NAN, 1.5])?, "NaN at element 2 of 4"),
        (1, rows([0.6, 0.8, 0.5, 0.5])?, "row 1 of length 0.70710"),
        (2, rows([1.0, -1.0, 2.0, -1.5])?, "row 1 with sum 0.5"),
        (3, rows([1.0, 0.5, 0.0, 1.0])?, "row 0 with 0.5 above the diagonal"),
        (3, rows([1.0, 0.0, 0.0, -1.0])?, "row 1 with -1 on the diagonal"),
        (4, rows([1.0, 0.25, 0.5, 1.0])?, "row 1 with 0.5 at 0 against 0.25 across the diagonal"),
        (4, rows([1.0, 2.0, 2.0, 1.0])?, "row 1 with pivot -3: the matrix is not positive definite"),
    ];
    for (which, y, fault) in cases {
        let found = one_step(&structured(y, which), AutoNormal::new());
        assert!(found.starts_with("site `y`: the value ") && found.contains(fault), "{found}");
    }
    Ok(())
}

#[guide]
fn starts_with(init: Tensor<2>, which: usize) {
    let support = [support::LowerCholesky, support::CorrelationCholesky, support::Correlation, support::Simplex, support::Sphere][which];
    let start: Tensor<2> = param!("start", init, support);
    sample!("mu", Normal::new(start.sum(), 1.0));
}

#[test]
fn a_structured_parameter_starts_inside_its_support() -> Result<()> {
    let matrix = |values: [f64; 4]| -> Result<Tensor<2>> { Ok(vector(values)?.reshape([2, 2])) };
    let model = normal(Some(vector([1.0, 2.0])?), 1.0, 2);
    let cases = [
        (0, matrix([1.0, 0.0, 0.5, 0.0])?, "with row 1 with 0 on the diagonal"),
        (0, vector([1.0, 0.0])?.reshape([1, 2]), "with 1 rows of 2"),
        (1, matrix([1.0, 0.0, 0.5, 0.5])?, "with row 1 of length 0.70710"),
        (2, matrix([1.0, 0.3, 0.3, 1.2])?, "with row 1 with 1.2"),
        (3, matrix([0.5, 0.5, 0.0, 1.0])?, "0 is not inside its support"),
        (3, matrix([0.5, 0.5, 0.2, 0.2])?, "with row 1 with sum 0.4"),
        (4, matrix([0.6, 0.8, 1.0, 1.0])?, "with row 1 of length 1.41421"),
    ];
    for (which, init, fault) in cases {
        let found = one_step(&model, starts_with(init, which));
        assert!(found.starts_with("parameter `start`: its initial value") && found.contains(fault), "{found}");
    }
    Ok(())
}

#[model]
fn correlated(y: Tensor<1>, covariance: Tensor<2>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    observe!("y", MultivariateNormal::covariance(mu.expand([2]), covariance), y);
}

#[test]
fn a_covariance_that_is_not_positive_definite_names_the_minor() -> Result<()> {
    let step = |covariance: [[f64; 2]; 2]| -> Result<String> {
        let covariance = Tensor::from_floats(covariance, &tests::device()?);
        Ok(one_step(&correlated(vector([1.0, 2.0])?, covariance), AutoNormal::new()))
    };
    let constraint = "site `y`: parameter `covariance_matrix` of MultivariateNormal must be symmetric and positive definite, but holds ";
    assert_eq!(step([[1.0, 0.5], [0.5, 1.0]])?, "no error");
    assert_eq!(step([[1.0, 2.0], [2.0, 1.0]])?, format!("{constraint}a leading minor of size 2 that is not positive in matrix 0"));
    assert_eq!(step([[1.0, 0.5], [0.25, 1.0]])?, format!("{constraint}0.25 below and 0.5 above the diagonal at (1, 0) in matrix 0"));
    Ok(())
}

#[test]
fn a_site_without_elements_has_no_draws() -> Result<()> {
    #[model]
    fn empty() {
        sample!("z", Normal::new(0.0, 1.0).expand([0]));
    }
    let draws = prior_predictive(&empty(), 3, 0)?;
    let message = draws.get("z")?.to_f64().map_or_else(|error| error.to_string(), |(draws, _)| format!("{draws:?}"));
    assert_eq!(message, "stacking `z`: its shape [0] has no element");
    Ok(())
}
