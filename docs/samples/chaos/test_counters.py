from counters import Counters

from harness.faults import FILE_CALLS, each_failure


def test_no_fault_costs_a_count(tmp_path):
    path = tmp_path / "counters.json"
    path.write_text('{"visits": 5}')

    def body(faults):
        Counters(path).count("visits")

    def five_or_six():
        found = Counters(path).read().get("visits", 0)
        path.write_text('{"visits": 5}')
        assert found in (5, 6), f"after 5 visits and one more the file says {found}"

    sweep = each_failure(body, calls=FILE_CALLS, check=five_or_six, lasting=True)
    assert sweep, str(sweep)
