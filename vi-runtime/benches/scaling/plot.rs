//! A line in a frame with logarithmic axes, as SVG.

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 60.0;

/// The range of whole powers of ten around `values`.
struct Decades {
    low: i32,
    high: i32,
}

impl Decades {
    fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min).log10().floor() as i32;
        let high = values.fold(f64::NEG_INFINITY, f64::max).log10().ceil() as i32;
        Decades { low, high: high.max(low + 1) }
    }

    /// Where `value` lies, 0 at the low end and 1 at the high end.
    fn share(&self, value: f64) -> f64 {
        (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low)
    }
}

/// The points joined by a line; every power of ten has a rule and a label.
pub fn log_log(x_label: &str, y_label: &str, points: &[(f64, f64)]) -> String {
    let (xs, ys) = (Decades::around(points.iter().map(|p| p.0)), Decades::around(points.iter().map(|p| p.1)));
    let x_at = |x: f64| LEFT + xs.share(x) * (WIDTH - LEFT - RIGHT);
    let y_at = |y: f64| HEIGHT - BOTTOM - ys.share(y) * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    let mut put = |element: String| {
        svg.push_str(&element);
        svg.push('\n');
    };
    let rule =
        |x1: f64, y1: f64, x2: f64, y2: f64| format!("<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>");
    let power = |exponent: i32| format!("10<tspan dy=\"-5\" font-size=\"10\">{exponent}</tspan>");
    for exponent in xs.low..=xs.high {
        let x = x_at(10_f64.powi(exponent));
        put(rule(x, TOP, x, HEIGHT - BOTTOM));
        put(format!("<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>", HEIGHT - BOTTOM + 20.0, power(exponent)));
    }
    for exponent in ys.low..=ys.high {
        let y = y_at(10_f64.powi(exponent));
        put(rule(LEFT, y, WIDTH - RIGHT, y));
        put(format!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", LEFT - 8.0, y + 4.0, power(exponent)));
    }
    let path: Vec<String> = points.iter().map(|&(x, y)| format!("{:.1},{:.1}", x_at(x), y_at(y))).collect();
    put(format!("<polyline points=\"{}\" fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\"/>", path.join(" ")));
    for &(x, y) in points {
        put(format!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#1f5fa8\"/>", x_at(x), y_at(y)));
    }
    let (middle_x, middle_y) = ((LEFT + WIDTH - RIGHT) / 2.0, (TOP + HEIGHT - BOTTOM) / 2.0);
    put(format!("<text x=\"{middle_x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x_label}</text>", HEIGHT - 15.0));
    put(format!("<text transform=\"translate(22 {middle_y:.1}) rotate(-90)\" text-anchor=\"middle\">{y_label}</text>"));
    svg.push_str("</svg>\n");
    svg
}
