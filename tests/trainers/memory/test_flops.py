"""Work is counted by hand."""

from trainers.memory.flops import Load, forward_flops, training_flops


def test_a_whole_model_takes_six_operations_a_parameter_and_token():
    assert training_flops(Load(base=1000), passes=(7.0,), references=0) == 6 * 1000 * 7


def test_a_frozen_model_takes_four_and_its_adapter_six():
    load = Load(base=1000, trained=10)
    assert training_flops(load, passes=(7.0, 3.0), references=0) == (4 * 1000 + 6 * 10) * 10


def test_checkpointing_and_the_reference_each_run_forward_again():
    plain = training_flops(Load(base=1000, trained=10), passes=(7.0, 3.0), references=0)
    again = Load(base=1000, trained=10, checkpointing=True)
    assert training_flops(again, passes=(7.0, 3.0), references=0) == plain + 2 * 1000 * 10
    # One pass is compared, the shortest one.
    assert training_flops(Load(1000, 10), passes=(7.0, 3.0), references=1) == plain + 2 * 1000 * 3


def test_a_pass_over_few_tokens_counts_as_one_over_the_least():
    load = Load(base=1000, least_tokens=5)
    assert training_flops(load, passes=(7.0, 3.0), references=0) == 6 * 1000 * 12
    assert forward_flops(load, num_passes=4, tokens_each=2.0) == 2 * 1000 * 4 * 5
    assert forward_flops(load, num_passes=4, tokens_each=8.0) == 2 * 1000 * 4 * 8
