use std::f64::consts::{LN_2, PI};

use vi_graph::Precision::{F32, F64};
use vi_graph::Type;
use vi_graph::ir::{Binary, Compare, Data, Logic, Ternary, Test, Unary};

use crate::{assert_floats, assert_near, bools, eval, floats, ints, run};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn unary(f: Unary, x: &[f64]) -> Data {
    eval(&[floats(&[x.len()], x)], |g, x| g.unary(f, x[0]))
}

fn binary(f: Binary, x: &[f64], y: &[f64]) -> Data {
    eval(&[floats(&[x.len()], x), floats(&[y.len()], y)], |g, x| g.binary(f, x[0], x[1]))
}

#[test]
fn functions_agree_with_mpmath() {
    let table = [
        (Unary::Exp, -40.0, 4.248_354_255_291_589e-18),
        (Unary::Log, 2.0, LN_2),
        (Unary::Log1p, 1e-12, 9.999_999_999_995e-13),
        (Unary::Expm1, 1e-5, 1.000_005_000_016_666_8e-5),
        (Unary::Sqrt, 2.0, std::f64::consts::SQRT_2),
        (Unary::Recip, -8.0, -0.125),
        (Unary::Square, -1.5, 2.25),
        (Unary::Sin, PI / 6.0, 0.5),
        (Unary::Cos, PI / 3.0, 0.5),
        (Unary::Tan, 0.7, 0.842_288_380_463_079_4),
        (Unary::Sinh, 0.7, 0.758_583_701_839_533_5),
        (Unary::Cosh, 0.7, 1.255_169_005_630_943),
        (Unary::Tanh, 0.7, 0.604_367_777_117_163_5),
        (Unary::Asin, 0.3, 0.304_692_654_015_397_5),
        (Unary::Acos, 0.3, 1.266_103_672_779_499_2),
        (Unary::Atan, 2.0, 1.107_148_717_794_090_4),
        (Unary::Asinh, 0.1, 0.099_834_078_899_207_57),
        (Unary::Acosh, 1.5, 0.962_423_650_119_206_9),
        (Unary::Atanh, 0.5, 0.549_306_144_334_054_8),
        (Unary::Erf, 0.5, 0.520_499_877_813_046_5),
        (Unary::Erf, 2.5, 0.999_593_047_982_555),
        (Unary::Erf, 1e-10, 1.128_379_167_095_512_6e-10),
        (Unary::Sigmoid, -50.0, 1.928_749_847_963_917_8e-22),
        (Unary::Softplus, -40.0, 4.248_354_255_291_589e-18),
        (Unary::Lgamma, 0.3, 1.095_797_994_818_075_6),
        (Unary::Digamma, 0.3, -3.502_524_222_200_133),
        (Unary::Trigamma, 0.3, 12.245_364_546_107_731),
        (Unary::Erfc, 3.0, 2.209_049_699_858_544e-5),
        (Unary::Erfinv, 0.3, 0.272_462_714_726_754_4),
        (Unary::Ndtr, -5.0, 2.866_515_718_791_939e-7),
        (Unary::LogNdtr, -20.0, -203.917_155_371_097_26),
        (Unary::NdtrRatio, -20.0, 20.049_753_068_527_85),
        (Unary::Ndtri, 0.01, -2.326_347_874_040_841),
        (Unary::Log1mexp, 0.3, -1.350_225_612_814_846_7),
        (Unary::I0e, 0.7, 0.559_305_526_507_068_3),
        (Unary::I1e, 0.7, 0.184_669_982_762_747_33),
        (Unary::LogI0, 0.7, 0.118_940_603_910_601_86),
    ];
    for (f, x, expected) in table {
        println!("{f:?}");
        assert_near(&unary(f, &[x]), &[expected], 4e-15);
    }
    assert_near(&binary(Binary::Atan2, &[1.0], &[-2.0]), &[2.677_945_044_588_987], 1e-15);
    assert_near(&binary(Binary::Pow, &[2.0, 4.0], &[0.5, -1.5]), &[std::f64::consts::SQRT_2, 0.125], 1e-15);
    assert_near(&binary(Binary::LogBeta, &[0.5], &[1e6]), &[-6.335_390_211_057_437], 1e-14);
    assert_near(&binary(Binary::DigammaDifference, &[0.5], &[1000.0]), &[-8.871_265_346_670_22], 1e-14);
    assert_near(&binary(Binary::GammaLogDerivative, &[2.0], &[0.5]), &[0.596_925_362_968_873_3], 1e-12);
    assert_near(&binary(Binary::GammaP, &[2.5], &[1.25]), &[0.223_504_928_876_677_3], 1e-14);
    assert_near(&binary(Binary::GammaQ, &[2.5], &[1.25]), &[0.776_495_071_123_322_7], 1e-14);
    assert_near(&binary(Binary::GammaDensity, &[2.5], &[1.25]), &[0.301_203_987_780_302_1], 1e-14);
    assert_near(&binary(Binary::GammaPInShape, &[2.5], &[1.25]), &[-0.222_663_471_544_198_1], 1e-14);
    let ternary =
        |f| eval(&[floats(&[1], &[2.5]), floats(&[1], &[0.75]), floats(&[1], &[0.375])], move |g, x| g.ternary(f, x[0], x[1], x[2]));
    for (f, expected) in [
        (Ternary::BetaInc, 0.058_378_816_360_967_89),
        (Ternary::BetaDensity, 0.404_175_995_683_437_9),
        (Ternary::BetaIncInA, -0.061_713_571_925_657_14),
        (Ternary::BetaIncInB, 0.104_064_211_287_798_7),
    ] {
        assert_near(&ternary(f), &[expected], 1e-14);
    }
}

