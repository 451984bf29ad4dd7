use vi_graph::gamma::log_gamma_draw;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, NoiseKind, Op, Role, Stream, Type};
use vi_graph::{Error, Graph, Key, Precision};

fn stream() -> Stream {
    Stream { site: "tau".into(), call: 2 }
}

fn gamma(shape: &[usize], lanes: Option<usize>) -> Graph {
    let mut g = Graph::new(Precision::F64);
    let a = g.input("a", Role::Parameter, shape, Type::Float);
    let draw = g.push(Op::LogGamma { stream: stream(), lanes }, [a], shape, Type::Float);
    g.outputs = vec![draw];
    g
}

#[test]
fn gamma_draws_follow_the_stream_of_the_site_element_by_element() {
    let (a, key) = ([0.3, 2.0, 7.5, 1.0], Key::new(11).fold_in(5));
    let found = interpret(&gamma(&[2, 2], None), &[Data::Float(a.to_vec())], key).unwrap();
    let mut rng = key.site("tau").fold_in(2).stream();
    assert_eq!(found, [Data::Float(a.map(|a| log_gamma_draw(&mut rng, a)).to_vec())]);
}

#[test]
fn each_particle_has_its_own_lane() {
    let (a, key) = ([0.3, 2.0], Key::new(11));
    let found = interpret(&gamma(&[3, 2], Some(3)), &[Data::Float(a.repeat(3))], key).unwrap();
    let alone = |lane: u32| match interpret(&gamma(&[2], None), &[Data::Float(a.to_vec())], key.lane(lane)).unwrap().remove(0) {
        Data::Float(x) => x,
        other => panic!("{other:?}"),
    };
    assert_eq!(found, [Data::Float([alone(0), alone(1), alone(2)].concat())]);
    assert_ne!(alone(0), alone(1));
}

#[test]
fn noise_comes_from_the_caller() {
    let mut g = Graph::new(Precision::F64);
    let z = g.input("z", Role::Noise(stream(), NoiseKind::Normal), [2], Type::Float);
    let twice = g.mul_scalar(z, 2.0);
    g.outputs = vec![twice, z];
    let found = interpret(&g, &[Data::Float(vec![0.5, -1.0])], Key::new(0)).unwrap();
    assert_eq!(found, [Data::Float(vec![1.0, -2.0]), Data::Float(vec![0.5, -1.0])]);
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let g = gamma(&[2, 2], None);
    let refused = |inputs: &[Data]| interpret(&g, inputs, Key::new(0)).unwrap_err();
    assert_eq!(refused(&[]).to_string(), "input list: expected 1 inputs, got 0 inputs");
    let ints = refused(&[Data::Int(vec![1; 4])]);
    assert!(matches!(&ints, Error::Input { input, .. } if input == "a"), "{ints}");
    assert_eq!(
        refused(&[Data::Float(vec![1.0; 3])]).to_string(),
        "input a: expected 4 elements of type Float, got 3 elements of type Float"
    );
}
