use std::collections::HashSet;
use std::mem::discriminant;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn faults(seed: u64, length: Duration) -> Vec<Planned> {
    super::faults(seed, length).collect()
}

/// Everything that a seed decides, as text.
fn everything(seed: u64) -> String {
    let connections: Vec<_> = (0..500)
        .map(|one| Connection::new(seed, one, true))
        .collect();
    let both = [Direction::ToServer, Direction::ToClient];
    let steps: Vec<_> = both
        .iter()
        .flat_map(|direction| (0..500).map(|one| Step::new(seed, one % 7, *direction, one)))
        .collect();
    let datagrams: Vec<_> = both
        .iter()
        .flat_map(|direction| (0..500).map(|one| datagram(seed, one, *direction)))
        .collect();
    let lengths: Vec<_> = (0..500)
        .map(|one| (datagram_len(seed, one), input(seed, one)))
        .collect();
    let mut pauses = Pauses::new(seed, 3);
    let pauses: Vec<_> = (0..500).map(|_| pauses.next_pause()).collect();
    let faults = faults(seed, HOUR);
    let end = end_of_input(seed, HOUR);
    format!("{connections:?}{steps:?}{datagrams:?}{lengths:?}{pauses:?}{faults:?}{end:?}")
}

#[test]
fn the_same_seed_repeats_the_same_faults_and_another_does_not() {
    assert_eq!(everything(1), everything(1));
    assert_ne!(everything(1), everything(2));
    assert_ne!(faults(1, HOUR), faults(2, HOUR));
}

// A longer run repeats a shorter one: what a seed showed late can be had with more seconds.
#[test]
fn a_longer_run_begins_as_the_shorter_one() {
    let (short, long) = (faults(5, Duration::from_secs(60)), faults(5, HOUR));
    assert!(!short.is_empty());
    assert_eq!(short[..], long[..short.len()]);
}

#[test]
fn no_fault_of_a_host_reaches_into_a_quiet_time() {
    for planned in faults(9, HOUR) {
        assert!(!is_quiet(planned.at), "{planned:?}");
        assert!(
            until_quiet(planned.at) > planned.lasts + Duration::from_secs(2),
            "{planned:?}"
        );
    }
}

// A run of a hundred years is not planned before it starts.
#[test]
fn a_long_run_is_planned_as_it_goes() {
    let first = super::faults(5, HOUR * 24 * 365 * 100).next();
    assert_eq!(first, faults(5, HOUR).first().copied());
}

// A limit that is restored while another one holds would restore that one's.
#[test]
fn no_two_faults_of_a_kind_overlap() {
    let faults = faults(4, HOUR);
    for (index, one) in faults.iter().enumerate() {
        for other in &faults[index + 1..] {
            let same = discriminant(&one.fault) == discriminant(&other.fault);
            let overlap = one.end() >= other.at && other.end() >= one.at;
            let parties = format!("{:?}{:?}", one.fault, other.fault);
            let differ = parties.contains("Server") && parties.contains("Client");
            assert!(!same || !overlap || differ, "{one:?} {other:?}");
        }
    }
}

#[test]
fn every_kind_of_fault_comes_in_a_minute() {
    for seed in 0..50 {
        let kinds: HashSet<_> = faults(seed, Duration::from_secs(60))
            .into_iter()
            .map(|planned| match planned.fault {
                Fault::Flood { .. } => 0,
                Fault::Descriptors { of, .. } => 1 + of as u8,
                Fault::Stop { of } => 3 + of as u8,
                Fault::Stall => 5,
                Fault::Refuse => 6,
            })
            .collect();
        assert_eq!(kinds.len(), 7, "seed {seed}: {kinds:?}");
    }
}

#[test]
fn every_behaviour_and_fate_comes_in_a_few_hundred_connections() {
    let all: Vec<_> = (0..400).map(|one| Connection::new(3, one, true)).collect();
    let has = |wanted: &dyn Fn(&Connection) -> bool| assert!(all.iter().any(wanted));
    has(&|one| matches!(one.behaviour, Behaviour::ReadsAll));
    has(&|one| matches!(one.behaviour, Behaviour::HalfCloses));
    has(&|one| matches!(one.behaviour, Behaviour::Leaves { .. }));
    has(&|one| matches!(one.behaviour, Behaviour::NeverReads { .. }));
    has(&|one| matches!(one.behaviour, Behaviour::ToNobody));
    has(&|one| matches!(one.behaviour, Behaviour::ToNowhere));
    for direction in [Direction::ToServer, Direction::ToClient] {
        for cut in [Cut::Reset, Cut::HalfClose] {
            has(&|one| matches!(one.fate, Fate::Cut(to, _, how) if to == direction && how == cut));
        }
    }
    let dialled = (0..400).map(|one| Connection::new(3, one, false).behaviour);
    assert!(
        dialled
            .into_iter()
            .all(|one| !matches!(one, Behaviour::ToNobody | Behaviour::ToNowhere))
    );
}

#[test]
fn quiet_times_come_once_per_cycle_and_end() {
    assert!(!is_quiet(Duration::ZERO));
    assert_eq!(until_quiet(Duration::ZERO), Duration::from_secs(2));
    assert_eq!(
        until_loud(Duration::from_secs(3)),
        Some(Duration::from_secs(2))
    );
    assert_eq!(
        until_loud(CYCLE + Duration::from_secs(3)),
        Some(Duration::from_secs(2))
    );
    assert!(!is_quiet(Duration::from_secs(5)));
}