#[test]
fn tails_and_values_that_are_not_finite() {
    assert_floats(&unary(Unary::Sigmoid, &[-INF, -800.0, 800.0, INF, NAN]), &[0.0, 0.0, 1.0, 1.0, NAN]);
    assert_floats(&unary(Unary::Softplus, &[-INF, 0.0, 800.0, INF, NAN]), &[0.0, LN_2, 800.0, INF, NAN]);
    assert_floats(&unary(Unary::Log1p, &[-1.0, -2.0, INF]), &[-INF, NAN, INF]);
    assert_floats(&unary(Unary::Log, &[0.0, -1.0]), &[-INF, NAN]);
    assert_floats(&unary(Unary::Sign, &[-3.0, 0.0, 0.25, NAN, -INF]), &[-1.0, 0.0, 1.0, NAN, -1.0]);
    assert_floats(&unary(Unary::Erf, &[-INF, 0.0, 7.0]), &[-1.0, 0.0, 1.0]);
    for (f, expected) in [(Binary::Max, [NAN, NAN, INF, 2.0]), (Binary::Min, [NAN, NAN, 1.0, -INF])] {
        assert_floats(&binary(f, &[NAN, 1.0, INF, -INF], &[1.0, NAN, 1.0, 2.0]), &expected);
    }
    assert_floats(&binary(Binary::Xlogy, &[0.0, 0.0, 2.0], &[0.0, NAN, 1.0]), &[0.0, 0.0, 0.0]);
    assert_floats(&binary(Binary::Div, &[1.0, 0.0, -1.0], &[0.0, 0.0, INF]), &[INF, NAN, 0.0]);
}

#[test]
fn rounding_is_half_to_even() {
    let x = [-2.5, -1.5, -0.4, 0.5, 1.5, 2.5, 2.6];
    assert_floats(&unary(Unary::Round, &x), &[-2.0, -2.0, 0.0, 0.0, 2.0, 2.0, 3.0]);
    assert_floats(&unary(Unary::Floor, &x), &[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 2.0]);
    assert_floats(&unary(Unary::Ceil, &x), &[-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 3.0]);
    assert_floats(&unary(Unary::Trunc, &x), &[-2.0, -1.0, 0.0, 0.0, 1.0, 2.0, 2.0]);
}

#[test]
fn the_remainder_has_the_sign_of_the_divisor() {
    let (x, y) = ([5.5, -5.5, 5.5, -5.5, 6.0, -6.0], [2.0, 2.0, -2.0, -2.0, 2.0, -2.0]);
    assert_floats(&binary(Binary::Rem, &x, &y), &[1.5, 0.5, -0.5, -1.5, 0.0, 0.0]);
    let found = eval(&[ints(&[5], &[7, -7, 7, -7, -8]), ints(&[5], &[3, 3, -3, -3, 4])], |g, x| g.binary(Binary::Rem, x[0], x[1]));
    assert_eq!(found, Data::Int(vec![1, 2, -2, -1, 0]));
}

#[test]
fn integers() {
    let binary = |f| eval(&[ints(&[3], &[7, -7, 4]), ints(&[3], &[2, 2, 9])], move |g, x| g.binary(f, x[0], x[1]));
    assert_eq!(binary(Binary::Add), Data::Int(vec![9, -5, 13]));
    assert_eq!(binary(Binary::Sub), Data::Int(vec![5, -9, -5]));
    assert_eq!(binary(Binary::Mul), Data::Int(vec![14, -14, 36]));
    assert_eq!(binary(Binary::Div), Data::Int(vec![3, -3, 0]));
    assert_eq!(binary(Binary::Max), Data::Int(vec![7, 2, 9]));
    assert_eq!(binary(Binary::Min), Data::Int(vec![2, -7, 4]));
    let unary = |f| eval(&[ints(&[3], &[7, -7, 0])], move |g, x| g.unary(f, x[0]));
    assert_eq!(unary(Unary::Neg), Data::Int(vec![-7, 7, 0]));
    assert_eq!(unary(Unary::Abs), Data::Int(vec![7, 7, 0]));
    assert_eq!(unary(Unary::Sign), Data::Int(vec![1, -1, 0]));
}

