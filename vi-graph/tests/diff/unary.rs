//! Functions of one float.

use vi_graph::ir::Unary;

use crate::check::{assert_close, check, point, slopes, spread};

/// Where an operand may be, away from edges and kinks.
const DOMAINS: [(Unary, (f64, f64)); 45] = [
    (Unary::Neg, (-3.0, 3.0)),
    (Unary::Abs, (-3.0, -0.1)),
    (Unary::Abs, (0.1, 3.0)),
    (Unary::Sign, (0.1, 3.0)),
    (Unary::Exp, (-3.0, 3.0)),
    (Unary::Log, (0.2, 5.0)),
    (Unary::Log1p, (-0.7, 5.0)),
    (Unary::Expm1, (-3.0, 3.0)),
    (Unary::Sqrt, (0.2, 5.0)),
    (Unary::Recip, (0.4, 3.0)),
    (Unary::Recip, (-3.0, -0.4)),
    (Unary::Square, (-3.0, 3.0)),
    (Unary::Sin, (-4.0, 4.0)),
    (Unary::Cos, (-4.0, 4.0)),
    (Unary::Tan, (-1.2, 1.2)),
    (Unary::Sinh, (-3.0, 3.0)),
    (Unary::Cosh, (-3.0, 3.0)),
    (Unary::Tanh, (-3.0, 3.0)),
    (Unary::Asin, (-0.7, 0.7)),
    (Unary::Acos, (-0.7, 0.7)),
    (Unary::Atan, (-3.0, 3.0)),
    (Unary::Asinh, (-3.0, 3.0)),
    (Unary::Acosh, (1.4, 5.0)),
    (Unary::Atanh, (-0.7, 0.7)),
    (Unary::Erf, (-2.0, 2.0)),
    (Unary::Sigmoid, (-5.0, 5.0)),
    (Unary::Softplus, (-5.0, 5.0)),
    (Unary::Lgamma, (0.4, 12.0)),
    (Unary::Digamma, (0.6, 12.0)),
    (Unary::Erfc, (-2.0, 3.0)),
    (Unary::Erfinv, (-0.8, 0.8)),
    (Unary::Ndtr, (-3.0, 3.0)),
    (Unary::LogNdtr, (-9.0, 3.0)),
    (Unary::NdtrRatio, (-9.0, 3.0)),
    (Unary::Ndtri, (0.15, 0.85)),
    (Unary::Log1mexp, (0.2, 4.0)),
    (Unary::I0e, (0.2, 9.0)),
    (Unary::I0e, (-9.0, -0.2)),
    (Unary::I1e, (0.2, 9.0)),
    (Unary::I1e, (-30.0, -0.2)),
    (Unary::LogI0, (-9.0, 9.0)),
    (Unary::LogI0, (15.0, 30.0)),
    (Unary::Floor, (0.1, 0.9)),
    (Unary::Round, (0.6, 1.4)),
    (Unary::Trunc, (1.1, 1.9)),
];

#[test]
fn agree_with_central_differences() {
    for (f, domain) in DOMAINS {
        for shape in [[].as_slice(), &[7], &[2, 3], &[2, 0, 3]] {
            check(&format!("{f:?}"), &[spread(shape, domain, 1)], |graph, x| graph.unary(f, x[0]));
        }
    }
}

/// Slopes far from the middle, to 20 digits: mpmath 1.3, from the closed form of each derivative.
#[allow(clippy::excessive_precision, reason = "the numbers are those that mpmath printed")]
const TAILS: [(Unary, f64, f64); 42] = [
    (Unary::Exp, -700.0, 9.8596765437597708567e-305),
    (Unary::Exp, 700.0, 1.0142320547350045095e+304),
    (Unary::Log, 1e-300, 9.9999999999999997494e+299),
    (Unary::Log, 1e+300, 9.999999999999999475e-301),
    (Unary::Log1p, 1e-20, 0.99999999999999999999),
    (Unary::Log1p, -0.999999999, 1000000028.2819322633),
    (Unary::Log1p, 1e+300, 9.999999999999999475e-301),
    (Unary::Expm1, -40.0, 4.2483542552915889953e-18),
    (Unary::Expm1, -700.0, 9.8596765437597708567e-305),
    (Unary::Expm1, 1e-20, 1.0),
    (Unary::Expm1, 700.0, 1.0142320547350045095e+304),
    (Unary::Sqrt, 1e-300, 4.9999999999999999374e+149),
    (Unary::Sqrt, 1e+300, 4.9999999999999998687e-151),
    (Unary::Recip, 1e-100, -9.9999999999999996002e+199),
    (Unary::Recip, -1e+100, -9.9999999999999996819e-201),
    (Unary::Asin, 0.9999999999, 70710.67519510883043),
    (Unary::Acos, 0.9999999999, -70710.67519510883043),
    (Unary::Atanh, 0.9999999999, 4999999586.5481792344),
    (Unary::Asin, -0.9999999999, 70710.67519510883043),
    (Unary::Atanh, -0.9999999999, 4999999586.5481792344),
    (Unary::Atan, 1e+200, 0.0),
    (Unary::Atan, -100000000.0, 9.999999999999999e-17),
    (Unary::Asinh, -1e+100, 9.999999999999999841e-101),
    (Unary::Asinh, 1e-05, 0.99999999995),
    (Unary::Acosh, 1.0000000001, 70710.675191573296378),
    (Unary::Acosh, 1e+200, 1.0000000000000000303e-200),
    (Unary::Erf, 6.0, 2.6173012392492648292e-16),
    (Unary::Erf, -10.0, 4.1976562313544168901e-44),
    (Unary::Sigmoid, -700.0, 9.8596765437597708567e-305),
    (Unary::Sigmoid, -40.0, 4.2483542552915889592e-18),
    (Unary::Softplus, -700.0, 9.8596765437597708567e-305),
    (Unary::Softplus, -40.0, 4.2483542552915889773e-18),
    (Unary::Softplus, 40.0, 0.99999999999999999575),
    (Unary::Lgamma, 1e-10, -10000000000.5772153),
    (Unary::Lgamma, 10000000000.0, 23.02585092989045684),
    (Unary::Digamma, 1e-10, 99999999999999992715.0),
    (Unary::Digamma, 10000000000.0, 1.00000000005e-10),
    (Unary::Sinh, -20.0, 242582597.70489514002),
    (Unary::Cosh, -20.0, -242582597.70489513795),
    (Unary::Cosh, 20.0, 242582597.70489513795),
    (Unary::Tan, 1.5, 199.85004452649245721),
    (Unary::Tanh, 1e-09, 0.999999999999999999),
];

#[test]
fn tails() {
    for (f, x, expected) in TAILS {
        let found = slopes(&[point(&[1], &[x])], |graph, x| graph.unary(f, x[0]));
        assert_close(&format!("{f:?}'({x})"), &found[0], &[expected], 4e-15);
    }
    // 1 − tanh² has an absolute error of an ulp of 1.
    let found = slopes(&[point(&[1], &[-5.0])], |graph, x| graph.unary(Unary::Tanh, x[0]));
    assert_close("tanh'(-5)", &found[0], &[1.815_832_309_438_066_8e-4], 1e-11);
}
