//! Values and gradients of the log density in unconstrained space.

use tests::{assert_close, device, executions};
use vi_runtime::Executed;
use vi_runtime::posterior::{LogDensity, Unconstrained};
use vi_runtime::prelude::*;

use super::models::{eight_schools_centred, json, kidscore, numbers, vector};

/// One site for each kind of map from unconstrained space.
#[model]
fn supports(y: Tensor<1>) {
    let mean = sample!("mean", Normal::new(0.5, 2.0));
    let scale = sample!("scale", Gamma::new(2.0, 1.5));
    let share = sample!("share", Beta::new(2.0, 3.0));
    let weights = sample!("weights", Dirichlet::new([1.5, 2.0, 3.0]));
    let total = deterministic!("total", weights.clone().slice(0..1) + share * mean);
    plate!("n", 3, { observe!("y", Normal::new(total, scale), y) });
    factor!("pull", weights.slice(1..2).log());
}

fn supports_model() -> Result<impl Program + Clone> {
    Ok(supports(Tensor::from_data([0.3, -1.2, 2.0].as_slice(), (&device()?, FloatDType::F64.into()))))
}

/// mean; ln scale; logit share; two stick-breaking coordinates.
const POINT: [f64; 5] = [0.7, -0.3, 0.4, 0.2, -0.5];

#[test]
fn the_log_density_is_the_log_joint_and_the_jacobians() -> Result<()> {
    let model = supports_model()?;
    let (scale, share) = ((-0.3f64).exp(), 1.0 / (1.0 + (-0.4f64).exp()));
    for execution in executions() {
        let density = Unconstrained::new(&model).execution(execution).build()?;
        assert_eq!(density.dim(), 5);
        let values = density.constrain(&POINT)?;
        let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["mean", "scale", "share", "weights"]);
        let weights = values[3].1.to_f64()?;
        assert_close(&[values[1].1.to_f64()?[0], values[2].1.to_f64()?[0]], &[scale, share], 1e-12);
        // Stick-breaking by its definition: w_k is a share s_k of what is left, so that ln |det| = Σ ln w_k + ln (1 − s_k).
        let shares = [weights[0], weights[1] / (1.0 - weights[0])];
        let stick: f64 = (0..2).map(|k| weights[k].ln() + (1.0 - shares[k]).ln()).sum();
        let jacobian = scale.ln() + (share * (1.0 - share)).ln() + stick;
        let joint = log_joint(&model, values)?;
        assert_close(&[density.log_density(&POINT)?], &[joint + jacobian], 1e-10);
    }
    Ok(())
}

#[test]
fn gradients_are_central_differences() -> Result<()> {
    let model = supports_model()?;
    for execution in executions() {
        let density = Unconstrained::new(&model).execution(execution).build()?;
        let mut gradient = [0.0; 5];
        let value = density.log_density_and_gradient(&POINT, &mut gradient)?;
        assert_close(&[density.log_density(&POINT)?], &[value], 1e-12);
        for i in 0..5 {
            let at = |step: f64| {
                let mut x = POINT;
                x[i] += step;
                density.log_density(&x)
            };
            let difference = (at(1e-5)? - at(-1e-5)?) / 2e-5;
            assert_close(&[gradient[i]], &[difference], 1e-7);
        }
    }
    Ok(())
}

#[test]
fn many_points_at_once_are_each_alone() -> Result<()> {
    let model = supports_model()?;
    for execution in executions() {
        let density = Unconstrained::new(&model).execution(execution).build()?;
        // More than one plan holds, and not a whole number of them.
        let points: Vec<f64> = (0..150 * 5).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let (mut values, mut gradients) = (vec![0.0; 150], vec![0.0; 750]);
        density.log_densities_and_gradients(&points, &mut values, &mut gradients)?;
        let mut alone = vec![0.0; 150];
        density.log_densities(&points, &mut alone)?;
        assert_close(&alone, &values, 1e-11);
        for index in [0, 63, 64, 127, 128, 149] {
            let mut gradient = [0.0; 5];
            let of = index * 5..(index + 1) * 5;
            let value = density.log_density_and_gradient(&points[of.clone()], &mut gradient)?;
            assert_close(&[values[index]], &[value], 1e-11);
            assert_close(&gradients[of], &gradient, 1e-10);
        }
    }
    Ok(())
}

