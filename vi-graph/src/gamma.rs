//! Gamma draws on the logarithmic scale, and their implicit derivative.

mod derivative;
mod expansion;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, OpenClosed01, StandardNormal};

pub use derivative::gamma_log_derivative;
pub(crate) use derivative::series as series_of_derivative;

/// Below, a draw is made at the concentration above by 1.
const BOOSTED: f64 = 1.0371;

/// One draw of `ln g`, NaN for an invalid `a`.
///
/// Marsaglia and Tsang 2000 (ACM TOMS 26): `g = d (1 + c z)³` with `d = a − 1/3`, `c = 1/√(9d)`, accepted with probability
/// above 0.95. Below 1, `ln g(a) = ln g(a + 1) + (ln u)/a` (their section 6), which stays finite where `g` underflows; the
/// identity holds for every `a`, and it is used a little beyond 1, where concentrations start and a last place more or less
/// would choose another draw.
pub fn log_gamma_draw(rng: &mut ChaCha8Rng, a: f64) -> f64 {
    if !(a > 0.0 && a.is_finite()) {
        return f64::NAN;
    }
    if a < BOOSTED {
        let u: f64 = OpenClosed01.sample(rng);
        return log_gamma_draw(rng, a + 1.0) + u.ln() / a;
    }
    let d = a - 1.0 / 3.0;
    let c = (9.0 * d).sqrt().recip();
    loop {
        let z: f64 = StandardNormal.sample(rng);
        let root = 1.0 + c * z;
        if root <= 0.0 {
            continue;
        }
        let u: f64 = OpenClosed01.sample(rng);
        // ln v = 3 ln(1 + cz); d (1 − v + ln v) cancels for large d, so it is summed from small parts.
        let cz = c * z;
        let ln_root = cz.ln_1p();
        let v_minus_1 = cz * (3.0 + cz * (3.0 + cz));
        if u.ln() < 0.5 * z * z + d * (3.0 * ln_root - v_minus_1) {
            return d.ln() + 3.0 * ln_root;
        }
    }
}
