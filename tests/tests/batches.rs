//! Batches: every row once in an epoch, in an order that the seed decides, and steps that stand for all rows.

use tests::{assert_close, device, executions, numbers, tolerance, vector};
use vi_runtime::prelude::*;

const TOTAL: usize = 23;
const SIZE: usize = 5;

/// The rows of the first epochs, batch after batch.
fn epochs(seed: u64, count: usize) -> Result<Vec<Vec<usize>>> {
    let mut batches = Batches::new(TOTAL, SIZE)?.seed(seed);
    let per_epoch = batches.per_epoch();
    Ok((0..count).map(|_| batches.by_ref().take(per_epoch).flat_map(|batch| batch.indices().to_vec()).collect()).collect())
}

#[test]
fn an_epoch_has_every_row_once() -> Result<()> {
    for mut rows in epochs(3, 4)? {
        rows.sort_unstable();
        assert_eq!(rows, (0..TOTAL).collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn the_last_batch_is_short_and_counts_for_more() -> Result<()> {
    let batches = Batches::new(TOTAL, SIZE)?;
    assert_eq!(batches.per_epoch(), 5);
    let batches: Vec<Batch> = batches.take(10).collect();
    let seen: Vec<(u64, usize)> = batches.iter().map(|batch| (batch.epoch(), batch.len())).collect();
    let epoch = |epoch| [5, 5, 5, 5, 3].map(|len| (epoch, len));
    assert_eq!(seen, [epoch(0), epoch(1)].concat());
    assert_close(&[batches[3].scale(), batches[4].scale()], &[23.0 / 5.0, 23.0 / 3.0], 1e-15);
    Ok(())
}

#[test]
fn the_seed_decides_the_order_and_each_epoch_has_its_own() -> Result<()> {
    let (first, again, other) = (epochs(7, 3)?, epochs(7, 3)?, epochs(8, 3)?);
    assert_eq!(first, again);
    assert!(first.iter().zip(&other).all(|(a, b)| a != b));
    assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
    Ok(())
}

#[test]
fn every_row_comes_at_every_place_equally_often() -> Result<()> {
    // Chi-square of row against place over 4 000 epochs of 6 rows: (6 − 1)² = 25 degrees of freedom, 99.99 % below 60.1.
    let (total, epochs) = (6, 4_000);
    let mut counts = vec![0.0; total * total];
    let mut batches = Batches::new(total, 4)?.seed(2);
    for _ in 0..epochs {
        let places = batches.by_ref().take(2).flat_map(|batch| batch.indices().to_vec());
        places.enumerate().for_each(|(place, row)| counts[place * total + row] += 1.0);
    }
    let expected = epochs as f64 / total as f64;
    let chi_square: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
    assert!(chi_square < 60.1, "{chi_square}: {counts:?}");
    Ok(())
}

#[test]
fn rows_of_several_tensors_stay_together() -> Result<()> {
    let device = device()?;
    let at = Tensor::<1, Int>::arange(0..TOTAL as i64, &device);
    let data = (
        (at.clone().float(), at.clone()),
        vec![at.clone().reshape([TOTAL, 1, 1]).repeat_dim(1, 2).repeat_dim(2, 3).float()],
        at.clone().greater_equal_elem(11),
    );
    for batch in Batches::new(TOTAL, SIZE)?.take(5) {
        let ((float, int), blocks, bool) = batch.rows(&data)?;
        let rows: Vec<f64> = batch.indices().iter().map(|&row| row as f64).collect();
        assert_eq!(numbers(float)?, rows);
        assert_eq!(numbers(int)?, rows);
        assert_eq!(blocks[0].dims(), [batch.len(), 2, 3]);
        assert_eq!(numbers(&blocks[0])?, rows.iter().flat_map(|&row| [row; 6]).collect::<Vec<_>>());
        assert_eq!(numbers(bool)?, rows.iter().map(|&row| f64::from(u8::from(row >= 11.0))).collect::<Vec<_>>());
        assert_eq!(numbers(batch.index(&device))?, rows);
    }
    Ok(())
}

#[test]
fn wrong_numbers_of_rows_are_told() -> Result<()> {
    for (total, size, problem) in [(0, 1, "batches of 1 out of 0 rows"), (4, 0, "batches of 0 out of 4 rows"), (4, 5, "5 out of 4")] {
        let message = Batches::new(total, size).map(|_| ()).map_err(|error| error.to_string());
        assert!(matches!(&message, Err(message) if message.contains(problem)), "{message:?}");
    }
    let batch = Batches::new(4, 2)?.next();
    let found = batch.map(|batch| batch.rows(&(vector([0.0; 4])?, vector([0.0; 3])?)).map(|_| ()));
    let message = found.map(|found| found.map_err(|error| error.to_string()));
    let expected = "the data of a batch: a tensor has 3 rows, the batches are of 4 rows";
    assert!(matches!(&message, Some(Err(message)) if message == expected), "{message:?}");
    Ok(())
}

#[model]
fn level(y: Tensor<1>, total: usize) {
    let mu = sample!("mu", Normal::new(0.0, 10.0));
    plate!("row", total, subsample = y.dims()[0], |_rows| {
        observe!("y", Normal::new(mu, 1.0), y);
    });
}

/// A point: the step's gradient is then that of the log joint.
#[guide(model = level)]
fn point() {
    sample!("mu", Delta::new(param!("at", [0.4])));
}

#[test]
fn an_epoch_of_equal_parts_has_the_mean_gradient_of_the_whole() -> Result<()> {
    // At rate 0 the parameter stays, so that each step's ELBO is the log joint of its batch at 0.4; the batches of 6 rows
    // count 24/6 each, so their mean is that of the whole. With 23 rows the mean weighted by the length is.
    for (total, size) in [(24, 6), (23, 5)] {
        let values: Vec<f64> = (0..total).map(|i| (i as f64 * 1.7).sin()).collect();
        let y = Tensor::<1>::from_floats(values.as_slice(), &device()?);
        for execution in executions() {
            let svi = Svi::new(&level(y.clone(), total), point()).optimizer(Sgd::new(0.0)).execution(execution);
            let mut state = svi.init()?;
            let whole = svi.step(&mut state)?;
            let mut mean = 0.0;
            let batches = Batches::new(total, size)?;
            let per_epoch = batches.per_epoch();
            for batch in batches.take(per_epoch) {
                let model = level(batch.rows(&y)?, batch.total());
                mean += svi.step_with(&mut state, &model, &point())? / batch.scale();
            }
            assert_close(&[mean], &[whole], tolerance(1e-4));
        }
    }
    Ok(())
}

#[test]
fn a_fit_over_batches_finds_the_posterior_of_all_rows() -> Result<()> {
    // Conjugate: precision 23 + 1/100, mean Σy/23.01.
    let values: Vec<f64> = (0..TOTAL).map(|i| 2.0 + (i as f64 * 1.7).sin()).collect();
    let y = Tensor::<1>::from_floats(values.as_slice(), &device()?);
    let precision = TOTAL as f64 + 0.01;
    let mean = values.iter().sum::<f64>() / precision;
    for execution in executions() {
        let rate = Schedule::Cosine { initial: 0.05, last: 1e-4, steps: 4_000 };
        let svi = Svi::new(&level(y.clone(), TOTAL), AutoNormal::new().init(Init::Median)).optimizer(Adam::new(rate)).execution(execution);
        let batches = Batches::new(TOTAL, SIZE)?.take(4_000);
        let fit = svi.run_over(batches, |batch| Ok((level(batch.rows(&y)?, batch.total()), AutoNormal::new().init(Init::Median))))?;
        assert_eq!(fit.history().len(), 4_000);
        assert_close(&numbers(fit.param("auto.mu.loc")?)?, &[mean], 0.1 * precision.powf(-0.5));
        assert_close(&numbers(fit.param("auto.mu.scale")?)?, &[precision.powf(-0.5)], 0.1 * precision.powf(-0.5));
        // The gap of a fit that is off by a tenth of a sd in both is .014; that of one on a batch alone is above 1.
        let n = TOTAL as f64;
        let squares: f64 = values.iter().map(|y| y * y).sum();
        let log_evidence = -0.5 * (n * std::f64::consts::TAU.ln() + (100.0 * precision).ln() + squares - mean * mean * precision);
        let elbo = fit.elbo()?;
        assert!((0.0 - 4.0 * elbo.standard_error..0.03).contains(&elbo.gap(log_evidence)), "{elbo} {log_evidence}");
    }
    Ok(())
}

/// A latent value for each row, in a plate of the rows of the batch alone.
#[model]
fn local(y: Tensor<1>) {
    let rows = y.dims()[0];
    let z = plate!("row", rows, { sample!("z", Normal::new([0.0], 1.0)) });
    plate!("row", rows, { observe!("y", Normal::new(z, 1.0), y) });
}

#[test]
fn an_automatic_guide_of_another_number_of_rows_is_refused_with_a_way_out() -> Result<()> {
    let y = vector([0.0; 5])?;
    for execution in executions() {
        let svi = Svi::new(&local(y.clone()), AutoNormal::new().init(Init::Feasible)).execution(execution);
        let fit = svi.run_over(Batches::new(5, 2)?.take(3), |batch| Ok((local(batch.rows(&y)?), AutoNormal::new().init(Init::Feasible))));
        let Err(error @ Error::GuideShape { .. }) = fit else { panic!("a fit of two of five rows") };
        let message = error.to_string();
        assert!(["`z`", "[5]", "[2]", "`row`", "`subsample`", "by hand"].iter().all(|part| message.contains(part)), "{message}");
    }
    Ok(())
}