#[test]
fn the_hessian_is_that_of_central_differences() -> Result<()> {
    let model = supports_model()?;
    let exact = Unconstrained::new(&model).execution(Execution::Compiled).build()?.hessian(&POINT)?;
    let differences = Unconstrained::new(&model).execution(Execution::Eager).build()?.hessian(&POINT)?;
    assert_close(&exact, &differences, 1e-7);
    // Of y given mean, with the other sites fixed, the curvature is known: −1/4 from the prior, −3 (share / scale)² from 3 data.
    let (scale, share) = ((-0.3f64).exp(), 1.0 / (1.0 + (-0.4f64).exp()));
    assert_close(&exact[..1], &[-0.25 - 3.0 * (share / scale).powi(2)], 1e-10);
    Ok(())
}

#[test]
fn values_go_to_coordinates_and_back() -> Result<()> {
    let density = LogDensity::new(&supports_model()?)?;
    let values = density.constrain(&POINT)?;
    assert_close(&density.unconstrain(values.clone())?, &POINT, 1e-12);
    let mut draws = density.draws(&[POINT, POINT].concat())?;
    let (total, shape) = draws.take("total").to_f64()?;
    assert_eq!(shape, [2, 1]);
    let weights = values[3].1.to_f64()?;
    assert_close(&total, &[weights[0] + 0.7 / (1.0 + (-0.4f64).exp()); 2], 1e-12);

    let refused =
        |values: Vec<(String, AnyTensor)>| density.unconstrain(values).map_or_else(|error| error.to_string(), |x| format!("{x:?}"));
    let without: Vec<_> = values[1..].to_vec();
    assert!(refused(without).contains("`mean`"));
    let mut negative = values.clone();
    negative[1].1 = Tensor::<1>::from_floats([-1.0], &device()?).into();
    let message = refused(negative);
    assert!(message.contains("site `scale`") && message.contains("-1"), "{message}");
    let mut long = values;
    long[0].1 = Tensor::<1>::from_floats([1.0, 2.0], &device()?).into();
    assert!(refused(long).contains("[2]"));
    Ok(())
}

#[model]
fn subsampled(y: Tensor<1>) {
    let mean = sample!("mean", Normal::new(0.0, 1.0));
    plate!("n", 6, subsample = 2, |idx| { observe!("y", Normal::new(mean, 0.5), y.select(0, idx)) });
}

#[test]
fn a_subsampled_plate_is_taken_whole() -> Result<()> {
    let y: [f64; 6] = [0.1, -0.4, 2.0, 1.1, 0.3, -0.9];
    let model = subsampled(Tensor::from_data(y.as_slice(), (&device()?, FloatDType::F64.into())));
    let normal = |x: f64, sd: f64| -0.5 * (x / sd).powi(2) - sd.ln() - 0.5 * std::f64::consts::TAU.ln();
    let expected = normal(0.3, 1.0) + y.iter().map(|y| normal(y - 0.3, 0.5)).sum::<f64>();
    for execution in executions() {
        let density = Unconstrained::new(&model).execution(execution).build()?;
        assert_close(&[density.log_density(&[0.3])?], &[expected], 1e-11);
    }
    Ok(())
}

