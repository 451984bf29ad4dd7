#![allow(clippy::unwrap_used, reason = "a failure of a test is a panic")]

use burn::tensor::{Tensor, TensorData};

use super::*;
use crate::Key;

fn tensor(values: &[f64]) -> AnyTensor {
    Tensor::<1>::from_data(TensorData::new(values.to_vec(), [values.len()]), &crate::device::default()).into()
}

#[test]
fn a_hypergeometric_table_covers_the_support_with_its_masses() {
    let table = HypergeometricTable::new([20.0, 15.0, 12.0]).unwrap();
    assert_eq!((table.lowest, table.cumulative.len()), (7.0, 6));
    // C(15, x) C(5, 12 − x)/C(20, 12)
    let exact = [6435.0, 32175.0, 50050.0, 30030.0, 6825.0, 455.0].map(|ways: f64| ways / 125_970.0);
    let total = table.cumulative[5];
    let mut sum = 0.0;
    for (found, mass) in table.cumulative.iter().zip(exact) {
        sum += mass;
        assert!((found / total - sum).abs() < 1e-14, "{found} of {total}, {sum}");
    }
}

#[test]
fn extreme_populations_have_small_tables() {
    let table = HypergeometricTable::new([LARGEST_COUNT, 1e15, 1e3]).unwrap();
    assert!(table.lowest >= 0.0 && table.cumulative.len() < 1001);
    let certain = HypergeometricTable::new([1e15, 1e15, 77.0]).unwrap();
    assert_eq!((certain.lowest, certain.cumulative.len()), (77.0, 1));
}

#[test]
fn parameters_that_are_no_counts_are_refused_with_their_value() {
    let rng = &mut Key::new(1).stream();
    for (parameters, bad) in
        [([10.0, 11.0, 3.0], "11"), ([10.0, 3.0, 10.5], "10.5"), ([f64::NAN, 3.0, 1.0], "NaN"), ([-1.0, 0.0, 0.0], "-1")]
    {
        let error = counts(rng, Counts::Hypergeometric, &parameters.map(|x| tensor(&[x]))).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("Hypergeometric") && error.contains(bad), "{error}");
    }
    let zipf = counts(rng, Counts::Zipf, &[tensor(&[2.0, 1.0])]).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(zipf.contains("above 1, but is 1"), "{zipf}");
    assert!(counts(rng, Counts::Multinomial, &[tensor(&[5.0]), tensor(&[0.0, 0.0])]).is_err());
    assert!(counts(rng, Counts::Multinomial, &[tensor(&[5.0, 5.0]), tensor(&[0.2, 0.4, 0.4])]).is_err());
    assert!(counts(rng, Counts::Hypergeometric, &[tensor(&[5.0])]).is_err());
}

#[test]
fn a_multinomial_gives_everything_to_the_only_outcome() {
    let drawn = counts(&mut Key::new(2).stream(), Counts::Multinomial, &[tensor(&[7.0]), tensor(&[0.0, 1.0, 0.0])]).unwrap();
    assert_eq!(drawn.to_f64().unwrap(), [0.0, 7.0, 0.0]);
}