#[test]
fn comparisons_logic_and_choices() {
    let compare =
        |f| eval(&[floats(&[4], &[1.0, 2.0, 3.0, NAN]), floats(&[4], &[2.0, 2.0, 2.0, NAN])], move |g, x| g.compare(f, x[0], x[1]));
    assert_eq!(compare(Compare::Equal), Data::Bool(vec![false, true, false, false]));
    assert_eq!(compare(Compare::NotEqual), Data::Bool(vec![true, false, true, true]));
    assert_eq!(compare(Compare::Less), Data::Bool(vec![true, false, false, false]));
    assert_eq!(compare(Compare::LessEqual), Data::Bool(vec![true, true, false, false]));
    assert_eq!(compare(Compare::Greater), Data::Bool(vec![false, false, true, false]));
    assert_eq!(compare(Compare::GreaterEqual), Data::Bool(vec![false, true, true, false]));
    let pair = || [bools(&[4], &[false, false, true, true]), bools(&[4], &[false, true, false, true])];
    assert_eq!(eval(&pair(), |g, x| g.logic(Logic::And, x[0], x[1])), Data::Bool(vec![false, false, false, true]));
    assert_eq!(eval(&pair(), |g, x| g.logic(Logic::Or, x[0], x[1])), Data::Bool(vec![false, true, true, true]));
    assert_eq!(eval(&pair(), |g, x| g.logic(Logic::Xor, x[0], x[1])), Data::Bool(vec![false, true, true, false]));
    assert_eq!(eval(&pair(), |g, x| g.not(x[1])), Data::Bool(vec![true, false, true, false]));
    assert_eq!(eval(&[floats(&[3], &[NAN, INF, 1.0])], |g, x| g.test(Test::IsNan, x[0])), Data::Bool(vec![true, false, false]));
    assert_eq!(eval(&[floats(&[3], &[NAN, -INF, 1.0])], |g, x| g.test(Test::IsInfinite, x[0])), Data::Bool(vec![false, true, false]));
    let chosen =
        eval(&[bools(&[2], &[true, false]), floats(&[2], &[1.0, NAN]), floats(&[2], &[NAN, 4.0])], |g, x| g.select(x[0], x[1], x[2]));
    assert_floats(&chosen, &[1.0, 4.0]);
}

#[test]
fn casts_truncate_and_saturate() {
    let int = eval(&[floats(&[6], &[2.9, -2.9, NAN, INF, -1e30, -0.5])], |g, x| g.cast(x[0], Type::Int));
    assert_eq!(int, Data::Int(vec![2, -2, 0, i64::MAX, i64::MIN, 0]));
    assert_eq!(eval(&[floats(&[3], &[0.0, -0.5, NAN])], |g, x| g.cast(x[0], Type::Bool)), Data::Bool(vec![false, true, true]));
    assert_floats(&eval(&[bools(&[2], &[false, true])], |g, x| g.cast(x[0], Type::Float)), &[0.0, 1.0]);
    assert_eq!(eval(&[bools(&[2], &[false, true])], |g, x| g.cast(x[0], Type::Int)), Data::Int(vec![0, 1]));
    assert_eq!(eval(&[ints(&[2], &[0, -3])], |g, x| g.cast(x[0], Type::Bool)), Data::Bool(vec![false, true]));
    // 2^60 + 2^36 + 1 is nearest to 2^60 + 2^37; by way of f64 it would be a tie and go to 2^60.
    let large = (1i64 << 60) + (1 << 36) + 1;
    let found = run(F32, &[ints(&[1], &[large])], |g, x| g.cast(x[0], Type::Float)).unwrap();
    assert_floats(&found, &[((1i64 << 60) + (1 << 37)) as f64]);
}

#[test]
fn single_precision_rounds_inputs_constants_and_every_result() {
    // 2^24 + 1 is no f32, so that neither the input nor the sum keeps the 1.
    let big = 16_777_216.0;
    let found = |precision| run(precision, &[floats(&[2], &[big + 1.0, big])], |g, x| g.add_scalar(x[0], 1.0)).unwrap();
    assert_floats(&found(F32), &[big, big]);
    assert_floats(&found(F64), &[big + 2.0, big + 1.0]);
    let tenth = run(F32, &[], |g, _| g.full(0.1, [])).unwrap();
    assert_floats(&tenth, &[f64::from(0.1f32)]);
    let overflow = run(F32, &[floats(&[2], &[89.0, -104.0])], |g, x| g.unary(Unary::Exp, x[0])).unwrap();
    assert_floats(&overflow, &[INF, 0.0]);
}