#[test]
fn eight_schools_and_kidscore_have_their_reference_densities() -> Result<()> {
    let data = json("posteriordb/eight_schools-eight_schools_centered/data.json")?;
    let schools = eight_schools_centred(vector(&data["sigma"])?, vector(&data["y"])?);
    let data = json("posteriordb/kidiq-kidscore_momiq/data.json")?;
    let kidscore = kidscore(vector(&data["mom_iq"])?, vector(&data["kid_score"])?);
    for execution in executions() {
        let density = Unconstrained::new(&schools).execution(execution).build()?;
        let reference = json("posteriordb/eight_schools-eight_schools_centered/reference.json")?;
        for point in reference["log_joint_points"].as_array().into_iter().flatten() {
            let tau = numbers(&point["params"]["tau"])[0];
            let x = [numbers(&point["params"]["mu"]), vec![tau.ln()], numbers(&point["params"]["theta"])].concat();
            let expected = numbers(&point["log_joint"])[0] + tau.ln();
            assert_close(&[density.log_density(&x)?], &[expected], 1e-8 * expected.abs());
        }
        let density = Unconstrained::new(&kidscore).execution(execution).build()?;
        let reference = json("posteriordb/kidiq-kidscore_momiq/reference.json")?;
        for point in reference["log_joint_points"].as_array().into_iter().flatten() {
            let sigma = numbers(&point["params"]["sigma"])[0];
            let x = [numbers(&point["params"]["beta"]), vec![sigma.ln()]].concat();
            let expected = numbers(&point["log_joint"])[0] + sigma.ln();
            assert_close(&[density.log_density(&x)?], &[expected], 1e-8 * expected.abs());
        }
    }
    Ok(())
}

#[test]
fn single_precision_is_computed_where_it_is_asked_for() -> Result<()> {
    let model = supports_model()?;
    let exact = LogDensity::new(&model)?.log_density(&POINT)?;
    for execution in executions() {
        let density = Unconstrained::new(&model).dtype(FloatDType::F32).execution(execution).build()?;
        let found = density.log_density(&POINT)?;
        assert!((found - exact).abs() < 2e-5 && found != exact, "{found} against {exact}");
        assert_eq!(f64::from(found as f32), found);
    }
    Ok(())
}

#[model]
fn own_tensor(y: Tensor<1>) {
    let mean = sample!("mean", Normal::new(0.0, 1.0));
    let shift = Tensor::<1>::from_data([0.5f32, 1.5], (&device!(), FloatDType::F32.into()));
    observe!("y", Normal::new(mean + shift, 1.0), y);
}

#[test]
fn a_program_with_tensors_of_single_precision_is_recorded_as_it_is() -> Result<()> {
    let model = own_tensor(Tensor::from_floats([1.0, 2.0], &device()?));
    let density = LogDensity::new(&model)?;
    assert_eq!(density.executed(), Executed::Compiled);
    let expected = -1.5 * std::f64::consts::TAU.ln() - 0.5 * (0.01 + 2.0 * 0.16);
    assert_close(&[density.log_density(&[0.1])?], &[expected], 1e-6);
    // Constants of the recording are rounded to single precision, arithmetic is not: 1e-6 of a difference of 1e-4 is seen.
    let difference = (density.log_density(&[0.1 + 1e-4])? - density.log_density(&[0.1 - 1e-4])?) / 2e-4;
    assert_close(&[difference], &[-0.1 + 0.4 + 0.4], 1e-6);
    Ok(())
}

#[test]
fn what_has_no_density_there_is_refused() -> Result<()> {
    #[model]
    fn discrete() {
        sample!("k", Bernoulli::new(0.5));
    }
    #[model]
    fn nothing(y: Tensor<1>) {
        observe!("y", Normal::new(0.0, 1.0), y);
    }
    let message = |found: Result<usize>| found.map_or_else(|error| error.to_string(), |dim| dim.to_string());
    assert!(message(LogDensity::new(&discrete()).map(|density| density.dim())).contains("site `k`"));
    let nothing = nothing(tests::vector([1.0])?);
    assert!(message(LogDensity::new(&nothing).map(|density| density.dim())).contains("no latent site"));
    for execution in executions() {
        let density = Unconstrained::new(&supports_model()?).execution(execution).build()?;
        let short = density.log_density(&[0.0; 3]).map_or_else(|error| error.to_string(), |value| value.to_string());
        assert!(short.contains('3') && short.contains('5'), "{short}");
        let short = density.hessian(&[0.0; 3]).map_or_else(|error| error.to_string(), |hessian| format!("{hessian:?}"));
        assert_eq!(short, "the point: 3 numbers where 5 are needed (the model has 5 coordinates)");
    }
    Ok(())
}
